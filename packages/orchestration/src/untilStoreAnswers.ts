/**
 * How a process manager handles a message while it cannot ask the store or the writer: the message waits, is brought again as the same attempt,
 * and is to blame for nothing.
 */
import type { Verdict } from "@dueline/contracts/ports/EventBus"
import { Effect } from "effect"

/** A store that does not answer counts as unavailable. Shorter than the time a handler has, whose end would be counted against the message. */
export const handlerTimeout = "40 seconds"

/**
 * Runs `handle` within that time. `wait` is how it says that it has to wait: told in the log as `told`, with the reason and what it is `about`.
 */
export const untilStoreAnswers = (
  told: string,
  about: Readonly<Record<string, string>>,
  handle: (wait: (reason: string) => Effect.Effect<Verdict>) => Effect.Effect<Verdict>
): Effect.Effect<Verdict> => {
  const wait = (reason: string) =>
    Effect.as(Effect.logWarning(told, { ...about, reason }), { _tag: "Wait", reason } satisfies Verdict)
  return Effect.timeoutOrElse(handle(wait), {
    duration: handlerTimeout,
    orElse: () => wait(`no answer within ${handlerTimeout}`)
  })
}
