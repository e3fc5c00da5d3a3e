/** What a service call is asked to be: when, what, how often to try, how long to wait. */
import { Schema } from "effect"
import { CorrelationId } from "../Ids.ts"

export const HttpMethod = Schema.Literals(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
export type HttpMethod = typeof HttpMethod.Type

/**
 * When to try again. Delay before attempt n+1, in milliseconds:
 * `min(maxDelayMs, initialDelayMs × multiplier^(n-1))`, spread by ±`jitter` of itself; never less than what `Retry-After` asked for.
 */
export const RetryPolicy = Schema.Struct({
  /** How many attempts one run has at the most; 1 means never again, also not after a crash. */
  maxAttempts: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 50 })),
  initialDelayMs: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 86_400_000 })),
  maxDelayMs: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 86_400_000 })),
  multiplier: Schema.Finite.check(Schema.isBetween({ minimum: 1, maximum: 10 })),
  /** Share of the delay that is drawn at random, 0 to 1. */
  jitter: Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 })),
  /** Answers that are worth another attempt; any other status outside 200–299 is permanent. */
  retryStatuses: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 300, maximum: 599 }))).check(
    Schema.isMaxLength(50)
  )
}).annotate({ identifier: "RetryPolicy" })
export type RetryPolicy = typeof RetryPolicy.Type

export const defaultRetryPolicy: RetryPolicy = {
  maxAttempts: 5,
  initialDelayMs: 1_000,
  maxDelayMs: 600_000,
  multiplier: 2,
  jitter: 0.2,
  retryStatuses: [408, 425, 429, 500, 502, 503, 504]
}

/** How long one attempt may take, in milliseconds, from the first byte sent to the last byte read. */
export const TimeoutMs = Schema.Int.check(Schema.isBetween({ minimum: 100, maximum: 300_000 }))
export const defaultTimeoutMs = 30_000

export const maxTags = 16

export const Tag = Schema.String.check(
  Schema.isPattern(/^[A-Za-z0-9_.:=/-]{1,64}$/u, { description: "1 to 64 of letters, digits and _.:=/-" })
)

export const Tags = Schema.Array(Tag).check(Schema.isMaxLength(maxTags))

/** The request as anyone may see it: secrets struck out, body cut short. The whole request is kept sealed elsewhere. */
export const RequestSummary = Schema.Struct({
  method: HttpMethod,
  url: Schema.String,
  headers: Schema.Record(Schema.String, Schema.String),
  bodyBytes: Schema.Int,
  bodySnippet: Schema.NullOr(Schema.String)
}).annotate({ identifier: "RequestSummary" })
export type RequestSummary = typeof RequestSummary.Type

/** The answer as anyone may see it. `truncated`: more bytes came than are kept. */
export const ResponseSummary = Schema.Struct({
  bodyBytes: Schema.Int,
  bodySnippet: Schema.NullOr(Schema.String),
  truncated: Schema.Boolean
}).annotate({ identifier: "ResponseSummary" })
export type ResponseSummary = typeof ResponseSummary.Type

/** Why an attempt did not succeed. */
export const FailureReason = Schema.Literals([
  "http_status",
  "timeout",
  "dns",
  "connect",
  "tls",
  "connection_lost",
  "redirect_refused",
  "egress_denied",
  "request_unreadable",
  "worker_lost",
  "deadline_exceeded"
])
export type FailureReason = typeof FailureReason.Type

/** Why a worker gave an attempt back unmade: the target's circuit is open, or the worker is stopping or has no room. */
export const HandBackReason = Schema.Literals(["circuit_open", "draining"])
export type HandBackReason = typeof HandBackReason.Type

export const Spec = Schema.Struct({
  request: RequestSummary,
  timeoutMs: TimeoutMs,
  retry: RetryPolicy,
  tags: Tags
})
export type Spec = typeof Spec.Type

/** What the submission was part of: every later hop, also after a restart, carries it on. `traceparent` as in W3C Trace Context. */
export const Origin = Schema.Struct({ correlationId: CorrelationId, traceparent: Schema.NullOr(Schema.String) })
export type Origin = typeof Origin.Type

/** How long an executing process may stay silent before its call is taken from it, in milliseconds. */
export const leaseMs = 10_000

/**
 * How long before its due time a call may be given to a worker, in milliseconds: the worker has the request at hand when its time
 * comes, and sends it then. From then on it is too late to cancel or move it.
 */
export const leadMs = 50

/** How soon a call whose target's circuit is open may be tried again, in milliseconds: each time costs two events. */
export const handBackPauseMs = 1_000

/** How long after an attempt's own time-out its result may still come, in milliseconds. */
export const deadlineGraceMs = 5_000
