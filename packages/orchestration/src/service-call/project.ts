/** The read model's row of a service call, as a function of its state. */
import type { EpochMillis, ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import type { ServiceCallRow } from "@dueline/contracts/serviceCall/Row"
import { leaseMs } from "@dueline/contracts/serviceCall/Spec"
import { failureReasonOf } from "./react.ts"
import { type ServiceCallState, wakeAtOf } from "./State.ts"

export interface Stamp {
  readonly tenantId: TenantId
  readonly callId: ServiceCallId
  /** The stream's version after the events. */
  readonly version: number
  /** When the last event was recorded, epoch ms. */
  readonly at: EpochMillis
}

export const project = (state: ServiceCallState, { tenantId, callId, version, at }: Stamp): ServiceCallRow | null => {
  if (state._tag === "NotSubmitted") return null
  const live = state._tag === "Scheduled" || state._tag === "Running"
  // Whatever is recorded while it runs must not take back what heartbeats have granted since it started.
  const leaseFrom = state._tag === "Running" ? Math.max(state.startedAt, at) : at
  const running = state._tag === "Running" ? state : null
  return {
    _tag: "ServiceCallRow",
    tenantId,
    callId,
    version,
    status: state._tag,
    createdAt: state.submittedAt,
    updatedAt: at,
    dueAt: state.dueAt,
    notBefore: state.notBefore,
    waitReason: state.waitReason,
    wakeAt: live ? wakeAtOf(state) : null,
    revision: state.revision,
    attempt: state.attempt,
    epoch: state.epoch,
    cancelRequested: running?.cancelRequested ?? false,
    request: state.spec.request,
    timeoutMs: state.spec.timeoutMs,
    retry: state.spec.retry,
    tags: state.spec.tags,
    lastStatus: state.lastStatus,
    failureReason: failureReasonOf(state),
    endedAt: live ? null : state.endedAt,
    worker: running?.worker ?? null,
    leaseUntil: running === null ? null : ((leaseFrom + leaseMs) as EpochMillis),
    correlationId: state.origin.correlationId
  }
}
