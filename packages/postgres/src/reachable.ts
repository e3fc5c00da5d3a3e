/** Patience with a server that is not there yet, or not at the moment, when the program starts. */
import { backoff } from "@dueline/contracts/backoff"
import { Effect, Result } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { DatabaseAway, DatabaseRefused, type Trouble, troubleWith } from "./DatabaseTrouble.ts"

/** Between two attempts at a server, and two looks at a schema that another program brings up. */
export const startBackoff = { initialMs: 500, maxMs: 10_000 }

const isSqlError = (error: unknown): error is SqlError =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "SqlError"

/** Null for a failure that is the asker's own affair. */
const troubleOf = (error: unknown): Trouble | null => {
  if (error instanceof DatabaseAway) return { _tag: "away", why: error.why }
  return isSqlError(error) ? troubleWith(error) : null
}

/**
 * Asks until there is an answer, without end, saying so each time. A server that refuses is not asked again, and a statement that it calls
 * wrong is a defect. `effect` may be asked many times. `place` is all that is told of the URL.
 */
export const reachable = <A, E, R>(
  place: string,
  effect: Effect.Effect<A, E | SqlError | DatabaseAway, R>
): Effect.Effect<A, Exclude<E, SqlError | DatabaseAway> | DatabaseRefused, R> =>
  Effect.gen(function* () {
    for (let failures = 1; ; failures += 1) {
      const result = yield* Effect.result(effect)
      if (Result.isSuccess(result)) {
        if (failures > 1) yield* Effect.annotateLogs(Effect.logInfo("the database answers"), { database: place })
        return result.success
      }
      const error = result.failure
      const trouble = troubleOf(error)
      if (trouble === null) return yield* Effect.fail(error as Exclude<E, SqlError | DatabaseAway>)
      if (trouble._tag === "defect") return yield* Effect.die(error)
      if (trouble._tag === "refused")
        return yield* new DatabaseRefused({ detail: `the database at ${place} cannot be used: ${trouble.why}` })
      const facts = { database: place, why: trouble.why, attempts: failures }
      yield* Effect.annotateLogs(Effect.logWarning("the database does not answer: waiting for it"), facts)
      yield* Effect.sleep(yield* backoff(startBackoff, failures))
    }
  })
