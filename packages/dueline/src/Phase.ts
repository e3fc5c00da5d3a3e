/** Which part of its life the program is in, and what it depends on: the source of every health answer. */
import { HealthChecks } from "@dueline/contracts/ports/HealthChecks"
import { Database } from "@dueline/postgres/Database"
import { Clock, Context, Effect, Exit, Layer } from "effect"

export type Phase = "starting" | "serving" | "draining"

export const version = "0.1.0"

export class CurrentPhase extends Context.Service<
  CurrentPhase,
  { readonly get: () => Phase; readonly set: (phase: Phase) => void }
>()("@dueline/dueline/CurrentPhase") {
  static readonly layer = Layer.sync(CurrentPhase, () => {
    let phase: Phase = "starting"
    return CurrentPhase.of({ get: () => phase, set: (next) => (phase = next) })
  })
}

/** A check that takes longer than this counts as failed. */
const checkTimeout = "2 seconds"

export const layerHealth = Layer.effect(
  HealthChecks,
  Effect.gen(function* () {
    const { edge } = yield* Database
    const phase = yield* CurrentPhase
    const startedAt = yield* Clock.currentTimeMillis
    const database = Effect.gen(function* () {
      const from = yield* Clock.currentTimeNanos
      const exit = yield* Effect.exit(Effect.timeout(edge`select 1`, checkTimeout))
      const durationMs = Number((yield* Clock.currentTimeNanos) - from) / 1e6
      return { name: "database", needed: true, up: Exit.isSuccess(exit), durationMs }
    })
    return HealthChecks.of({
      version,
      startedAt,
      phase: Effect.sync(phase.get),
      dependencies: Effect.map(database, (check) => [check])
    })
  })
)
