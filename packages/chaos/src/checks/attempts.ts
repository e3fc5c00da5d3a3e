/** What the log says of attempts, and what targets saw of them: how many, each epoch once, and the results that were given. */
import { type Attempts, type Check, eventOf, type Evidence } from "../Evidence.ts"
import type { Arrival, StoredCall } from "../History.ts"

const wrongCounts = (call: StoredCall, most: number | undefined, evidence: Evidence): ReadonlyArray<string> => {
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

/**
 * Attempts and requests are counted alike: a target sees no more requests of a call than its log counts attempts, nor than its client
 * allowed. An attempt that was handed back is not counted.
 */
export const attemptsBounded: Check = (evidence) => {
  const mosts = new Map(
    [...evidence.submissions.values()].flat().map(({ answer, wish }) => [answer?.callId ?? "", wish?.maxAttempts])
  )
  return [...evidence.calls.values()].flatMap((call) =>
    wrongCounts(call, mosts.get(call.callId), evidence).map((detail) => ({ callId: call.callId, detail }))
  )
}

const hasOwnResult = ({ results }: Attempts, epoch: number): boolean =>
  results.some(
    (result) => result.epoch === epoch && (result._tag === "ExecutionSucceeded" || result.reason !== "worker_lost")
  )

const wrongEpochs = (call: StoredCall, arrivals: ReadonlyArray<Arrival>, evidence: Evidence): ReadonlyArray<string> => {
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

/**
 * Epochs at the target. Each is sent at most once, and never when it was handed back. A request of a lower epoch may come after one of a
 * higher epoch (a worker that was taken for dead wakes up with a request on its way) only when the lower one's result changed nothing:
 * none was recorded, or it was recorded as superseded, or the watchdog had given it up.
 */
export const sentOnce: Check = (evidence) =>
  [...evidence.arrivals].flatMap(([callId, arrivals]) => {
    const call = evidence.calls.get(callId)
    return call === undefined ? [] : wrongEpochs(call, arrivals, evidence).map((detail) => ({ callId, detail }))
  })

type Result = Attempts["results"][number]

const wrongResult = (result: Result, arrivals: ReadonlyArray<Arrival>): string | null => {
  const { epoch, response, status } = result
  const told = result._tag === "ExecutionSucceeded" ? "succeeded" : "failed"
  if (result._tag === "ExecutionFailed" && result.reason !== "http_status") return null
  if (!arrivals.some((arrival) => arrival.epoch === epoch && arrival.answered === status))
    return `epoch ${epoch} ${told} with ${status}, which no target answered`
  const echoed = /"seen":(\d+)/u.exec(response?.bodySnippet ?? "")?.[1]
  return echoed === undefined || echoed === String(epoch)
    ? null
    : `epoch ${epoch} ${told} with the answer to epoch ${echoed}`
}

/** A result is what the target said to that very epoch: its status, and the epoch that it echoed. */
export const trueResults: Check = (evidence) =>
  [...evidence.calls.values()].flatMap((call) => {
    const arrivals = evidence.arrivals.get(call.callId) ?? []
    return evidence.attempts(call).results.flatMap((result) => {
      const detail = wrongResult(result, arrivals)
      return detail === null ? [] : [{ callId: call.callId, detail }]
    })
  })
