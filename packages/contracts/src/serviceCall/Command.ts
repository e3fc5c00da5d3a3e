/** What may be asked of a service call, what becomes of that, and every reason for which it is refused. */
import { Schema } from "effect"
import { EpochMillis, ServiceCallId, WorkerId } from "../Ids.ts"
import { FailureReason, HandBackReason, OnConflict, Origin, ResponseSummary, Spec } from "./Spec.ts"

/** Why the answer to a command about a service call is no. Nothing was stored. */
export const ServiceCallStatus = Schema.Literals(["Scheduled", "Running", "Succeeded", "Failed", "Cancelled"])
export type ServiceCallStatus = typeof ServiceCallStatus.Type

const refusedCall = { callId: ServiceCallId }

export class ServiceCallNotFound extends Schema.TaggedError<ServiceCallNotFound>()(
  "ServiceCallNotFound",
  refusedCall
) {}

/** The id was derived from a key that once named another request. */
export class ServiceCallIdTaken extends Schema.TaggedError<ServiceCallIdTaken>()("ServiceCallIdTaken", refusedCall) {}

/**
 * Too late to cancel or move: `attempt` is the last one that was sent. `held`, which never leaves the process that decides: an attempt is
 * handed over to that worker, and nobody has asked yet whether it was sent.
 */
export class ServiceCallAlreadyDispatched extends Schema.TaggedError<ServiceCallAlreadyDispatched>()(
  "ServiceCallAlreadyDispatched",
  {
    ...refusedCall,
    status: ServiceCallStatus,
    attempt: Schema.Int,
    held: Schema.optionalKey(Schema.Struct({ worker: WorkerId, epoch: Schema.Int }))
  }
) {}

/** The command does not fit the state; `allowed` names the states it does fit. */
export class IllegalTransition extends Schema.TaggedError<IllegalTransition>()("IllegalTransition", {
  ...refusedCall,
  status: ServiceCallStatus,
  allowed: Schema.Array(ServiceCallStatus)
}) {}

/** It has begun or ended, so it is pending no more: the next of its key is another call. */
export class ServiceCallBegun extends Schema.TaggedError<ServiceCallBegun>()("ServiceCallBegun", refusedCall) {}

/** Its tenant had requests of calls that fail erased: there is nothing to run again. */
export class RequestNotKept extends Schema.TaggedError<RequestNotKept>()("RequestNotKept", refusedCall) {}

export const ServiceCallRejection = Schema.Union([
  RequestNotKept,
  ServiceCallBegun,
  ServiceCallNotFound,
  ServiceCallIdTaken,
  ServiceCallAlreadyDispatched,
  IllegalTransition
])
export type ServiceCallRejection = typeof ServiceCallRejection.Type

const target = { callId: ServiceCallId, at: EpochMillis }

export const ServiceCallCommand = Schema.TaggedUnion({
  /** `sealed` is the whole request, encrypted, or null when the summary already says everything. */
  SubmitServiceCall: {
    ...target,
    spec: Spec,
    dueAt: EpochMillis,
    fingerprint: Schema.NullOr(Schema.String),
    origin: Origin,
    sealed: Schema.NullOr(Schema.String),
    /** For a call with a pending key: what happens when it is there and has not begun. The wait counts from its submission. */
    pending: Schema.optionalKey(Schema.Struct({ onConflict: OnConflict, longestWaitMs: Schema.NullOr(Schema.Int) }))
  },
  RescheduleServiceCall: { ...target, dueAt: EpochMillis },
  /** `unlessRunning`: refused while an attempt is handed over, so that whoever asks can have it recalled first. */
  CancelServiceCall: { ...target, unlessRunning: Schema.optionalKey(Schema.Boolean) },
  RerunServiceCall: target,
  /** The timer says it is time, or nearly. Ignored unless the call still waits under this `revision` for a time within `leadMs` of `at`. */
  DueTimeReached: { ...target, revision: Schema.Int, worker: WorkerId },
  RecordSuccess: {
    ...target,
    epoch: Schema.Int,
    status: Schema.Int,
    durationMs: Schema.Int,
    response: Schema.NullOr(ResponseSummary),
    /** When the first byte of the request left; missing when none did. */
    sentAt: Schema.optionalKey(EpochMillis)
  },
  RecordFailure: {
    ...target,
    epoch: Schema.Int,
    reason: FailureReason,
    detail: Schema.String,
    status: Schema.NullOr(Schema.Int),
    durationMs: Schema.Int,
    response: Schema.NullOr(ResponseSummary),
    retryable: Schema.Boolean,
    retryAfterMs: Schema.NullOr(Schema.Int),
    roll: Schema.Finite,
    sentAt: Schema.optionalKey(EpochMillis),
    /** Of a loss: who had the attempt and may live, so that it can be asked whether it ever heard of it. */
    holder: Schema.optionalKey(WorkerId)
  },
  /**
   * The worker will not make the attempt after all, and has sent nothing. It uses up no attempt; the call is due again at `retryAt`,
   * and, unless the worker is stopping, not before a pause that grows with each attempt handed back. Members as in `ExecutionHandedBack`.
   */
  HandBackExecution: {
    ...target,
    epoch: Schema.Int,
    reason: Schema.Literals(["circuit_open", "draining"]),
    retryAt: EpochMillis,
    cause: Schema.optionalKey(HandBackReason)
  },
  /** What became of telling one of its ends. */
  SettleCallback: {
    ...target,
    revision: Schema.Int,
    callbackId: Schema.NullOr(ServiceCallId),
    reason: Schema.NullOr(Schema.String)
  }
})
export type ServiceCallCommand = typeof ServiceCallCommand.Type

const about = { callId: ServiceCallId, status: ServiceCallStatus, dueAt: EpochMillis, attempt: Schema.Int }

/** What an accepted command about a service call is answered with. Stored in the receipt, so it can be answered again verbatim. */
export const ServiceCallOutcome = Schema.TaggedUnion({
  /** `pending`: what became of a call that had the key already. */
  Submitted: { ...about, pending: Schema.optionalKey(Schema.Literals(["kept", "replaced", "moved"])) },
  Rescheduled: about,
  /** No request will ever leave. */
  Cancelled: about,
  /** One is on the wire; it is the last. */
  Cancelling: about,
  Rerun: about,
  Started: { ...about, epoch: Schema.Int },
  Recorded: about,
  Superseded: about,
  /** A firing that was early, stale or a repeat; something handed back that was not held any more. */
  Ignored: about
})
export type ServiceCallOutcome = typeof ServiceCallOutcome.Type
