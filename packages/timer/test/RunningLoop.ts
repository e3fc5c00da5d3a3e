/** The due loop on the timer in memory, with an Orchestrator and places that do as they are told. */
import type { AskDirectStart } from "@dueline/contracts/CommitCompanions"
import type { Intent } from "@dueline/contracts/Intent"
import { type Alarm, Timer } from "@dueline/contracts/ports/Timer"
import { Effect, Layer } from "effect"
import { type DueLoopOptions, makeDueLoop } from "../src/DueLoop.ts"
import { type FreePlaces, WorkerCapacity } from "../src/WorkerCapacity.ts"
import * as MemoryTimer from "../src/MemoryTimer.ts"
import type { Scripted } from "./Scripted.ts"

interface Running {
  readonly arm: (...alarms: ReadonlyArray<Alarm>) => Effect.Effect<void>
  readonly publish: (...intents: ReadonlyArray<Intent>) => void
  readonly direct: AskDirectStart
}

export const running = <A, E>(
  script: Scripted,
  places: FreePlaces,
  body: (loop: Running) => Effect.Effect<A, E>,
  { leadMs = 0, ...options }: Partial<DueLoopOptions & MemoryTimer.MemoryTimerOptions> = {}
) =>
  Effect.gen(function* () {
    const timer = yield* Timer
    const { count, direct, run } = yield* makeDueLoop({ batchLimit: 64, ...options })
    yield* Effect.forkChild(run, { startImmediately: true })
    const publish = (...intents: ReadonlyArray<Intent>) =>
      count(
        intents.filter((intent) => intent._tag === "ExecutionRequested"),
        intents.filter((intent) => intent._tag === "AttemptEnded")
      )
    return yield* body({ arm: (...alarms) => timer.arm(alarms), direct, publish })
  }).pipe(Effect.provide(Layer.mergeAll(MemoryTimer.layer({ leadMs }), WorkerCapacity.layer(places), script.layer)))
