/** One publication of one outbox entry, what its outcome says about the entry or about the bus, and what follows from a failure. */
import { backoff, type Backoff } from "@dueline/contracts/backoff"
import type { BusUnavailable, EventBus } from "@dueline/contracts/ports/EventBus"
import type { OutboxEntry, Settlement } from "@dueline/contracts/ports/Outbox"
import { Cause, Clock, Effect, Option } from "effect"

export type Outcome =
  | { readonly _tag: "Delivered" }
  /** The bus does not take this one: the entry's own failure, as is a defect of the bus that it set off. */
  | { readonly _tag: "Refused"; readonly error: string }
  /** The bus takes nothing at the moment, or did not say: the entry may be no cause of it. */
  | { readonly _tag: "Unanswered"; readonly error: string }

/** What went wrong, cut to a length that a table and a log line can bear. */
export const errorOf = (cause: Cause.Cause<unknown>): string => Cause.pretty(cause).slice(0, 1_000)

const outcomeOf = (cause: Cause.Cause<BusUnavailable>): Outcome => {
  const failure = Option.getOrUndefined(Cause.findErrorOption(cause))
  return { _tag: failure?.scope === "bus" ? "Unanswered" : "Refused", error: errorOf(cause) }
}

export const attempt = (bus: EventBus["Service"], entry: OutboxEntry): Effect.Effect<Outcome> => {
  const { eventId, payload, streamId, tenantId, topic } = entry
  return Effect.suspend(() => bus.publish({ eventId, tenantId, streamId, topic, payload })).pipe(
    Effect.as<Outcome>({ _tag: "Delivered" }),
    Effect.catchCause((cause) => Effect.succeed(outcomeOf(cause)))
  )
}

export interface Patience {
  /** Between two attempts on one entry, and between two probes of a bus that is away. */
  readonly backoff: Backoff
  /** Failed publications after which an entry becomes a dead letter. */
  readonly maxFailures: number
}

/** Charges the entry with one failure. */
export const afterFailure = Effect.fnUntraced(function* (
  entry: OutboxEntry,
  error: string,
  patience: Patience
): Effect.fn.Return<Settlement> {
  const failures = entry.failures + 1
  if (failures < patience.maxFailures) {
    const retryAt = (yield* Clock.currentTimeMillis) + (yield* backoff(patience.backoff, failures))
    return { _tag: "Failed", entry, retryAt, error }
  }
  const { eventId, tenantId, topic } = entry
  yield* Effect.annotateLogs(Effect.logError("outbox entry given up"), { eventId, tenantId, topic, failures, error })
  return { _tag: "Dead", entry, error }
})
