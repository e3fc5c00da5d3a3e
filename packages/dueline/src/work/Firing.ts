/** The part of the role that decides which fires schedules: one process at a time. */
import { occurrenceCallId } from "@dueline/identity/derivedId"
import { makeFirer, runLed } from "@dueline/orchestration/schedules/ScheduleFirer"
import { Effect, Layer } from "effect"
import { Cluster } from "../Cluster.ts"

const options = { callIdOf: occurrenceCallId, zoneData: process.versions.tz ?? "unknown" }

/** `shared`: other processes may have the role too, and one of them at a time does it. */
export const layer = (shared: boolean) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const { id } = yield* Cluster
      const run = shared ? yield* runLed({ ...options, holder: id }) : (yield* makeFirer(options)).run(() => true)
      yield* Effect.forkScoped(run)
    })
  )
