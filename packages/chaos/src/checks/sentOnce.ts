/**
 * Epochs at the target. Each is sent at most once, and never when it was handed back. A request of a lower epoch may come after one of a
 * higher epoch (a worker that was taken for dead wakes up with a request on its way) only when the lower one's result changed nothing:
 * none was recorded, or it was recorded as superseded, or the watchdog had given it up.
 */
import type { Attempts, Check, Evidence } from "../Evidence.ts"
import type { Arrival, StoredCall } from "../History.ts"

const hasOwnResult = ({ results }: Attempts, epoch: number): boolean =>
  results.some(
    (result) => result.epoch === epoch && (result._tag === "ExecutionSucceeded" || result.reason !== "worker_lost")
  )

const judge = (call: StoredCall, arrivals: ReadonlyArray<Arrival>, evidence: Evidence): ReadonlyArray<string> => {
  const attempts = evidence.attempts(call)
  const seen = new Set<number>()
  const wrong: Array<string> = []
  let highest = 0
  for (const { at, epoch } of arrivals) {
    if (seen.has(epoch)) wrong.push(`epoch ${epoch} came again at ${at}`)
    if (attempts.handedBack.has(epoch)) wrong.push(`epoch ${epoch} was handed back as unsent, and came at ${at}`)
    if (epoch < highest && !seen.has(epoch) && hasOwnResult(attempts, epoch))
      wrong.push(`epoch ${epoch} came after ${highest}, and its result counts`)
    seen.add(epoch)
    highest = Math.max(highest, epoch)
  }
  return wrong
}

export const sentOnce: Check = (evidence) =>
  [...evidence.arrivals].flatMap(([callId, arrivals]) => {
    const call = evidence.calls.get(callId)
    return call === undefined ? [] : judge(call, arrivals, evidence).map((detail) => ({ callId, detail }))
  })
