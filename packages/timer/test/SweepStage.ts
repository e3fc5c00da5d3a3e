/** A sweep on a memory store: what is in the table, what was armed, what was asked. */
import { MemoryStore, layerMemory } from "@dueline/port-contracts/memory/MemoryStore"
import { Backlog } from "@dueline/contracts/ports/Backlog"
import { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { type Alarm, Timer } from "@dueline/contracts/ports/Timer"
import * as Sample from "@dueline/port-contracts/Sample"
import { Effect, Layer } from "effect"
import { defaultSweepOptions, type SweepOptions } from "../src/Sweep.ts"
import { recorded, Scripted, worker } from "./Scripted.ts"

export const options: SweepOptions = {
  ...defaultSweepOptions,
  worker,
  sole: false,
  horizonMs: 1_000,
  overdueMs: 300,
  pageLimit: 3,
  overduePages: 2
}

export class Stage {
  readonly armed: Array<Alarm> = []
  readonly script: Scripted
  /** Asking the backlog fails this many times. */
  faults = 0
  /** Pages of the backlog that were read. */
  pages = 0

  constructor(script = new Scripted(recorded)) {
    this.script = script
  }

  private readonly backlog = Layer.effect(
    Backlog,
    Effect.map(MemoryStore, ({ backlog }) => ({
      ...backlog,
      upcoming: (of) =>
        Effect.suspend(() => {
          this.pages += 1
          if (this.faults <= 0) return backlog.upcoming(of)
          this.faults -= 1
          return Effect.fail(new StoreUnavailable({ operation: "upcoming", cause: "injected" }))
        })
    }))
  )
  private readonly timer = Layer.succeed(Timer, {
    arm: (alarms) => Effect.sync(() => void this.armed.push(...alarms)),
    take: () => Effect.never
  })
  get layer() {
    const store = layerMemory()
    return Layer.mergeAll(this.backlog, this.timer, this.script.layer).pipe(Layer.provideMerge(store))
  }

  /** Due times of what was armed since it was asked last. */
  heard(): ReadonlyArray<number> {
    return this.armed
      .splice(0)
      .map(({ dueAt }) => dueAt)
      .sort((a, b) => a - b)
  }
}

export const scheduled = Effect.fnUntraced(function* (...times: ReadonlyArray<number>) {
  const { persistence } = yield* MemoryStore
  yield* persistence.commit(times.map((dueAt) => Sample.commit(Sample.target(), { row: Sample.due(dueAt) })))
})
export const runningUnder = Effect.fnUntraced(function* (holder: typeof worker, leaseUntil: number, epoch = 1) {
  const call = Sample.target()
  yield* (yield* MemoryStore).persistence.commit([
    Sample.commit(call, { row: Sample.running(holder, epoch, leaseUntil) })
  ])
  return call
})
export const end = Effect.fnUntraced(function* (call: Sample.Target, expectedVersion = 1) {
  const row = { status: "Failed", wakeAt: null, worker: null, leaseUntil: null } as const
  yield* (yield* MemoryStore).persistence.commit([Sample.commit(call, { expectedVersion, row })])
})
