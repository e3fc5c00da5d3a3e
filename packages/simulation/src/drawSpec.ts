/** Draws what a call is asked to be. The URL ends in the tenant, so that a witness at the target knows whose call it sees. */
import type { TenantId } from "@dueline/contracts/Ids"
import { defaultRetryPolicy, type Spec } from "@dueline/contracts/serviceCall/Spec"
import type { Dice } from "./Dice.ts"

export const drawSpec = (dice: Dice, tenantId: TenantId): { readonly spec: Spec; readonly url: string } => {
  const url = `https://target.test/${tenantId}`
  const spec: Spec = {
    request: { method: dice.pick(["GET", "POST", "PUT"]), url, headers: {}, bodyBytes: 0, bodySnippet: null },
    timeoutMs: dice.pick([200, 1_000, 15_000, 60_000]),
    retry: {
      ...defaultRetryPolicy,
      maxAttempts: dice.pick([1, 2, 5]),
      initialDelayMs: dice.pick([0, 100, 2_000]),
      maxDelayMs: 10_000,
      jitter: dice.pick([0, 0.2, 1])
    },
    tags: []
  }
  return { spec, url }
}
