/** The due loop on the timer in memory, with an Orchestrator and places that do as they are told. */
import type { Intent } from "@dueline/contracts/Intent"
import { Intents } from "@dueline/contracts/Intents"
import { type Alarm, Timer } from "@dueline/contracts/ports/Timer"
import { Effect, Layer } from "effect"
import { dueLoop, type DueLoopOptions } from "../src/DueLoop.ts"
import * as MemoryTimer from "../src/MemoryTimer.ts"
import { type FreePlaces, WorkerCapacity } from "../src/WorkerCapacity.ts"
import type { Scripted } from "./Scripted.ts"

interface Running {
  readonly arm: (...alarms: ReadonlyArray<Alarm>) => Effect.Effect<void>
  readonly publish: (...intents: ReadonlyArray<Intent>) => void
}

export const running = <A, E>(
  script: Scripted,
  places: FreePlaces,
  body: (loop: Running) => Effect.Effect<A, E>,
  { leadMs = 0, ...options }: Partial<DueLoopOptions & MemoryTimer.MemoryTimerOptions> = {}
) =>
  Effect.gen(function* () {
    const timer = yield* Timer
    const { publish } = yield* Intents
    yield* Effect.forkChild(dueLoop({ batchLimit: 64, ...options }), { startImmediately: true })
    return yield* body({ arm: (...alarms) => timer.arm(alarms), publish: (...intents) => publish(intents) })
  }).pipe(
    Effect.provide(Layer.mergeAll(MemoryTimer.layer({ leadMs }), WorkerCapacity.layer(places), script.layer, Intents.layer))
  )
