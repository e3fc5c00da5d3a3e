/** A store that is away is told once, by whoever watches it; loops that only meet it again each time have nothing to add. */
import { type Cause, Effect } from "effect"

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
