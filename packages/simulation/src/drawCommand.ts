/** Draws what clients ask for. */
import { type CorrelationId, EpochMillis, type ServiceCallId, type TenantId } from "@dueline/contracts/Ids"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import { defaultRetryPolicy, type Spec } from "@dueline/contracts/serviceCall/Spec"
import type { Dice } from "./Dice.ts"

/** The URL ends in the tenant, so that a witness at the target knows whose call it sees. */
const drawSpec = (dice: Dice, tenantId: TenantId): { readonly spec: Spec; readonly url: string } => {
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

/** At once, just gone, soon, or later than some horizons. */
const drawDueAt = (dice: Dice, now: number): EpochMillis => {
  const ahead = dice.pick([0, 0, dice.between(-500, 50), dice.between(1, 5_000), dice.between(1_000, 40_000)])
  return EpochMillis.make(now + ahead)
}

export const drawSubmission = (
  dice: Dice,
  now: number,
  about: {
    readonly tenantId: TenantId
    readonly callId: ServiceCallId
    readonly correlationId: CorrelationId
    readonly fingerprint: string | null
    readonly seal: (url: string) => string
  }
): ServiceCallCommand => {
  const { callId, correlationId, fingerprint, seal, tenantId } = about
  const { spec, url } = drawSpec(dice, tenantId)
  return {
    _tag: "SubmitServiceCall",
    callId,
    at: EpochMillis.make(now),
    spec,
    dueAt: drawDueAt(dice, now),
    fingerprint,
    origin: { correlationId, traceparent: null },
    sealed: dice.chance(0.7) ? seal(url) : null
  }
}

export const drawChange = (dice: Dice, now: number, callId: ServiceCallId): ServiceCallCommand => {
  const at = EpochMillis.make(now)
  const roll = dice.next()
  if (roll < 0.25) return { _tag: "CancelServiceCall", callId, at }
  if (roll < 0.5) return { _tag: "RescheduleServiceCall", callId, at, dueAt: drawDueAt(dice, now) }
  return { _tag: "RerunServiceCall", callId, at }
}
