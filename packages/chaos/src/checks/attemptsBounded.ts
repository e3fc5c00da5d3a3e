/**
 * Attempts and requests are counted alike: a target sees no more requests of a call than its log counts attempts, nor than its client
 * allowed. An attempt that was handed back is not counted.
 */
import { type Check, type Evidence, eventOf } from "../Evidence.ts"
import type { StoredCall } from "../History.ts"

const wrongWith = (call: StoredCall, most: number | undefined, evidence: Evidence): ReadonlyArray<string> => {
  const { handedBack, started } = evidence.attempts(call)
  const came = (evidence.arrivals.get(call.callId) ?? []).length
  const counted = [...started.keys()].filter((epoch) => !handedBack.has(epoch)).length
  const runs = 1 + call.events.filter((event) => eventOf(event)._tag === "ServiceCallRerun").length
  return [
    ...(came > counted ? [`${came} requests came, the log counts ${counted} attempts`] : []),
    ...(most !== undefined && came > most * runs
      ? [`${came} requests came, ${most} were allowed in each of ${runs}`]
      : [])
  ]
}

export const attemptsBounded: Check = (evidence) => {
  const mosts = new Map(
    [...evidence.submissions.values()].flat().map(({ answer, wish }) => [answer?.callId ?? "", wish?.maxAttempts])
  )
  return [...evidence.calls.values()].flatMap((call) =>
    wrongWith(call, mosts.get(call.callId), evidence).map((detail) => ({ callId: call.callId, detail }))
  )
}
