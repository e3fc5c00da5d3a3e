/**
 * What may be asked of a service call. Intent only; `at` is the asker's clock in epoch milliseconds, and everything random or
 * derived (ids, the jitter's `roll` in [0, 1)) is in the command, so that deciding needs neither clock nor dice.
 */
import { Schema } from "effect"
import { EpochMillis, ServiceCallId, WorkerId } from "../Ids.ts"
import { ServiceCallStatus } from "./Rejection.ts"
import { FailureReason, HandBackReason, OnConflict, Origin, ResponseSummary, Spec } from "./Spec.ts"

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
