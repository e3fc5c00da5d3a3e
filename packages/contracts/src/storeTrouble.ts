/** A store that is away is told once, by whoever watches it; loops that only meet it again each time have nothing to add. */
import { Cause, Effect } from "effect"

const isStoreUnavailable = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "StoreUnavailable"

/** Nothing but `StoreUnavailable`. */
export const isStoreTrouble = (cause: Cause.Cause<unknown>): boolean =>
  cause.reasons.length > 0 &&
  cause.reasons.every((reason) => reason._tag === "Fail" && isStoreUnavailable(reason.error))

/** The cause goes to the log whole, unless it is that the store is away: then one line without it, for those who look at everything. */
export const logUnlessStoreTrouble = (
  level: "error" | "warning",
  message: string,
  cause: Cause.Cause<unknown>
): Effect.Effect<void> => {
  if (isStoreTrouble(cause)) return Effect.logDebug(`${message} (the store is away)`)
  return level === "error" ? Effect.logError(message, cause) : Effect.logWarning(message, cause)
}

/** A round of a loop that goes on whatever becomes of it: a failure is logged as above and gives nothing; an interruption ends the loop. */
export const orLogged =
  (level: "error" | "warning", message: string) =>
  <A, E, R>(round: Effect.Effect<A, E, R>): Effect.Effect<A | undefined, never, R> =>
    Effect.catchCause(round, (cause) =>
      Cause.hasInterrupts(cause) ? Effect.interrupt : Effect.as(logUnlessStoreTrouble(level, message, cause), undefined)
    )
