/** Nothing crosses the wall between tenants: no reading, no request, no message, no list. */
import type { Check, Evidence, Found } from "../Evidence.ts"

const crossed = (callId: string, what: string): Found => ({ callId, detail: what })

const askedAcross = ({ history }: Evidence): ReadonlyArray<Found> =>
  history.operations.flatMap(({ answer, callId, kind, tenant }) =>
    kind === "foreign" && answer !== null && answer.status !== 404
      ? [crossed(callId ?? "", `${tenant} asked for it and was answered ${answer.status}`)]
      : []
  )

export const tenantsApart: Check = (evidence) => {
  const { calls, history, tenantIds } = evidence
  const belongs = (callId: string, tenant: string | undefined) => {
    const owner = calls.get(callId)?.tenantId
    return owner === undefined || owner === tenant
  }
  return [
    ...askedAcross(evidence),
    ...history.arrivals
      .filter(({ callId, tenant }) => !belongs(callId, tenantIds.get(tenant)))
      .map(({ callId, tenant }) => crossed(callId, `its request went to ${tenant}`)),
    ...history.listed
      .filter(({ callId, tenant }) => !belongs(callId, tenantIds.get(tenant)))
      .map(({ callId, tenant }) => crossed(callId, `it is in the list of ${tenant}`)),
    ...(history.told ?? [])
      .filter(({ callId, tenantId }) => !belongs(callId, tenantId))
      .map(({ callId, tenantId }) => crossed(callId, `its end was told to ${tenantId}`))
  ]
}
