/** What the world must do because of facts about a service call. Runs once, at commit; never on replay. */
import type { AttemptEnded, ExecutionRequested, Intent } from "@dueline/contracts/Intent"
import { alarmParts, targetOf } from "@dueline/contracts/serviceCall/target"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import type { ServiceCallEvent } from "@dueline/contracts/serviceCall/Event"
import { handBackReasonOf } from "@dueline/contracts/serviceCall/Spec"
import { callbackTopic, type ServiceCallEnded, type ServiceCallTopic } from "@dueline/contracts/serviceCall/Topic"
import {
  type CallStamp,
  failureReasonOf,
  type Running,
  type ServiceCallState,
  type Submitted,
  wakeAtOf
} from "./State.ts"

/** The public message a fact calls for: only the end of a call leaves the system. `after` is the state after the whole decision. */
export const announce = (
  event: ServiceCallEvent,
  after: ServiceCallState,
  { tenantId, callId, version, at }: CallStamp
): { readonly topic: ServiceCallTopic | typeof callbackTopic; readonly payload: ServiceCallEnded } | null => {
  const isCallback = event._tag === "CallbackWanted"
  const topic = isCallback ? callbackTopic : topicOf(event)
  if (topic === null || after._tag === "NotSubmitted") return null
  const payload: ServiceCallEnded = {
    schemaVersion: 1,
    tenantId,
    callId,
    status: after._tag,
    version,
    attempt: after.attempt,
    epoch: after.epoch,
    httpStatus: after.lastStatus,
    failureReason: failureReasonOf(after),
    endedAt: at,
    correlationId: after.origin.correlationId,
    ...(after.spec.tags.length === 0 ? {} : { tags: after.spec.tags }),
    ...(isCallback ? { revision: event.revision } : {})
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
  "ServiceCallReplaced",
  "ExecutionHandedBack",
  "RetryScheduled",
  "ServiceCallRerun"
])

/** What should be done at once because of new facts: count an attempt as over, wait for the due time, make the attempt. */
export const intend = (
  events: ReadonlyArray<ServiceCallEvent>,
  after: ServiceCallState,
  stamp: CallStamp,
  sealed: string | null,
  command: ServiceCallCommand
): ReadonlyArray<Intent> => {
  if (after._tag === "NotSubmitted") return []
  const intents: Array<Intent> = []
  for (const event of events) {
    const ended = attemptEnded(event, after, stamp)
    if (ended !== null) intents.push(ended)
  }
  if (after._tag === "Scheduled" && events.some(({ _tag }) => schedulings.has(_tag))) {
    const { tenantId, callId } = stamp
    intents.push({
      _tag: "AlarmWanted",
      tenantId,
      callId,
      revision: after.revision,
      dueAt: wakeAtOf(after),
      ...alarmParts(after.spec)
    })
  }
  // The attempt belongs to the worker it was given to, also when another one asks for the same due time.
  const another = command._tag === "DueTimeReached" && after._tag === "Running" && command.worker !== after.worker
  if (after._tag === "Running" && !another && events.some(({ _tag }) => _tag === "ExecutionStarted")) {
    intents.push(executionRequested(after, stamp, sealed))
  }
  return intents
}

const attemptEnded = (
  event: ServiceCallEvent,
  { spec }: Submitted,
  { tenantId, callId }: CallStamp
): AttemptEnded | null => {
  switch (event._tag) {
    case "ExecutionSucceeded":
    case "ExecutionFailed":
    case "ExecutionHandedBack":
      // Of one that was lost this was said when it was given up.
      if (event._tag === "ExecutionHandedBack" && event.afterLoss === true) return null
      return {
        _tag: "AttemptEnded",
        tenantId,
        callId,
        epoch: event.epoch,
        target: targetOf(spec.request.url),
        ...(spec.flow === undefined ? {} : { flow: spec.flow.key }),
        answered: event._tag !== "ExecutionHandedBack" && event.status !== null,
        pausedUntil:
          event._tag === "ExecutionHandedBack" && handBackReasonOf(event) === "circuit_open" ? event.retryAt : null
      }
    default:
      return null
  }
}

/** How long after its submission an attempt is part of the same trace, in milliseconds: what collects traces waits no longer. */
const traceMs = 600_000

const executionRequested = (
  { attempt, deadlineAt, dueAt, epoch, notBefore, origin, spec, startedAt, submittedAt, worker }: Running,
  { tenantId, callId }: CallStamp,
  sealed: string | null
): ExecutionRequested => ({
  _tag: "ExecutionRequested",
  tenantId,
  callId,
  worker,
  epoch,
  attempt,
  dueAt: wakeAtOf({ dueAt, notBefore }),
  handedOverAt: startedAt,
  deadlineAt,
  timeoutMs: spec.timeoutMs,
  retryStatuses: spec.retry.retryStatuses,
  request: spec.request,
  sealed,
  correlationId: origin.correlationId,
  traceparent: origin.traceparent,
  ...(origin.traceparent !== null && startedAt - submittedAt > traceMs ? { detached: true } : {})
})
