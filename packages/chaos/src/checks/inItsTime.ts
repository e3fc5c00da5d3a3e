/** Never early: not before the due time that the client asked for, nor the log's own; and never past the deadline of an attempt. */
import { type Check, type Evidence, eventOf, type Found } from "../Evidence.ts"
import type { Arrival } from "../History.ts"
import { readingSlackMs } from "./silenceAfterCancel.ts"

/** Processes cut their clocks to milliseconds each on its own. */
const roundingMs = 1

const arrived = (arrival: Arrival, evidence: Evidence): ReadonlyArray<Found> => {
  const { at, callId, epoch } = arrival
  const call = evidence.calls.get(callId)
  const started = call === undefined ? undefined : evidence.attempts(call).started.get(epoch)
  if (started === undefined) return []
  const early = Math.max(started.callDueAt, started.startedAt) - at
  if (early > roundingMs) return [{ callId, detail: `epoch ${epoch} came ${early} ms before it was due` }]
  const late = at - started.deadlineAt
  return late > readingSlackMs ? [{ callId, detail: `epoch ${epoch} came ${late} ms after its deadline` }] : []
}

/** The first event has the due time that the submission asked for, counted from when it was sent at the earliest. */
const submitted = ({ calls, submissions }: Evidence): ReadonlyArray<Found> =>
  [...submissions.values()].flatMap((operations) => {
    const first = operations.find(({ kind }) => kind === "submit")
    const call = calls.get(first?.answer?.callId ?? "")
    const event = call?.events[0]
    const stored = event === undefined ? undefined : eventOf(event)
    if (first === undefined || call === undefined || stored?._tag !== "ServiceCallSubmitted") return []
    const early = first.invokedAt + (first.delayMs ?? 0) - stored.dueAt
    return early > roundingMs ? [{ callId: call.callId, detail: `it was stored as due ${early} ms too early` }] : []
  })

export const inItsTime: Check = (evidence) => [
  ...evidence.history.arrivals.flatMap((arrival) => arrived(arrival, evidence)),
  ...submitted(evidence)
]
