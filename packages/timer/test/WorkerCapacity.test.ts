/** Places for running calls: never more out than there are, and one that has become free is told of. */
import { assert, describe, it } from "@effect/vitest"
import { WorkerId } from "@dueline/contracts/Ids"
import { propertyRuns } from "@dueline/port-contracts/propertyRuns"
import { Effect, Schema } from "effect"
import { type FreePlaces, makeWorkerCapacity, type WorkerCapacity } from "../src/WorkerCapacity.ts"
import { Floor, worker } from "./Scripted.ts"

const [a, b, c] = [WorkerId.make("a"), WorkerId.make("b"), WorkerId.make("c")] as const

/** Several executors; those that are gone are not shown. */
class Hall implements FreePlaces {
  readonly free: Map<WorkerId, number>
  private readonly listeners: Array<() => void> = []

  constructor(...free: ReadonlyArray<readonly [WorkerId, number]>) {
    this.free = new Map(free)
  }

  readonly each: FreePlaces["each"] = (see) => this.free.forEach((free, worker) => see(worker, free))
  readonly onFree = (listener: () => void): void => {
    this.listeners.push(listener)
  }

  change(worker: WorkerId, by: number): void {
    this.free.set(worker, (this.free.get(worker) ?? 0) + by)
    if (by > 0) for (const listener of this.listeners) listener()
  }
}

/** Somebody who wants places, and takes some as soon as there are any. */
class Taker {
  readonly #capacity: WorkerCapacity["Service"]
  #wanted = 0
  taken: ReadonlyArray<WorkerId> = []

  constructor(capacity: WorkerCapacity["Service"]) {
    this.#capacity = capacity
    capacity.onFree(() => this.#look())
  }

  get isWaiting(): boolean {
    return this.#wanted > 0
  }

  want(limit: number): void {
    this.#wanted = limit
    this.taken = []
    this.#look()
  }

  #look(): void {
    if (this.#wanted === 0) return
    this.taken = this.#capacity.take(this.#wanted)
    if (this.taken.length > 0) this.#wanted = 0
  }
}

describe("places of workers", () => {
  it("are given as far as they are free, up to what is asked, and count as taken until the answer", () => {
    const floor = new Floor(3)
    const capacity = makeWorkerCapacity(floor)
    assert.deepStrictEqual([capacity.take(2), capacity.take(2), capacity.take(2)], [[worker, worker], [worker], []])
    for (let n = 0; n < 3; n += 1) capacity.release(worker)
    floor.running = 1
    assert.lengthOf(capacity.take(9), 2)
  })

  it("are taken from the worker that has most left", () => {
    const capacity = makeWorkerCapacity(new Hall([a, 1], [b, 4], [c, 2]))
    assert.deepStrictEqual(capacity.take(5), [b, b, b, c, a])
    assert.deepStrictEqual(capacity.take(5), [b, c])
  })

  it("are not those of a worker that is gone, but those of one that has come", () => {
    const hall = new Hall([a, 2])
    const capacity = makeWorkerCapacity(hall)
    const taker = new Taker(capacity)
    capacity.take(1)
    hall.free.delete(a)
    taker.want(5)
    capacity.release(a)
    assert.isTrue(taker.isWaiting)
    hall.change(b, 1)
    assert.deepStrictEqual(taker.taken, [b])
  })

  it("come back with the first attempt that ends", () => {
    const floor = new Floor(1)
    floor.running = 1
    const taker = new Taker(makeWorkerCapacity(floor))
    taker.want(5)
    assert.isTrue(taker.isWaiting)
    floor.done()
    assert.lengthOf(taker.taken, 1)
  })

  it("come back when they were asked for and not used", () => {
    const capacity = makeWorkerCapacity(new Floor(1))
    const taker = new Taker(capacity)
    capacity.take(1)
    taker.want(5)
    assert.isTrue(taker.isWaiting)
    capacity.release(worker)
    assert.lengthOf(taker.taken, 1)
  })

  const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))
  const Worker = Schema.Literals([a, b, c])
  const Moves = Schema.Array(
    Schema.Union([
      Schema.TaggedStruct("Take", { limit: between(1, 4) }),
      /** The writer has answered for a place of this worker, and the attempt has started or not. */
      Schema.TaggedStruct("Answer", { worker: Worker, started: Schema.Boolean }),
      Schema.TaggedStruct("Done", { worker: Worker })
    ])
  )

  it.effect.prop(
    "are never more out than there are, and nobody who wants one waits beside one that is free",
    { capacities: Schema.Tuple([between(0, 3), between(0, 3), between(0, 3)]), moves: Moves },
    ({ capacities, moves }) =>
      Effect.sync(() => {
        const workers = [a, b, c]
        const hall = new Hall(...workers.map((worker, n) => [worker, capacities[n] ?? 0] as const))
        const capacity = makeWorkerCapacity(hall)
        const asking = new Map(workers.map((worker) => [worker, 0]))
        const running = new Map(workers.map((worker) => [worker, 0]))
        const change = (counts: Map<WorkerId, number>, worker: WorkerId, by: number) =>
          counts.set(worker, (counts.get(worker) ?? 0) + by)
        const left = (worker: WorkerId) => (hall.free.get(worker) ?? 0) - (asking.get(worker) ?? 0)
        const taker = new Taker(capacity)
        for (const move of moves) {
          if (move._tag === "Take" && !taker.isWaiting) taker.want(move.limit)
          else if (move._tag === "Done" && (running.get(move.worker) ?? 0) > 0) {
            change(running, move.worker, -1)
            hall.change(move.worker, 1)
          } else if (move._tag === "Answer" && (asking.get(move.worker) ?? 0) > 0) {
            if (move.started) {
              change(running, move.worker, 1)
              hall.change(move.worker, -1)
            }
            change(asking, move.worker, -1)
            capacity.release(move.worker)
          }
          for (const worker of taker.taken) change(asking, worker, 1)
          taker.taken = []
          for (const worker of workers) assert.isAtLeast(left(worker), 0)
          assert.isTrue(
            !taker.isWaiting || workers.every((worker) => left(worker) === 0),
            "somebody waits though there is a place"
          )
        }
      }),
    { arbitrary: { ...propertyRuns, size: 60 } }
  )
})
