/** A call that was cancelled while its request was under way ends as that request does, or else as cancelled; never as failed. */
import { accepted, type Check, eventOf } from "../Evidence.ts"

const ends = new Set(["ExecutionSucceeded", "ServiceCallFailed", "ServiceCallCancelled"])

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
