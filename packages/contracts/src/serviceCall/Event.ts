/** Facts about a service call. Every case is stored for ever: add cases, never edit one. All times are epoch milliseconds. */
import { Schema } from "effect"
import { EpochMillis, WorkerId } from "../Ids.ts"
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
  ServiceCallCancelled: {},
  /** Asked to cancel while a request was on the wire: no further attempt will follow this one. */
  CancellationRequested: { epoch: Epoch },
  ExecutionStarted: {
    epoch: Epoch,
    attempt: Attempt,
    worker: WorkerId,
    startedAt: EpochMillis,
    deadlineAt: EpochMillis
  },
  ExecutionSucceeded: {
    epoch: Epoch,
    attempt: Attempt,
    status: Schema.Int,
    durationMs: Schema.Int,
    response: Schema.NullOr(ResponseSummary)
  },
  ExecutionFailed: {
    epoch: Epoch,
    attempt: Attempt,
    reason: FailureReason,
    detail: Schema.String,
    status: Schema.NullOr(Schema.Int),
    durationMs: Schema.Int,
    response: Schema.NullOr(ResponseSummary)
  },
  /** Nothing was sent under this epoch and nothing will be; the attempt is still to be made. `retryAt` is when the call is due again. */
  ExecutionHandedBack: { epoch: Epoch, reason: HandBackReason, retryAt: EpochMillis },
  RetryScheduled: { attempt: Attempt, dueAt: EpochMillis },
  ServiceCallFailed: { reason: Schema.Literals(["permanent", "attempts_exhausted", "cancelled"]) },
  ServiceCallRerun: { dueAt: EpochMillis },
  /** A result came for an epoch that is not the current one. Recorded for the reader; changes nothing. */
  ExecutionSuperseded: { epoch: Epoch, currentEpoch: Epoch, outcome: Schema.Literals(["succeeded", "failed"]) }
})
export type ServiceCallEvent = typeof ServiceCallEvent.Type
