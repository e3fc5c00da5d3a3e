/** What is kept of a message that was given up, and how it gets there: a bus must not move on before its letter is safe. */
import { Effect } from "effect"
import { type Backoff, backoffSchedule, defaultBackoff } from "./backoff.ts"
import type { DeadLetter, DeadLetters } from "./ports/DeadLetters.ts"
import { Metrics } from "./telemetry/Metrics.ts"

/** Reasons kept of one letter: the latest. */
export const reasonLimit = 20

/** Characters kept of one reason. */
export const reasonLength = 2_000

/** Text that a table can hold: no half surrogate pair, no U+0000, no more than `reasonLength` characters. */
export const storableReason = (reason: string): string =>
  reason.slice(0, reasonLength).toWellFormed().replaceAll("\0", "\uFFFD")

/** The letter with as many reasons, and as much of each, as is kept. */
export const bounded = (letter: DeadLetter): DeadLetter => ({
  ...letter,
  reasons: letter.reasons.slice(-reasonLimit).map(storableReason)
})

/**
 * For the `onDead` of a bus: says that a message was given up and keeps it. A store that does not answer is asked again for as long as
 * it takes, ever more patiently: meanwhile the message's lane waits, and what waits in it is bounded by the bus.
 */
export const keptIn = (letters: DeadLetters["Service"], between: Backoff = defaultBackoff) =>
  Effect.fnUntraced(function* (letter: DeadLetter) {
    const { group, message, reasons } = bounded(letter)
    const { eventId, tenantId, topic } = message
    const facts = { group, eventId, tenantId, topic, attempts: letter.reasons.length, reason: reasons.at(-1) }
    ;(yield* Metrics).deadLetters.of(group).add()
    yield* Effect.annotateLogs(Effect.logError("message given up"), facts)
    yield* letters.keep(letter).pipe(
      Effect.tapError((failure) =>
        Effect.annotateLogs(Effect.logWarning("a dead letter is not kept yet", failure), facts)
      ),
      Effect.retry(backoffSchedule(between)),
      Effect.orDie
    )
  })
