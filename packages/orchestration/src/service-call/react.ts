/** What the world must do because of facts about a service call. Runs once, at commit; never on replay. */
import type { Intent } from "@dueline/contracts/Intent"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import type { ServiceCallEvent } from "@dueline/contracts/serviceCall/Event"
import type { ServiceCallEnded, ServiceCallTopic } from "@dueline/contracts/Topic"
import type { Stamp } from "./project.ts"
import type { ServiceCallState } from "./State.ts"

/** The public message a fact calls for: only the end of a call leaves the system. `after` is the state after the whole decision. */
export const announce = (
  event: ServiceCallEvent,
  after: ServiceCallState,
  { tenantId, callId, version, at }: Stamp
): { readonly topic: ServiceCallTopic; readonly payload: ServiceCallEnded } | null => {
  const topic = topicOf(event)
  if (topic === null || after._tag === "NotSubmitted") return null
  const failureReason = after._tag === "Failed" && after.reason !== "permanent" ? after.reason : after.lastReason
  const payload: ServiceCallEnded = {
    schemaVersion: 1,
    tenantId,
    callId,
    status: after._tag,
    version,
    attempt: after.attempt,
    epoch: after.epoch,
    httpStatus: after.lastStatus,
    failureReason,
    endedAt: at,
    correlationId: after.origin.correlationId
  }
  return { topic, payload }
}

const topicOf = (event: ServiceCallEvent): ServiceCallTopic | null => {
  switch (event._tag) {
    case "ExecutionSucceeded":
      return "ops.service-call.succeeded"
    case "ServiceCallFailed":
      return "ops.service-call.failed"
    case "ServiceCallCancelled":
      return "ops.service-call.cancelled"
    default:
      return null
  }
}

const schedulings: ReadonlySet<string> = new Set([
  "ServiceCallSubmitted",
  "ServiceCallRescheduled",
  "RetryScheduled",
  "ServiceCallRerun"
])

/** What this process should do at once because of new facts: wait for the due time, or make the attempt. */
export const intend = (
  events: ReadonlyArray<ServiceCallEvent>,
  after: ServiceCallState,
  { tenantId, callId }: Stamp,
  sealed: string | null,
  command: ServiceCallCommand
): Intent | null => {
  if (after._tag === "Scheduled" && events.some(({ _tag }) => schedulings.has(_tag))) {
    return { _tag: "AlarmWanted", tenantId, callId, revision: after.revision, dueAt: after.dueAt }
  }
  if (after._tag !== "Running" || !events.some(({ _tag }) => _tag === "ExecutionStarted")) return null
  // The attempt belongs to the worker it was given to, also when another one asks for the same due time.
  if (command._tag === "DueTimeReached" && command.worker !== after.worker) return null
  return {
    _tag: "ExecutionRequested",
    tenantId,
    callId,
    epoch: after.epoch,
    attempt: after.attempt,
    dueAt: after.dueAt,
    deadlineAt: after.deadlineAt,
    timeoutMs: after.spec.timeoutMs,
    retryStatuses: after.spec.retry.retryStatuses,
    request: after.spec.request,
    sealed,
    correlationId: after.origin.correlationId,
    traceparent: after.origin.traceparent
  }
}
