/**
 * Never early: not before the due time that the client asked for, nor the log's own; and never when its attempt is over by the log, because
 * somebody took its worker for lost or gave it back. A process whose clock was set forward may be early by its jump and by nothing more
 * (`clocks.ts`).
 */
import { aheadAt, behindWithin, mostOff } from "../clocks.ts"
import { type Check, eventOf, type Evidence, type Found } from "../Evidence.ts"
import type { Arrival } from "../History.ts"
import { readingSlackMs } from "./cancellation.ts"

/** Processes cut their clocks to milliseconds each on its own. */
const roundingMs = 1

const arrived = (arrival: Arrival, evidence: Evidence): ReadonlyArray<Found> => {
  const { at, callId, epoch } = arrival
  const call = evidence.calls.get(callId)
  const attempts = call === undefined ? undefined : evidence.attempts(call)
  const started = attempts?.started.get(epoch)
  if (started === undefined) return []
  const early = Math.max(started.callDueAt, started.startedAt) - at
  if (early > roundingMs + aheadAt(evidence.history, at))
    return [{ callId, detail: `epoch ${epoch} came ${early} ms before it was due` }]
  const over = attempts?.overAt.get(epoch) ?? Number.POSITIVE_INFINITY
  const late = at - over
  // Whoever recorded the end may have done so by a clock that was behind.
  return late > readingSlackMs &&
    late > readingSlackMs + behindWithin(evidence.history, over, at + mostOff(evidence.history))
    ? [{ callId, detail: `epoch ${epoch} came ${late} ms after it was over` }]
    : []
}

/** The first event has the due time that the submission asked for, counted from when it was sent at the earliest. */
const submitted = ({ calls, history, submissions }: Evidence): ReadonlyArray<Found> =>
  [...submissions.values()].flatMap((operations) => {
    const first = operations.find(({ kind }) => kind === "submit")
    const call = calls.get(first?.answer?.callId ?? "")
    const event = call?.events[0]
    const stored = event === undefined ? undefined : eventOf(event)
    if (first === undefined || call === undefined || stored?._tag !== "ServiceCallSubmitted") return []
    const early = first.invokedAt + (first.delayMs ?? 0) - stored.dueAt
    const behind = behindWithin(history, first.invokedAt, first.completedAt ?? first.invokedAt)
    return early > roundingMs + behind
      ? [{ callId: call.callId, detail: `it was stored as due ${early} ms too early` }]
      : []
  })

export const inItsTime: Check = (evidence) => [
  ...evidence.history.arrivals.flatMap((arrival) => arrived(arrival, evidence)),
  ...submitted(evidence)
]
