/** No effect without a submission: every request at a target, and every stored call, is one that a client asked for. */
import type { IdempotencyKey, TenantId } from "@dueline/contracts/Ids"
import { derivedCallId } from "@dueline/identity/derivedId"
import type { Check, Evidence, Found } from "../Evidence.ts"
import type { Arrival } from "../History.ts"

const wrongWith = (arrival: Arrival, evidence: Evidence): string | null => {
  const { attempt, callId, epoch, key, signed, tenant } = arrival
  const call = evidence.calls.get(callId)
  if (!evidence.submissions.has(`${tenant}/${key}`)) return `a request for ${tenant}/${key}, which nobody submitted`
  if (call === undefined) return "a request for a call that is not stored"
  const started = evidence.attempts(call).started.get(epoch)
  if (started === undefined) return `a request of epoch ${epoch}, which the log does not know`
  if (started.attempt !== attempt)
    return `epoch ${epoch} came as attempt ${attempt}, the log calls it ${started.attempt}`
  return signed.length === 0 ? `epoch ${epoch} came unsigned` : null
}

const strangers = ({ calls, history, submissions, tenantIds }: Evidence): ReadonlyArray<Found> => {
  const submitted = new Set(
    [...submissions.keys()].map((name) => {
      const [tenant = "", key = ""] = name.split("/")
      // The id follows from tenant and key, so this holds for submissions that were never answered too.
      return derivedCallId((tenantIds.get(tenant) ?? "") as TenantId, key as IdempotencyKey) as string
    })
  )
  const ours = new Set(history.tenants.map(({ id }) => id))
  return [...calls.values()]
    .filter(({ callId, tenantId }) => ours.has(tenantId) && !submitted.has(callId))
    .map(({ callId }) => ({ callId, detail: "it is stored, and nobody submitted it" }))
}

export const nothingUnasked: Check = (evidence) => [
  ...evidence.history.arrivals.flatMap((arrival) => {
    const detail = wrongWith(arrival, evidence)
    return detail === null ? [] : [{ callId: arrival.callId, detail }]
  }),
  ...strangers(evidence)
]
