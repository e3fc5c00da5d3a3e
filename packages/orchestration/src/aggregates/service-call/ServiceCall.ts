/**
 * The service-call aggregate as one value, with what a command is answered with, the row of its read model and what becomes of the sealed
 * request.
 */
import type { EpochMillis, ServiceCallId, StreamId } from "@dueline/contracts/Ids"
import type {
  ServiceCallCommand,
  ServiceCallOutcome,
  ServiceCallRejection
} from "@dueline/contracts/serviceCall/Command"
import { ServiceCallEvent } from "@dueline/contracts/serviceCall/Event"
import type { ServiceCallRow } from "@dueline/contracts/serviceCall/Row"
import { leaseMs } from "@dueline/contracts/serviceCall/Spec"
import type { Aggregate } from "../../engine/Aggregate.ts"
import { decide } from "./decide.ts"
import { announce, intend } from "./react.ts"
import { type CallStamp, evolve, failureReasonOf, initial, keepsFailed, ServiceCallState, wakeAtOf } from "./State.ts"

/** Of the call that had the key already; null when there was none. */
const becameOf = ([first]: ReadonlyArray<ServiceCallEvent>): "kept" | "replaced" | "moved" | null => {
  switch (first?._tag) {
    case "ServiceCallSubmitted":
      return null
    case "ServiceCallReplaced":
      return "replaced"
    case "ServiceCallRescheduled":
      return "moved"
    default:
      return "kept"
  }
}

/** What an accepted command is answered with. */
const respond = (
  command: ServiceCallCommand,
  after: ServiceCallState,
  events: ReadonlyArray<ServiceCallEvent>
): ServiceCallOutcome => {
  const { _tag, callId } = command
  if (after._tag === "NotSubmitted") throw new Error(`an accepted ${_tag} left no service call behind`)
  const about = { callId, status: after._tag, dueAt: after.dueAt, attempt: after.attempt }
  switch (command._tag) {
    case "SubmitServiceCall": {
      const pending = command.pending === undefined ? null : becameOf(events)
      return pending === null ? { _tag: "Submitted", ...about } : { _tag: "Submitted", ...about, pending }
    }
    case "RescheduleServiceCall":
      return { _tag: "Rescheduled", ...about }
    case "CancelServiceCall":
      return { _tag: after._tag === "Cancelled" ? "Cancelled" : "Cancelling", ...about }
    case "RerunServiceCall":
      return { _tag: "Rerun", ...about }
    case "DueTimeReached":
      return events.length === 0 ? { _tag: "Ignored", ...about } : { _tag: "Started", ...about, epoch: after.epoch }
    case "RecordSuccess":
    case "RecordFailure":
      return { _tag: events[0]?._tag === "ExecutionSuperseded" ? "Superseded" : "Recorded", ...about }
    case "SettleCallback":
      return { _tag: "Recorded", ...about }
    case "HandBackExecution":
      if (events.length > 0) return { _tag: "Recorded", ...about }
      return { _tag: after._tag === "Running" ? "Superseded" : "Ignored", ...about }
  }
}

/**
 * The sealed request after a decision: kept while an attempt may need it, erased with the last chance of one. A failed call keeps its
 * request, still sealed, because it may be run again by hand, unless its tenant wants none kept; a call that succeeded or was cancelled never needs
 * it any more, but for its callback, until that is made.
 */
const attachment = (command: ServiceCallCommand, before: string | null, state: ServiceCallState): string | null => {
  if (command._tag === "SubmitServiceCall" && state._tag === "Scheduled" && state.epoch === 0) {
    if (state.revision === 1) return before ?? command.sealed
    return command.pending?.onConflict === "replace" ? command.sealed : before
  }
  if (state._tag !== "Succeeded" && state._tag !== "Cancelled" && (state._tag !== "Failed" || keepsFailed(state)))
    return before
  // Whom its ends are told stands in it.
  return (state.untold ?? 0) > 0 ? before : null
}

/** The read model's row, as a function of the state. */
export const project = (
  state: ServiceCallState,
  { tenantId, callId, version, at }: CallStamp
): ServiceCallRow | null => {
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
    flow: state.spec.flow ?? null,
    lastStatus: state.lastStatus,
    failureReason: failureReasonOf(state),
    endedAt: live ? null : state.endedAt,
    worker: running?.worker ?? null,
    leaseUntil: running === null ? null : ((leaseFrom + leaseMs) as EpochMillis),
    correlationId: state.origin.correlationId
  }
}

export const ServiceCall: Aggregate<
  ServiceCallCommand,
  ServiceCallState,
  ServiceCallEvent,
  ServiceCallRejection,
  ServiceCallOutcome
> = {
  category: "service-call",
  event: ServiceCallEvent,
  upcasters: {},
  snapshot: { form: 3, state: ServiceCallState },
  // A call id has the form of a stream id; checking it again with every command would cost more than deciding.
  streamOf: ({ callId }) => callId as string as StreamId,
  opens: ({ _tag }) => _tag === "SubmitServiceCall",
  ended: ({ _tag }) => _tag === "Succeeded" || _tag === "Failed" || _tag === "Cancelled",
  initial,
  correlation: (state) => (state._tag === "NotSubmitted" ? null : state.origin.correlationId),
  evolve,
  decide,
  respond,
  attachment,
  ruled: false,
  requires: () => [],
  refuse: () => null,
  project: (state, { tenantId, streamId, version, at }) =>
    project(state, { tenantId, version, at, callId: streamId as string as ServiceCallId }),
  announce: (event, after, { tenantId, version, at }, { callId }) =>
    announce(event, after, { tenantId, version, at, callId }),
  intend: (events, after, { tenantId, version, at }, sealed, command) =>
    intend(events, after, { tenantId, version, at, callId: command.callId }, sealed, command)
}
