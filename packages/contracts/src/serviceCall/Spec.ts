/**
 * What a service call is asked to be: when, what, how often to try, how long to wait. Which flow a call belongs to: the calls of one flow are made
 * so many at once, and so many in a second, in the order of their due times.
 */
import { Schema } from "effect"
import { CorrelationId } from "../Ids.ts"

/** What a flow is called, in its tenant. */
export const FlowKey = Schema.String.check(
  Schema.isPattern(/^[A-Za-z0-9_.:=/-]{1,64}$/u, { description: "1 to 64 of letters, digits and _.:=/-" })
)

/** Attempts of one flow under way at once. */
export const FlowConcurrency = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000 }))

/** Attempts of one flow that begin in a second, evenly spaced. */
export const FlowRate = Schema.Finite.check(Schema.isBetween({ minimum: 0.001, maximum: 1_000 }))

/** The limits are those of this call: it begins when fewer than `concurrency` of its flow are under way. What the flow itself says counts too. */
export const Flow = Schema.Struct({
  key: FlowKey,
  concurrency: Schema.optionalKey(FlowConcurrency),
  ratePerSecond: Schema.optionalKey(FlowRate)
}).annotate({
  identifier: "Flow",
  description:
    "Calls with one key: this one begins when fewer than `concurrency` of them are under way, and 1/`ratePerSecond` of a second after the one before"
})
export type Flow = typeof Flow.Type

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

/** How long one request may take, in milliseconds, from its first byte leaving to the last byte of the answer read. */
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

/**
 * Why an attempt was given back unmade:
 * - `circuit_open`: the target's circuit is open;
 * - `draining`: the worker is stopping;
 * - `no_capacity`: no place and no connection came free in time;
 * - `lease_unconfirmed`: the store paused or the process stood still, and nobody could say that the call was still this worker's;
 * - `name_unanswered`: no resolver answered for the name of the target;
 * - `recalled`: somebody cancelled or moved the call before anything had left;
 * - `request_unreadable`: the sealed request cannot be opened with the keys that are here.
 */
export const HandBackReason = Schema.Literals([
  "circuit_open",
  "draining",
  "no_capacity",
  "lease_unconfirmed",
  "name_unanswered",
  "recalled",
  "request_unreadable"
])
export type HandBackReason = typeof HandBackReason.Type

/** What a call waits for when it is not its due time: another attempt after one that failed, or what an attempt was handed back for. */
export const WaitReason = Schema.Literals(["retry", ...HandBackReason.literals])
export type WaitReason = typeof WaitReason.Type

/** Which ends are told: all of them, or only that of a call that is given up. */
export const CallbackOn = Schema.Literals(["ended", "failed"])
export type CallbackOn = typeof CallbackOn.Type

/** Of the calls of a tenant that have not begun at most one has a key. */
export const PendingKey = Schema.String.check(
  Schema.isPattern(/^[\x21-\x7e]{1,128}$/u, { description: "1 to 128 visible ASCII characters" })
)

/** What a submission does to the call that has its key already: nothing, take its place, or move it to the new due time. */
export const OnConflict = Schema.Literals(["keep", "replace", "debounce"])
export type OnConflict = typeof OnConflict.Type

export const Spec = Schema.Struct({
  /** The only one of this key while it has not begun. */
  pending: Schema.optionalKey(Schema.Struct({ key: PendingKey })),
  request: RequestSummary,
  /** Its sealed request is erased when it fails too, so that it cannot be run again. Left out: a call that failed keeps it. */
  failedRequest: Schema.optionalKey(Schema.Literal("drop")),
  timeoutMs: TimeoutMs,
  retry: RetryPolicy,
  tags: Tags,
  flow: Schema.optionalKey(Flow),
  /** Whom its end is told, as it may be shown; the whole address and its headers lie sealed with the request. */
  onEnd: Schema.optionalKey(Schema.Struct({ url: Schema.String, on: CallbackOn, flow: Schema.optionalKey(Flow) }))
})
export type Spec = typeof Spec.Type

/** What the submission was part of: every later hop, also after a restart, carries it on. `traceparent` as in W3C Trace Context. */
export const Origin = Schema.Struct({ correlationId: CorrelationId, traceparent: Schema.NullOr(Schema.String) })
export type Origin = typeof Origin.Type

/** How long an executing process may stay silent before its call is taken from it, in milliseconds. */
export const leaseMs = 10_000

/**
 * How long before its due time a call may be handed over to a worker, in milliseconds: the worker has the request at hand when its time
 * comes, and sends it then.
 */
export const leadMs = 50

/** How soon a call whose target's circuit is open may be tried again, in milliseconds: each time costs two events. */
export const handBackPauseMs = 1_000

/**
 * The longest pause after attempts that were handed back one after the other for a reason of our own, in milliseconds: the pause begins with
 * `handBackPauseMs` and doubles. A request that cannot be read waits for a person to bring the key back, so its pause grows further.
 */
export const handBackPauseLimitMs = 60_000
export const unreadablePauseLimitMs = 300_000

/** How long after its due time a call whose target's name nobody answers for is given up, in milliseconds. */
export const unansweredNameLimitMs = 86_400_000

/** How long after an attempt's own time-out its result may still come, in milliseconds. */
export const deadlineGraceMs = 5_000

/** The reason of a hand-back as events and commands carry it: programs of before 0.2 know two, and every other one beside them. */
interface Carried {
  readonly reason: "circuit_open" | "draining"
  readonly cause?: HandBackReason
}

export const handBackReasonOf = ({ cause, reason }: Carried): HandBackReason => cause ?? reason

export const carryHandBackReason = (reason: HandBackReason): Carried =>
  reason === "circuit_open" || reason === "draining" ? { reason } : { reason: "draining", cause: reason }
