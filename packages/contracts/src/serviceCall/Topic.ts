/** Public names of the ends of service calls, and what their messages hold. */
import { Schema } from "effect"
import { CorrelationId, EpochMillis, ServiceCallId, TenantId } from "../Ids.ts"
import { common, ids, minutesLater, topic } from "../topics/topic.ts"
import { ServiceCallStatus } from "./Command.ts"
import { Tags } from "./Spec.ts"

/** Version 1 of the message on every `ops.service-call.*` topic: how a call ended. */
export const ServiceCallEnded = Schema.Struct({
  schemaVersion: Schema.Literal(1),
  tenantId: TenantId,
  callId: ServiceCallId,
  status: ServiceCallStatus,
  /** The stream's version, so that a reader can tell which answer is newer. */
  version: Schema.Int,
  attempt: Schema.Int,
  epoch: Schema.Int,
  /** HTTP status of the last attempt that had one. */
  httpStatus: Schema.NullOr(Schema.Int),
  failureReason: Schema.NullOr(Schema.String),
  endedAt: EpochMillis,
  /** Of its submission; left out where there are none. */
  tags: Schema.optionalKey(Tags),
  correlationId: CorrelationId
}).annotate({ identifier: "ServiceCallEnded" })
export type ServiceCallEnded = typeof ServiceCallEnded.Type

const succeeded: ServiceCallEnded = {
  ...common,
  callId: ids.callId,
  status: "Succeeded",
  version: 3,
  attempt: 1,
  epoch: 1,
  httpStatus: 200,
  failureReason: null,
  endedAt: minutesLater(23 * 60)
}

export const serviceCallTopics = {
  "ops.service-call.succeeded": topic(ServiceCallEnded, "A service call got a good answer.", succeeded),
  "ops.service-call.failed": topic(ServiceCallEnded, "A service call is given up: `failureReason` says why.", {
    ...succeeded,
    status: "Failed",
    version: 16,
    attempt: 5,
    epoch: 5,
    httpStatus: 503,
    failureReason: "http_status"
  }),
  "ops.service-call.cancelled": topic(ServiceCallEnded, "A service call was cancelled.", {
    ...succeeded,
    status: "Cancelled",
    version: 2,
    attempt: 0,
    epoch: 0,
    httpStatus: null
  })
} as const

/** Version 1 of the message that makes a callback. */
export const CallbackDue = Schema.Struct({
  ...ServiceCallEnded.fields,
  /** Of the scheduling that ended: each end has one. */
  revision: Schema.Int
}).annotate({ identifier: "CallbackDue" })
export type CallbackDue = typeof CallbackDue.Type

export const callbackTopic = "ops.callback.due"

export const callbackTopics = {
  [callbackTopic]: topic(
    CallbackDue,
    "A call with `onEnd` has ended, and its end is to be told: a call that tells it follows.",
    {
      ...succeeded,
      revision: 1
    }
  )
} as const

export const ServiceCallTopic = Schema.Literals(
  Object.keys(serviceCallTopics) as ReadonlyArray<keyof typeof serviceCallTopics>
)
export type ServiceCallTopic = typeof ServiceCallTopic.Type
