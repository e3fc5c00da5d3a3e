/** What a delivery sends: the message in the form of Standard Webhooks, and how long it is tried. Pure. */
import type { EpochMillis, ServiceCallId } from "@dueline/contracts/Ids"
import type { ReadyDelivery } from "@dueline/contracts/ports/Deliveries"
import type { RawRequest } from "@dueline/contracts/ports/Admission"
import type { RetryPolicy } from "@dueline/contracts/serviceCall/Spec"
import type { SubscriptionId } from "@dueline/contracts/subscription/Subscription"

/**
 * Some three days: after 5 s, 15 s, 45 s, two minutes, … up to four hours. Whatever an endpoint answers may pass, except what it will never take
 * (400, 413, 415, 422) and that it is gone (410).
 */
export const deliveryRetry: RetryPolicy = {
  maxAttempts: 26,
  initialDelayMs: 5_000,
  maxDelayMs: 14_400_000,
  multiplier: 3,
  jitter: 0.2,
  retryStatuses: [
    ...[301, 302, 303, 307, 308],
    ...[
      401, 402, 403, 404, 405, 406, 407, 408, 409, 411, 412, 414, 416, 417, 418, 421, 423, 424, 425, 426, 428, 429, 431
    ],
    ...[500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511, 520, 521, 522, 523, 524, 525, 526, 530]
  ]
}

export const deliveryTimeoutMs = 15_000

/** The answer of an endpoint that wants nothing any more. */
export const goneStatus = 410

export const requestOf = (
  url: string,
  subscriptionId: SubscriptionId,
  messageId: ServiceCallId,
  { eventId, keptAt, payload, topic }: Pick<ReadyDelivery, "eventId" | "keptAt" | "payload" | "topic">
): RawRequest => ({
  method: "POST",
  url,
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ type: topic, timestamp: new Date(keptAt).toISOString(), id: eventId, data: payload }),
  signer: { subscriptionId, messageId }
})

/** How a call that was or is being made looks. */
export interface Made {
  readonly status: string
  readonly attempt: number
  readonly lastStatus: number | null
  readonly failureReason: string | null
}

/** An attempt has failed, and the call has not succeeded. */
export const isFailing = ({ failureReason, status }: Made): boolean =>
  status === "Failed" || (failureReason !== null && (status === "Scheduled" || status === "Running"))

/** What is known of why. */
export const wordsOf = ({ failureReason, lastStatus }: Made): string =>
  failureReason === "http_status" && lastStatus !== null ? `HTTP ${lastStatus}` : (failureReason ?? "cancelled")

/** When a subscription is taken to fail: nothing of it came through for so long (milliseconds), though it was tried. */
export const failingAfterMs = 60_000

/** Since when nothing comes through, as far as these tell; null when that cannot be said. `lastOkAt`: the last success that is known. */
export const failingSince = (
  failing: ReadonlyArray<{ readonly calledAt: EpochMillis }>,
  lastOkAt: number,
  now: number
): EpochMillis | null => {
  const first = failing.reduce((earliest, { calledAt }) => Math.min(earliest, calledAt), Number.POSITIVE_INFINITY)
  const since = Math.max(first, lastOkAt)
  return Number.isFinite(since) && now - since >= failingAfterMs ? (since as EpochMillis) : null
}
