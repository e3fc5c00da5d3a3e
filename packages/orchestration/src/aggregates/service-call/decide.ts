/** What happens when something is asked of a service call: the only branching there is. */
import { exponentialMs } from "@dueline/contracts/backoff"
import type { EpochMillis } from "@dueline/contracts/Ids"
import {
  IllegalTransition,
  RequestNotKept,
  ServiceCallAlreadyDispatched,
  ServiceCallBegun,
  type ServiceCallCommand,
  ServiceCallIdTaken,
  ServiceCallNotFound,
  type ServiceCallRejection
} from "@dueline/contracts/serviceCall/Command"
import type { ServiceCallEvent } from "@dueline/contracts/serviceCall/Event"
import {
  deadlineGraceMs,
  handBackPauseLimitMs,
  handBackPauseMs,
  type HandBackReason,
  handBackReasonOf,
  leadMs,
  type RetryPolicy,
  unansweredNameLimitMs,
  unreadablePauseLimitMs
} from "@dueline/contracts/serviceCall/Spec"
import { Result } from "effect"
import { isLost, keepsFailed, type Running, type ServiceCallState, type Submitted, wakeAtOf } from "./State.ts"

/** A target may not put us off for longer than this, in milliseconds. */
export const retryAfterLimitMs = 86_400_000

/**
 * Milliseconds from now to the attempt after `attempt` (1 for the first). `roll` is in [0, 1). Exponential with a cap, spread by the
 * policy's jitter to both sides; after a `Retry-After` the spread goes only upwards, so that no attempt comes early and not all at once.
 */
export const backoffMs = (policy: RetryPolicy, attempt: number, roll: number, retryAfterMs: number | null): number => {
  const { initialDelayMs: initialMs, jitter, maxDelayMs: maxMs, multiplier } = policy
  const exponential = exponentialMs({ initialMs, maxMs }, attempt, multiplier)
  const delay = Math.max(0, exponential * (1 + jitter * (2 * roll - 1)))
  if (retryAfterMs === null) return Math.round(delay)
  const asked = Math.min(Math.max(0, retryAfterMs), retryAfterLimitMs) + exponential * jitter * roll
  return Math.ceil(Math.max(delay, asked))
}

type Decision = Result.Result<ReadonlyArray<ServiceCallEvent>, ServiceCallRejection>
type Of<Tag extends ServiceCallCommand["_tag"]> = Extract<ServiceCallCommand, { readonly _tag: Tag }>

const nothing: Decision = Result.succeed([])
const one = (event: ServiceCallEvent): Decision => Result.succeed([event])

/** Asking twice for the same thing decides nothing the second time: an empty list of events is a success. */
export const decide = (command: ServiceCallCommand, state: ServiceCallState): Decision => {
  const decision = decideAlone(command, state)
  return state._tag === "NotSubmitted" || state.spec.onEnd === undefined
    ? decision
    : Result.map(decision, (events) => told(events, state))
}

/** With the word that somebody is to be told, where these events are an end that is told. */
const told = (events: ReadonlyArray<ServiceCallEvent>, state: Submitted): ReadonlyArray<ServiceCallEvent> => {
  const last = events.at(-1)?._tag
  const hasFailed = last === "ServiceCallFailed"
  const hasEnded = hasFailed || last === "ExecutionSucceeded" || last === "ServiceCallCancelled"
  return (state.spec.onEnd?.on === "failed" ? hasFailed : hasEnded)
    ? [...events, { _tag: "CallbackWanted", revision: state.revision }]
    : events
}

const decideAlone = (command: ServiceCallCommand, state: ServiceCallState): Decision => {
  if (command._tag === "SubmitServiceCall") return submit(command, state)
  if (state._tag === "NotSubmitted") return Result.fail(new ServiceCallNotFound({ callId: command.callId }))
  switch (command._tag) {
    case "CancelServiceCall":
      return cancel(command, state)
    case "RescheduleServiceCall":
      return reschedule(command, state)
    case "RerunServiceCall":
      return rerun(command, state)
    case "DueTimeReached":
      return due(command, state)
    case "RecordSuccess":
    case "RecordFailure":
      return record(command, state)
    case "HandBackExecution":
      return handBack(command, state)
    case "SettleCallback": {
      const { callbackId, reason, revision } = command
      return one({ _tag: "CallbackSettled", revision, callbackId, reason })
    }
  }
}

const rerun = ({ at, callId }: Of<"RerunServiceCall">, state: Submitted): Decision => {
  if (state._tag !== "Failed")
    return Result.fail(new IllegalTransition({ callId, status: state._tag, allowed: ["Failed"] }))
  return keepsFailed(state) ? one({ _tag: "ServiceCallRerun", dueAt: at }) : Result.fail(new RequestNotKept({ callId }))
}

const submit = (command: Of<"SubmitServiceCall">, state: ServiceCallState): Decision => {
  const { callId, spec, dueAt, fingerprint, origin, at } = command
  if (state._tag === "NotSubmitted") {
    return one({ _tag: "ServiceCallSubmitted", spec, dueAt, submittedAt: at, fingerprint, origin })
  }
  if (command.pending !== undefined) return submitAgain(command, command.pending, state)
  return state.fingerprint === fingerprint ? nothing : Result.fail(new ServiceCallIdTaken({ callId }))
}

/** The call that has the key is there. Once a worker had it, it has begun, whatever came of that. */
const submitAgain = (
  { callId, dueAt, spec }: Of<"SubmitServiceCall">,
  { longestWaitMs, onConflict }: NonNullable<Of<"SubmitServiceCall">["pending"]>,
  state: Submitted
): Decision => {
  if (state._tag !== "Scheduled" || state.epoch > 0) return Result.fail(new ServiceCallBegun({ callId }))
  switch (onConflict) {
    case "keep":
      return nothing
    case "replace":
      return one({ _tag: "ServiceCallReplaced", spec, dueAt })
    case "debounce": {
      const latest = longestWaitMs === null ? dueAt : Math.min(dueAt, state.submittedAt + longestWaitMs)
      return latest === state.dueAt ? nothing : one({ _tag: "ServiceCallRescheduled", dueAt: latest as EpochMillis })
    }
  }
}

/** While an attempt is handed over, the worker that has it can say whether it was sent. */
const dispatched = ({ callId }: ServiceCallCommand, state: Submitted): Decision => {
  const { _tag, attempt } = state
  const held = state._tag === "Running" ? { held: { worker: state.worker, epoch: state.epoch } } : {}
  return Result.fail(new ServiceCallAlreadyDispatched({ callId, status: _tag, attempt, ...held }))
}

const cancel = (command: Of<"CancelServiceCall">, state: Submitted): Decision => {
  switch (state._tag) {
    case "Scheduled":
      return one({ _tag: "ServiceCallCancelled" })
    case "Running":
      if (state.cancelRequested) return nothing
      return command.unlessRunning === true
        ? dispatched(command, state)
        : one({ _tag: "CancellationRequested", epoch: state.epoch })
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
      return command.dueAt === state.dueAt && state.notBefore === null
        ? nothing
        : one({ _tag: "ServiceCallRescheduled", dueAt: command.dueAt })
    case "Cancelled":
      return Result.fail(new IllegalTransition({ callId: command.callId, status: "Cancelled", allowed: ["Scheduled"] }))
    default:
      return dispatched(command, state)
  }
}

/** Stale and repeated firings change nothing, nor do those that come earlier than a worker needs to get ready. */
const due = ({ at, revision, worker }: Of<"DueTimeReached">, state: Submitted): Decision => {
  if (state._tag !== "Scheduled" || revision !== state.revision || at < wakeAtOf(state) - leadMs) return nothing
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

const sent = ({ sentAt }: Of<"RecordSuccess"> | Of<"RecordFailure">) => (sentAt === undefined ? {} : { sentAt })

const succeeded = (command: Of<"RecordSuccess">, { attempt }: Running): Decision => {
  const { epoch, status, durationMs, response } = command
  return one({ _tag: "ExecutionSucceeded", epoch, attempt, status, durationMs, response, ...sent(command) })
}

const failed = (command: Of<"RecordFailure">, state: Running): Decision => {
  const { epoch, reason, detail, status, durationMs, response } = command
  const { attempt } = state
  return Result.succeed([
    { _tag: "ExecutionFailed", epoch, attempt, reason, detail, status, durationMs, response, ...sent(command) },
    afterFailure(command, state)
  ])
}

const afterFailure = (command: Of<"RecordFailure">, state: Running): ServiceCallEvent => {
  const { attempt, cancelRequested, spec } = state
  if (cancelRequested) return { _tag: "ServiceCallCancelled" }
  if (!command.retryable) return { _tag: "ServiceCallFailed", reason: "permanent" }
  if (attempt >= spec.retry.maxAttempts) return { _tag: "ServiceCallFailed", reason: "attempts_exhausted" }
  // A lost worker says nothing about the target: no reason to keep it waiting, except for its time, when it was lost before that.
  const delay =
    command.reason === "worker_lost" ? 0 : backoffMs(spec.retry, attempt, command.roll, command.retryAfterMs)
  const dueAt = Math.max(wakeAtOf(state), command.at + delay) as EpochMillis
  return { _tag: "RetryScheduled", attempt: attempt + 1, dueAt }
}

/** After a worker stops, another may make the attempt at once; a recall is followed by a cancel or a move at once. */
const pauseMs = (reason: HandBackReason, handBacks: number): number => {
  switch (reason) {
    case "draining":
      return 0
    case "circuit_open":
    case "recalled":
      return handBackPauseMs
    default: {
      const maxMs = reason === "request_unreadable" ? unreadablePauseLimitMs : handBackPauseLimitMs
      return exponentialMs({ initialMs: handBackPauseMs, maxMs }, handBacks + 1)
    }
  }
}

const handBack = (command: Of<"HandBackExecution">, state: Submitted): Decision => {
  const { at, cause, epoch, reason, retryAt } = command
  const why = handBackReasonOf(command)
  const current = state._tag === "Running" && epoch === state.epoch
  // An attempt that ended otherwise is not handed back any more, unless its outcome was not known until now.
  if (!current && !(isLost(state, epoch) && mayStillMatter(state))) return nothing
  const soonest = Math.max(current ? wakeAtOf(state) : at, at + pauseMs(why, state.handBacks), retryAt)
  const back: ServiceCallEvent = {
    _tag: "ExecutionHandedBack",
    epoch,
    reason,
    retryAt: soonest as EpochMillis,
    ...(cause === undefined ? {} : { cause }),
    ...(current ? {} : { afterLoss: true })
  }
  if (!current) return one(back)
  if (state.cancelRequested) return Result.succeed([back, { _tag: "ServiceCallCancelled" }])
  // Every other reason of our own passes or is mended by an operator; a name may be wrong for ever.
  return why === "name_unanswered" && at >= state.dueAt + unansweredNameLimitMs
    ? Result.succeed([back, { _tag: "ServiceCallFailed", reason: "permanent", lastReason: "dns" }])
    : one(back)
}

/**
 * How many attempts a call had matters as long as it may have another, and when it has failed for having had too many: then it has another, if its
 * request was kept.
 */
const mayStillMatter = (state: Submitted): boolean =>
  state._tag === "Scheduled" ||
  state._tag === "Running" ||
  (state._tag === "Failed" && state.reason === "attempts_exhausted" && keepsFailed(state))
