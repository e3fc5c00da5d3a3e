/** What is answered about service calls. */
import { Schema } from "effect"
import { CorrelationId, ServiceCallId } from "../Ids.ts"
import { PauseId, PauseOf } from "../pause/Pause.ts"
import {
  CallbackOn,
  Flow,
  FlowKey,
  RequestSummary,
  ResponseSummary,
  RetryPolicy,
  WaitReason
} from "../serviceCall/Spec.ts"
import { ServiceCallStatus } from "../serviceCall/Command.ts"
import { problemFields } from "./Problem.ts"
import { Timestamp, Version } from "./Wire.ts"

export const Links = Schema.Struct({ self: Schema.String, events: Schema.String }).annotate({ identifier: "Links" })

const state = {
  id: ServiceCallId,
  status: ServiceCallStatus,
  dueAt: Timestamp,
  attempt: Schema.Int.annotate({ description: "Attempts made in the present run" }),
  version: Version,
  links: Links,
  pending: Schema.optionalKey(
    Schema.Literals(["kept", "replaced", "moved"]).annotate({
      description: "What became of the call that had the pending key already; left out when there was none"
    })
  )
}

/** The answer to a command: follows from its outcome alone, so that a repeat is answered with the same bytes. */
export const ServiceCallState = Schema.Struct(state).annotate({ identifier: "ServiceCallState" })
export type ServiceCallState = typeof ServiceCallState.Type

/** What became of one submission of a batch, told by the status it would have been answered with alone. */
export const SubmittedItem = Schema.Struct({
  status: Schema.Literal(202),
  call: ServiceCallState,
  correlationId: CorrelationId,
  replayed: Schema.Boolean.annotate({ description: "This is the answer to an earlier submission under the same key" })
}).annotate({ identifier: "SubmittedItem" })

const refusedWith = <S extends number>(status: S) =>
  Schema.Struct({ status: Schema.Literal(status), problem: Schema.Struct(problemFields(status)) })

export const RefusedItem = Schema.Union([refusedWith(422), refusedWith(500), refusedWith(503)]).annotate({
  identifier: "RefusedItem",
  description: "500 or 503: send the item again, with its key if it has one"
})

export const SubmittedBatch = Schema.Struct({
  items: Schema.Array(Schema.Union([SubmittedItem, RefusedItem])).annotate({
    description: "In the order they were sent"
  })
}).annotate({ identifier: "SubmittedBatch" })
export type SubmittedBatch = typeof SubmittedBatch.Type

/** No request will ever leave. */
export const ServiceCallCancelled = Schema.Struct({ ...state, status: Schema.Literal("Cancelled") }).annotate({
  identifier: "ServiceCallCancelled"
})

const summary = {
  ...state,
  notBefore: Schema.NullOr(Timestamp).annotate({
    description: "Later than `dueAt`, which stays what was asked for: before this the latest attempt was or is not made"
  }),
  waitReason: Schema.NullOr(WaitReason).annotate({
    description:
      "Why: `retry` after an attempt that failed, else what an attempt was handed back for, of which nothing was sent"
  }),
  createdAt: Timestamp,
  updatedAt: Timestamp,
  endedAt: Schema.NullOr(Timestamp),
  tags: Schema.Array(Schema.String),
  cancelRequested: Schema.Boolean,
  lastStatus: Schema.NullOr(Schema.Int).annotate({ description: "HTTP status of the last attempt that had one" }),
  failureReason: Schema.NullOr(Schema.String).annotate({ description: "Why the last attempt failed" })
}

export const ServiceCallSummary = Schema.Struct({
  ...summary,
  request: Schema.Struct({ method: Schema.String, url: Schema.String })
}).annotate({ identifier: "ServiceCallSummary" })
export type ServiceCallSummary = typeof ServiceCallSummary.Type

export const SupersededResult = Schema.Struct({
  outcome: Schema.Literals(["succeeded", "failed"]),
  recordedAt: Timestamp
}).annotate({ identifier: "SupersededResult", description: "A result that came after the attempt had been given up" })

export const Attempt = Schema.Struct({
  number: Schema.Int,
  epoch: Schema.Int.annotate({ description: "Grows with every attempt of this call, for ever" }),
  startedAt: Timestamp.annotate({
    description: "When its request left; as long as nothing is known of that, when it was handed over to a worker"
  }),
  durationMs: Schema.NullOr(Schema.Int),
  outcome: Schema.Literals(["running", "succeeded", "failed"]),
  status: Schema.NullOr(Schema.Int),
  reason: Schema.NullOr(Schema.String),
  detail: Schema.NullOr(Schema.String),
  response: Schema.NullOr(ResponseSummary),
  superseded: Schema.Array(SupersededResult)
}).annotate({ identifier: "Attempt" })
export type Attempt = typeof Attempt.Type

const inWords = Schema.String.annotate({ description: "The same in words" })

const WaitsForPause = Schema.Struct({
  kind: Schema.Literal("pause"),
  id: PauseId,
  of: PauseOf,
  key: Schema.NullOr(Schema.String),
  pausedBy: Schema.String,
  since: Timestamp,
  reason: Schema.String,
  text: inWords
}).annotate({ identifier: "WaitsForPause" })

const WaitsForFlow = Schema.Struct({
  kind: Schema.Literal("flow"),
  key: FlowKey,
  running: Schema.Int,
  waiting: Schema.Int.annotate({
    description: "Calls of the flow that are due and not under way, this one among them"
  }),
  concurrency: Schema.NullOr(Schema.Int),
  ratePerSecond: Schema.NullOr(Schema.Finite),
  text: inWords
}).annotate({ identifier: "WaitsForFlow" })

/** What a call that is due, or will be, waits for beside its time. */
export const WaitsFor = Schema.Union([WaitsForPause, WaitsForFlow]).annotate({ identifier: "WaitsFor" })
export type WaitsFor = typeof WaitsFor.Type
/** Whom the end is told, and the calls that do. */
export const OnEndView = Schema.Struct({
  url: Schema.String.annotate({ description: "Secrets in it are struck out" }),
  on: CallbackOn,
  flow: Schema.optionalKey(Flow),
  callbacks: Schema.Array(
    Schema.Struct({
      callId: Schema.NullOr(ServiceCallId).annotate({ description: "The call that tells one end" }),
      reason: Schema.NullOr(Schema.String).annotate({ description: "Why there is none" })
    })
  ).annotate({ description: "Oldest first, from the last 1,000 events" })
}).annotate({ identifier: "OnEndState" })

export const ServiceCall = Schema.Struct({
  ...summary,
  request: RequestSummary,
  timeoutMs: Schema.Int,
  retry: RetryPolicy,
  epoch: Schema.Int,
  flow: Schema.NullOr(Flow),
  waitsFor: Schema.NullOr(WaitsFor).annotate({
    description: "What holds it up beside its time, now. That may change without a new version"
  }),
  correlationId: CorrelationId,
  attempts: Schema.Array(Attempt).annotate({ description: "Oldest first, from the last 1,000 events" }),
  onEnd: Schema.optionalKey(OnEndView)
}).annotate({ identifier: "ServiceCall" })
export type ServiceCall = typeof ServiceCall.Type

export const ServiceCallPage = Schema.Struct({
  items: Schema.Array(ServiceCallSummary),
  nextCursor: Schema.NullOr(Schema.String).annotate({
    description:
      "Null when there is nothing more. A page may hold fewer items than asked for, even none, and still have a next one"
  })
}).annotate({ identifier: "ServiceCallPage" })

export const HistoryEvent = Schema.Struct({
  version: Version,
  eventId: Schema.String,
  type: Schema.String,
  eventVersion: Schema.Int,
  recordedAt: Timestamp,
  correlationId: CorrelationId,
  actor: Schema.Struct({ kind: Schema.Literals(["user", "system"]), id: Schema.String }),
  payload: Schema.Json
}).annotate({ identifier: "HistoryEvent" })
export type HistoryEvent = typeof HistoryEvent.Type

export const HistoryPage = Schema.Struct({
  items: Schema.Array(HistoryEvent),
  nextAfter: Schema.NullOr(Schema.Int).annotate({
    description: "Give it as `after` to read on; null when there is nothing more now"
  })
}).annotate({ identifier: "HistoryPage" })
