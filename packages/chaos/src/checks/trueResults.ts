/** A result is what the target said to that very epoch: its status, and the epoch that it echoed. */
import type { Attempts, Check } from "../Evidence.ts"
import type { Arrival } from "../History.ts"

type Result = Attempts["results"][number]

const wrongWith = (result: Result, arrivals: ReadonlyArray<Arrival>): string | null => {
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

export const trueResults: Check = (evidence) =>
  [...evidence.calls.values()].flatMap((call) => {
    const arrivals = evidence.arrivals.get(call.callId) ?? []
    return evidence.attempts(call).results.flatMap((result) => {
      const detail = wrongWith(result, arrivals)
      return detail === null ? [] : [{ callId: call.callId, detail }]
    })
  })
