/** Public names of facts that leave the system, and what their messages hold. */
import { Schema } from "effect"
import { CorrelationId, EpochMillis, ServiceCallId, TenantId } from "./Ids.ts"
import { ServiceCallStatus } from "./serviceCall/Rejection.ts"

export const ServiceCallTopic = Schema.Literals([
  "ops.service-call.succeeded",
  "ops.service-call.failed",
  "ops.service-call.cancelled"
])
export type ServiceCallTopic = typeof ServiceCallTopic.Type

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
  correlationId: CorrelationId
}).annotate({ identifier: "ServiceCallEnded" })
export type ServiceCallEnded = typeof ServiceCallEnded.Type
