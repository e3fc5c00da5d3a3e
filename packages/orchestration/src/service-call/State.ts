/** What the next decision needs to remember about a service call, and nothing else. */
import { CorrelationId, EpochMillis, WorkerId } from "@dueline/contracts/Ids"
import { FailureReason, Spec, WaitReason } from "@dueline/contracts/serviceCall/Spec"
import { Schema } from "effect"

/** How an attempt ended, and whether its own worker said so or the watchdog did for it. */
const Result = Schema.Struct({
  epoch: Schema.Int,
  outcome: Schema.Literals(["succeeded", "failed"]),
  lost: Schema.Boolean
})

const facts = {
  spec: Spec,
  fingerprint: Schema.NullOr(Schema.String),
  origin: Schema.Struct({ correlationId: CorrelationId, traceparent: Schema.NullOr(Schema.String) }),
  submittedAt: EpochMillis,
  /** What was asked for. */
  dueAt: EpochMillis,
  /** Later than `dueAt`, and why: nothing is to be sent before. Null: nothing but `dueAt` holds. */
  notBefore: Schema.NullOr(EpochMillis),
  waitReason: Schema.NullOr(WaitReason),
  /** Counts schedulings: an alarm that names an older one is stale. */
  revision: Schema.Int,
  /** Attempts made in the present run: requests that left, or of which nobody knows whether they did, or that the target's side refused. */
  attempt: Schema.Int,
  /** Attempts handed over ever; only grows. */
  epoch: Schema.Int,
  /** Attempts handed back one after the other for a reason of our own: the pause grows with them. */
  handBacks: Schema.Int,
  /** The latest results and the latest superseded epochs, so that a repeat is told from news. Bounded. */
  results: Schema.Array(Result),
  superseded: Schema.Array(Schema.Int),
  lastStatus: Schema.NullOr(Schema.Int),
  lastReason: Schema.NullOr(FailureReason)
}
const Facts = Schema.Struct(facts)
export type Facts = typeof Facts.Type

/** In snapshots too: a changed shape needs another `form` there. */
export const ServiceCallState = Schema.TaggedUnion({
  NotSubmitted: {},
  Scheduled: facts,
  Running: {
    ...facts,
    worker: WorkerId,
    startedAt: EpochMillis,
    deadlineAt: EpochMillis,
    cancelRequested: Schema.Boolean
  },
  Succeeded: { ...facts, endedAt: EpochMillis },
  Failed: { ...facts, endedAt: EpochMillis, reason: Schema.Literals(["permanent", "attempts_exhausted", "cancelled"]) },
  Cancelled: { ...facts, endedAt: EpochMillis }
})
export type ServiceCallState = typeof ServiceCallState.Type
export type Submitted = Exclude<ServiceCallState, { readonly _tag: "NotSubmitted" }>
export type Scheduled = Extract<ServiceCallState, { readonly _tag: "Scheduled" }>
export type Running = Extract<ServiceCallState, { readonly _tag: "Running" }>
export type Failed = Extract<ServiceCallState, { readonly _tag: "Failed" }>

export const initial: ServiceCallState = { _tag: "NotSubmitted" }

/** When the next attempt may be made. */
export const wakeAtOf = ({ dueAt, notBefore }: Pick<Facts, "dueAt" | "notBefore">): EpochMillis => notBefore ?? dueAt

/** The attempt of that epoch was counted because nobody knew what had become of it. */
export const isLost = ({ results }: Pick<Facts, "results">, epoch: number): boolean =>
  results.some((result) => result.epoch === epoch && result.lost)
