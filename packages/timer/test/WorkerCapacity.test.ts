/** Places for running calls: never more out than there are, and nobody sleeps through a free one. */
import { assert, describe, it } from "@effect/vitest"
import { WorkerId } from "@dueline/contracts/Ids"
import { propertyRuns } from "@dueline/port-contracts/propertyRuns"
import { Effect, Fiber, Schema } from "effect"
import { TestClock } from "effect/testing"
import { type FreePlaces, makeWorkerCapacity } from "../src/DueLoop.ts"
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

describe("Slots", () => {
  it.effect("gives what is free, up to what is asked, and counts it as taken until the answer", () =>
    Effect.gen(function* () {
      const floor = new Floor(3)
      const slots = makeWorkerCapacity(floor)
      assert.deepStrictEqual([yield* slots.acquire(2), yield* slots.acquire(2)], [[worker, worker], [worker]])
      for (let n = 0; n < 3; n += 1) slots.release(worker)
      floor.running = 1
      assert.lengthOf(yield* slots.acquire(9), 2)
    })
  )

  it.effect("takes each place from the worker that has most left", () =>
    Effect.gen(function* () {
      const slots = makeWorkerCapacity(new Hall([a, 1], [b, 4], [c, 2]))
      assert.deepStrictEqual(yield* slots.acquire(5), [b, b, b, c, a])
      assert.deepStrictEqual(yield* slots.acquire(5), [b, c])
    })
  )

  it.effect("gives no place of a worker that is gone, and those of one that has come", () =>
    Effect.gen(function* () {
      const hall = new Hall([a, 2])
      const slots = makeWorkerCapacity(hall)
      yield* slots.acquire(1)
      hall.free.delete(a)
      const taker = yield* Effect.forkChild(slots.acquire(5), { startImmediately: true })
      slots.release(a)
      yield* TestClock.adjust("1 day")
      assert.isUndefined(taker.pollUnsafe())
      hall.change(b, 1)
      assert.deepStrictEqual(yield* Fiber.join(taker), [b])
    })
  )

  it.effect("lets the taker wait for the first attempt that ends, however long that takes", () =>
    Effect.gen(function* () {
      const floor = new Floor(1)
      const slots = makeWorkerCapacity(floor)
      floor.running = 1
      const taker = yield* Effect.forkChild(slots.acquire(5))
      yield* TestClock.adjust("1 day")
      assert.isUndefined(taker.pollUnsafe())
      floor.done()
      assert.lengthOf(yield* Fiber.join(taker), 1)
    })
  )

  it.effect("lets the taker wait for a place that was asked for and not used", () =>
    Effect.gen(function* () {
      const slots = makeWorkerCapacity(new Floor(1))
      yield* slots.acquire(1)
      const taker = yield* Effect.forkChild(slots.acquire(5), { startImmediately: true })
      slots.release(worker)
      assert.lengthOf(yield* Fiber.join(taker), 1)
    })
  )

  it.effect("a taker that gave up holds nothing, and the next one is not forgotten", () =>
    Effect.gen(function* () {
      const slots = makeWorkerCapacity(new Floor(1))
      yield* slots.acquire(1)
      const gaveUp = yield* Effect.forkChild(slots.acquire(1), { startImmediately: true })
      yield* Fiber.interrupt(gaveUp)
      const next = yield* Effect.forkChild(slots.acquire(1), { startImmediately: true })
      slots.release(worker)
      assert.lengthOf(yield* Fiber.join(next), 1)
    })
  )

  const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))
  const Worker = Schema.Literals([a, b, c])
  const Moves = Schema.Array(
    Schema.Union([
      Schema.TaggedStruct("Acquire", { limit: between(1, 4) }),
      /** The writer has answered for a place of this worker, and the attempt has started or not. */
      Schema.TaggedStruct("Answer", { worker: Worker, started: Schema.Boolean }),
      Schema.TaggedStruct("Done", { worker: Worker })
    ])
  )

  it.effect.prop(
    "never has more of a worker's places out than there are, and never keeps a taker waiting beside a free one",
    { capacities: Schema.Tuple([between(0, 3), between(0, 3), between(0, 3)]), moves: Moves },
    ({ capacities, moves }) =>
      Effect.gen(function* () {
        const workers = [a, b, c]
        const hall = new Hall(...workers.map((worker, n) => [worker, capacities[n] ?? 0] as const))
        const slots = makeWorkerCapacity(hall)
        const asking = new Map(workers.map((worker) => [worker, 0]))
        const running = new Map(workers.map((worker) => [worker, 0]))
        const change = (counts: Map<WorkerId, number>, worker: WorkerId, by: number) =>
          counts.set(worker, (counts.get(worker) ?? 0) + by)
        const left = (worker: WorkerId) => (hall.free.get(worker) ?? 0) - (asking.get(worker) ?? 0)
        let taker: Fiber.Fiber<ReadonlyArray<WorkerId>> | null = null
        for (const move of moves) {
          if (move._tag === "Acquire")
            taker ??= yield* Effect.forkChild(slots.acquire(move.limit), { startImmediately: true })
          else if (move._tag === "Done" && (running.get(move.worker) ?? 0) > 0) {
            change(running, move.worker, -1)
            hall.change(move.worker, 1)
          } else if (move._tag === "Answer" && (asking.get(move.worker) ?? 0) > 0) {
            if (move.started) {
              change(running, move.worker, 1)
              hall.change(move.worker, -1)
            }
            change(asking, move.worker, -1)
            slots.release(move.worker)
          }
          yield* TestClock.adjust(0)
          if (taker?.pollUnsafe() !== undefined) {
            for (const worker of yield* Fiber.join(taker)) change(asking, worker, 1)
            taker = null
          }
          for (const worker of workers) assert.isAtLeast(left(worker), 0)
          assert.isTrue(
            taker === null || workers.every((worker) => left(worker) === 0),
            "somebody waits though there is a place"
          )
        }
      }),
    { arbitrary: { ...propertyRuns, size: 60 } }
  )
})
