/** What a cancellation promises. */
import { accepted, type Check, eventOf } from "../Evidence.ts"

/** A request that had left before the answer may be read this much later, in milliseconds: this process reads both, one at a time. */
export const readingSlackMs = 250

/** Once a cancellation was answered with 200, no request leaves any more. */
export const silenceAfterCancel: Check = ({ arrivals, history }) =>
  history.operations.flatMap(({ answer, callId, completedAt, kind }) => {
    if (kind !== "cancel" || answer?.callStatus !== "Cancelled" || callId === null || completedAt === null) return []
    return (arrivals.get(callId) ?? [])
      .filter(({ at }) => at > completedAt + readingSlackMs)
      .map(({ at, epoch }) => ({
        callId,
        detail: `epoch ${epoch} came ${at - completedAt} ms after its cancellation was answered`
      }))
  })

const ends = new Set(["ExecutionSucceeded", "ServiceCallFailed", "ServiceCallCancelled"])

/** A call that was cancelled while its request was under way ends as that request does, or else as cancelled; never as failed. */
export const cancelledEnds: Check = ({ calls, history }) =>
  history.operations.flatMap((operation) => {
    const { answer, callId, kind } = operation
    const call = calls.get(callId ?? "")
    if (kind !== "cancel" || !accepted(operation) || answer?.callStatus !== "Running" || call === undefined) return []
    const end = call.events
      .slice(answer.version ?? 0)
      .map(eventOf)
      .find(({ _tag }) => ends.has(_tag))
    return end?._tag === "ServiceCallFailed"
      ? [{ callId, detail: "its cancellation was taken while it ran, and it ended as failed" }]
      : []
  })
