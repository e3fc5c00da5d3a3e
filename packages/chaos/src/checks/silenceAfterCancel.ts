/** Once a cancellation was answered with 200, no request leaves any more. */
import type { Check } from "../Evidence.ts"

/** A request that had left before the answer may be read this much later, in milliseconds: this process reads both, one at a time. */
export const readingSlackMs = 250

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
