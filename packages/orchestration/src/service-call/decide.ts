/** What happens when something is asked of a service call: the only branching there is. */
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import type { ServiceCallEvent } from "@dueline/contracts/serviceCall/Event"
import {
  IllegalTransition,
  ServiceCallAlreadyDispatched,
  ServiceCallIdTaken,
  ServiceCallNotFound,
  type ServiceCallRejection
} from "@dueline/contracts/serviceCall/Rejection"
import { deadlineGraceMs, handBackPauseMs } from "@dueline/contracts/serviceCall/Spec"
import type { EpochMillis } from "@dueline/contracts/Ids"
import { Result } from "effect"
import { backoffMs } from "./backoff.ts"
import type { Running, ServiceCallState, Submitted } from "./State.ts"

type Decision = Result.Result<ReadonlyArray<ServiceCallEvent>, ServiceCallRejection>
type Of<Tag extends ServiceCallCommand["_tag"]> = Extract<ServiceCallCommand, { readonly _tag: Tag }>

const nothing: Decision = Result.succeed([])
const one = (event: ServiceCallEvent): Decision => Result.succeed([event])

/** Asking twice for the same thing decides nothing the second time: an empty list of events is a success. */
export const decide = (command: ServiceCallCommand, state: ServiceCallState): Decision => {
  if (command._tag === "SubmitServiceCall") return submit(command, state)
  if (state._tag === "NotSubmitted") return Result.fail(new ServiceCallNotFound({ callId: command.callId }))
  switch (command._tag) {
    case "CancelServiceCall":
      return cancel(command, state)
    case "RescheduleServiceCall":
      return reschedule(command, state)
    case "RerunServiceCall":
      return state._tag === "Failed"
        ? one({ _tag: "ServiceCallRerun", dueAt: command.at })
        : Result.fail(new IllegalTransition({ callId: command.callId, status: state._tag, allowed: ["Failed"] }))
    case "DueTimeReached":
      return due(command, state)
    case "RecordSuccess":
    case "RecordFailure":
      return record(command, state)
    case "HandBackExecution":
      return handBack(command, state)
  }
}

const submit = (command: Of<"SubmitServiceCall">, state: ServiceCallState): Decision => {
  const { callId, spec, dueAt, fingerprint, origin, at } = command
  if (state._tag === "NotSubmitted") {
    return one({ _tag: "ServiceCallSubmitted", spec, dueAt, submittedAt: at, fingerprint, origin })
  }
  return state.fingerprint === fingerprint ? nothing : Result.fail(new ServiceCallIdTaken({ callId }))
}

const dispatched = ({ callId }: ServiceCallCommand, { _tag, attempt }: Submitted): Decision =>
  Result.fail(new ServiceCallAlreadyDispatched({ callId, status: _tag, attempt }))

const cancel = (command: Of<"CancelServiceCall">, state: Submitted): Decision => {
  switch (state._tag) {
    case "Scheduled":
      return one({ _tag: "ServiceCallCancelled" })
    case "Running":
      return state.cancelRequested ? nothing : one({ _tag: "CancellationRequested", epoch: state.epoch })
    case "Cancelled":
      return nothing
    case "Succeeded":
    case "Failed":
      return dispatched(command, state)
  }
}

const reschedule = (command: Of<"RescheduleServiceCall">, state: Submitted): Decision => {
  switch (state._tag) {
    case "Scheduled":
      return command.dueAt === state.dueAt ? nothing : one({ _tag: "ServiceCallRescheduled", dueAt: command.dueAt })
    case "Cancelled":
      return Result.fail(new IllegalTransition({ callId: command.callId, status: "Cancelled", allowed: ["Scheduled"] }))
    default:
      return dispatched(command, state)
  }
}

/** Early, stale and repeated firings change nothing. */
const due = ({ at, revision, worker }: Of<"DueTimeReached">, state: Submitted): Decision => {
  if (state._tag !== "Scheduled" || revision !== state.revision || at < state.dueAt) return nothing
  return one({
    _tag: "ExecutionStarted",
    epoch: state.epoch + 1,
    attempt: state.attempt + 1,
    worker,
    startedAt: at,
    deadlineAt: (at + state.spec.timeoutMs + deadlineGraceMs) as EpochMillis
  })
}

const record = (command: Of<"RecordSuccess"> | Of<"RecordFailure">, state: Submitted): Decision => {
  if (state._tag === "Running" && command.epoch === state.epoch) {
    return command._tag === "RecordSuccess" ? succeeded(command, state) : failed(command, state)
  }
  const outcome = command._tag === "RecordSuccess" ? "succeeded" : "failed"
  const lost = command._tag === "RecordFailure" && command.reason === "worker_lost"
  const known = state.results.some((r) => r.epoch === command.epoch && r.outcome === outcome && r.lost === lost)
  // The watchdog's word about an epoch that has ended by itself is no result that came late: there is nothing to record.
  if (known || lost || state.superseded.includes(command.epoch)) return nothing
  return one({ _tag: "ExecutionSuperseded", epoch: command.epoch, currentEpoch: state.epoch, outcome })
}

const succeeded = ({ epoch, status, durationMs, response }: Of<"RecordSuccess">, { attempt }: Running): Decision =>
  one({ _tag: "ExecutionSucceeded", epoch, attempt, status, durationMs, response })

const failed = (command: Of<"RecordFailure">, state: Running): Decision => {
  const { epoch, reason, detail, status, durationMs, response } = command
  const { attempt } = state
  return Result.succeed([
    { _tag: "ExecutionFailed", epoch, attempt, reason, detail, status, durationMs, response },
    afterFailure(command, state)
  ])
}

const afterFailure = (
  command: Of<"RecordFailure">,
  { attempt, cancelRequested, dueAt, spec }: Running
): ServiceCallEvent => {
  if (cancelRequested) return { _tag: "ServiceCallFailed", reason: "cancelled" }
  if (!command.retryable) return { _tag: "ServiceCallFailed", reason: "permanent" }
  if (attempt >= spec.retry.maxAttempts) return { _tag: "ServiceCallFailed", reason: "attempts_exhausted" }
  // A lost worker says nothing about the target: no reason to keep it waiting, except for the due time, when it was lost before that.
  const delay =
    command.reason === "worker_lost" ? 0 : backoffMs(spec.retry, attempt, command.roll, command.retryAfterMs)
  return { _tag: "RetryScheduled", attempt: attempt + 1, dueAt: Math.max(dueAt, command.at + delay) as EpochMillis }
}

/** Word of an attempt that is not the present one comes too late to mean anything: something else has ended it. */
const handBack = ({ at, epoch, reason, retryAt }: Of<"HandBackExecution">, state: Submitted): Decision => {
  if (state._tag !== "Running" || epoch !== state.epoch) return nothing
  const soonest = reason === "circuit_open" ? at + handBackPauseMs : at
  const back: ServiceCallEvent = {
    _tag: "ExecutionHandedBack",
    epoch,
    reason,
    retryAt: Math.max(state.dueAt, soonest, retryAt) as EpochMillis
  }
  return Result.succeed(state.cancelRequested ? [back, { _tag: "ServiceCallCancelled" }] : [back])
}
