/** Facts about a service call. Every case is stored for ever: add cases, never edit one. All times are epoch milliseconds. */
import { Schema } from "effect"
import { EpochMillis, ServiceCallId, WorkerId } from "../Ids.ts"
import { FailureReason, HandBackReason, Origin, ResponseSummary, Spec } from "./Spec.ts"

const Attempt = Schema.Int
const Epoch = Schema.Int

export const ServiceCallEvent = Schema.TaggedUnion({
  ServiceCallSubmitted: {
    spec: Spec,
    dueAt: EpochMillis,
    submittedAt: EpochMillis,
    fingerprint: Schema.NullOr(Schema.String),
    origin: Origin
  },
  ServiceCallRescheduled: { dueAt: EpochMillis },
  /** Another submission took its place before it had begun. */
  ServiceCallReplaced: { spec: Spec, dueAt: EpochMillis },
  ServiceCallCancelled: {},
  /** Asked to cancel while a request was on the wire: no further attempt will follow this one. */
  CancellationRequested: { epoch: Epoch },
  /** Handed over to a worker, up to `leadMs` before the call is due. Nothing has been sent yet. */
  ExecutionStarted: {
    epoch: Epoch,
    attempt: Attempt,
    worker: WorkerId,
    startedAt: EpochMillis,
    deadlineAt: EpochMillis
  },
  /** `sentAt` here and below: when the first byte of the request left. Missing when none did, and in events of before 0.2. */
  ExecutionSucceeded: {
    epoch: Epoch,
    attempt: Attempt,
    status: Schema.Int,
    durationMs: Schema.Int,
    response: Schema.NullOr(ResponseSummary),
    sentAt: Schema.optionalKey(EpochMillis)
  },
  ExecutionFailed: {
    epoch: Epoch,
    attempt: Attempt,
    reason: FailureReason,
    detail: Schema.String,
    status: Schema.NullOr(Schema.Int),
    durationMs: Schema.Int,
    response: Schema.NullOr(ResponseSummary),
    sentAt: Schema.optionalKey(EpochMillis)
  },
  /** Nothing was sent under this epoch and nothing will be; the attempt is still to be made. `retryAt` is when the call is due again. */
  ExecutionHandedBack: {
    epoch: Epoch,
    /** What programs of before 0.2 know; they take every newer reason for `draining`. */
    reason: Schema.Literals(["circuit_open", "draining"]),
    retryAt: EpochMillis,
    /** The reason itself when it is a newer one. */
    cause: Schema.optionalKey(HandBackReason),
    /** The watchdog had given the epoch up as lost, and the attempt was counted: it is not any more. */
    afterLoss: Schema.optionalKey(Schema.Literal(true))
  },
  RetryScheduled: { attempt: Attempt, dueAt: EpochMillis },
  /** `cancelled` in events of before 0.2 only. `lastReason` when no attempt says why: its request never left. */
  ServiceCallFailed: {
    reason: Schema.Literals(["permanent", "attempts_exhausted", "cancelled"]),
    lastReason: Schema.optionalKey(FailureReason)
  },
  ServiceCallRerun: { dueAt: EpochMillis },
  /** It has ended, and somebody is to be told. `revision`: of the scheduling that ended, so that each end has one. */
  CallbackWanted: { revision: Schema.Int },
  /** The call that tells it is made, or, with a reason, will never be. */
  CallbackSettled: {
    revision: Schema.Int,
    callbackId: Schema.NullOr(ServiceCallId),
    reason: Schema.NullOr(Schema.String)
  },
  /** A result came for an epoch that is not the current one. Recorded for the reader; changes nothing. */
  ExecutionSuperseded: { epoch: Epoch, currentEpoch: Epoch, outcome: Schema.Literals(["succeeded", "failed"]) }
})
export type ServiceCallEvent = typeof ServiceCallEvent.Type
