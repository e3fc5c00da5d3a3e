/** What the next decision about a service call needs to know, and how each event changes it: the only place where it changes. */
import { CorrelationId, EpochMillis, type ServiceCallId, type TenantId, WorkerId } from "@dueline/contracts/Ids"
import type { ServiceCallEvent } from "@dueline/contracts/serviceCall/Event"
import { FailureReason, handBackReasonOf, Spec, WaitReason } from "@dueline/contracts/serviceCall/Spec"
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
  /** Attempts made in the present run: requests that left, that may have left, or that the target's side refused. */
  attempt: Schema.Int,
  /** Attempts handed over ever; only grows. */
  epoch: Schema.Int,
  /** Attempts handed back one after the other for a reason of our own: the pause grows with them. */
  handBacks: Schema.Int,
  /** The latest results and the latest superseded epochs, so that a repeat is told from news. Bounded. */
  results: Schema.Array(Result),
  superseded: Schema.Array(Schema.Int),
  lastStatus: Schema.NullOr(Schema.Int),
  lastReason: Schema.NullOr(FailureReason),
  /** Of a call whose ends are told: how many of them have not been. */
  untold: Schema.optionalKey(Schema.Int)
}
const Facts = Schema.Struct(facts)
type Facts = typeof Facts.Type

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

export const initial: ServiceCallState = { _tag: "NotSubmitted" }

/** Where and when events of a call land. */
export interface CallStamp {
  readonly tenantId: TenantId
  readonly callId: ServiceCallId
  /** The stream's version after the events. */
  readonly version: number
  /** When the last event was recorded, epoch ms. */
  readonly at: EpochMillis
}

/** When the next attempt may be made. */
export const wakeAtOf = ({ dueAt, notBefore }: Pick<Facts, "dueAt" | "notBefore">): EpochMillis => notBefore ?? dueAt

/** Why the last attempt failed: that all of them are used up says nothing. */
export const failureReasonOf = (state: Submitted): string | null =>
  state._tag === "Failed" && state.reason === "cancelled" ? "cancelled" : state.lastReason

/** Whether its request stays when it fails. */
export const keepsFailed = ({ spec }: Pick<Facts, "spec">): boolean => spec.failedRequest !== "drop"

/** The attempt of that epoch was counted because its outcome was not known. */
export const isLost = ({ results }: Pick<Facts, "results">, epoch: number): boolean =>
  results.some((result) => result.epoch === epoch && result.lost)

/** How many past results and superseded epochs are kept. */
const memoryLimit = 64

const factsOf = ({
  spec,
  fingerprint,
  origin,
  submittedAt,
  dueAt,
  notBefore,
  waitReason,
  revision,
  attempt,
  epoch,
  ...rest
}: Submitted): Facts => {
  const { handBacks, results, superseded, lastStatus, lastReason, untold } = rest
  return {
    spec,
    fingerprint,
    origin,
    submittedAt,
    dueAt,
    notBefore,
    waitReason,
    revision,
    attempt,
    epoch,
    handBacks,
    results,
    superseded,
    lastStatus,
    lastReason,
    ...(untold === undefined ? {} : { untold })
  }
}

const remember = <A>(list: ReadonlyArray<A>, item: A): ReadonlyArray<A> => [...list, item].slice(-memoryLimit)

/** This time was asked for: what the call waited for before does not count any more. */
const scheduled = (state: Submitted, dueAt: EpochMillis): Scheduled => ({
  ...factsOf(state),
  _tag: "Scheduled",
  dueAt,
  notBefore: null,
  waitReason: null,
  handBacks: 0,
  revision: state.revision + 1
})

/** It stays due when it was asked for; only the next attempt waits. */
const waiting = (state: Submitted, until: EpochMillis, reason: WaitReason): Scheduled => {
  const waits = until > state.dueAt
  return {
    ...factsOf(state),
    _tag: "Scheduled",
    notBefore: waits ? until : null,
    waitReason: waits ? reason : null,
    revision: state.revision + 1
  }
}

/** Total by design: an event that does not apply leaves the state alone, it never throws. `at` is when it was recorded. */
export const evolve = (state: ServiceCallState, event: ServiceCallEvent, at: EpochMillis): ServiceCallState => {
  if (event._tag === "ServiceCallSubmitted") return state._tag === "NotSubmitted" ? submitted(event) : state
  return state._tag === "NotSubmitted" ? state : next(state, event, at)
}

const submitted = (event: Extract<ServiceCallEvent, { _tag: "ServiceCallSubmitted" }>): Scheduled => ({
  _tag: "Scheduled",
  spec: event.spec,
  fingerprint: event.fingerprint,
  origin: event.origin,
  submittedAt: event.submittedAt,
  dueAt: event.dueAt,
  notBefore: null,
  waitReason: null,
  revision: 1,
  attempt: 0,
  epoch: 0,
  handBacks: 0,
  results: [],
  superseded: [],
  lastStatus: null,
  lastReason: null
})

const next = (
  state: Submitted,
  event: Exclude<ServiceCallEvent, { _tag: "ServiceCallSubmitted" }>,
  at: EpochMillis
): ServiceCallState => {
  switch (event._tag) {
    case "ServiceCallRescheduled":
      return scheduled(state, event.dueAt)
    case "ServiceCallReplaced":
      return { ...scheduled(state, event.dueAt), spec: event.spec }
    case "RetryScheduled":
      return waiting(state, event.dueAt, "retry")
    case "ServiceCallRerun":
      // What was lost in an earlier run is not counted in this one.
      return { ...scheduled(state, event.dueAt), attempt: 0, results: state.results.filter(({ lost }) => !lost) }
    case "ServiceCallCancelled":
      return { ...factsOf(state), _tag: "Cancelled", endedAt: at }
    case "CancellationRequested":
      return state._tag === "Running" ? { ...state, cancelRequested: true } : state
    case "ExecutionStarted": {
      const { epoch, attempt, worker, startedAt, deadlineAt } = event
      return {
        ...factsOf(state),
        _tag: "Running",
        epoch,
        attempt,
        worker,
        startedAt,
        deadlineAt,
        cancelRequested: false
      }
    }
    case "ExecutionSucceeded": {
      const results = remember(state.results, { epoch: event.epoch, outcome: "succeeded" as const, lost: false })
      const known = { handBacks: 0, results, lastStatus: event.status, lastReason: null }
      return { ...factsOf(state), _tag: "Succeeded", endedAt: at, ...known }
    }
    case "ExecutionFailed": {
      const result = { epoch: event.epoch, outcome: "failed" as const, lost: event.reason === "worker_lost" }
      const results = remember(state.results, result)
      return { ...state, handBacks: 0, results, lastStatus: event.status ?? state.lastStatus, lastReason: event.reason }
    }
    case "ExecutionHandedBack":
      return handedBack(state, event)
    case "ServiceCallFailed":
      return {
        ...factsOf(state),
        _tag: "Failed",
        endedAt: at,
        reason: event.reason,
        lastReason: event.lastReason ?? state.lastReason
      }
    case "CallbackWanted":
      return { ...state, untold: (state.untold ?? 0) + 1 }
    case "CallbackSettled":
      return { ...state, untold: Math.max(0, (state.untold ?? 0) - 1) }
    case "ExecutionSuperseded":
      return { ...state, superseded: remember(state.superseded, event.epoch) }
  }
}

/** Nothing was sent: the next attempt has the same number, under another epoch. */
const handedBack = (
  state: Submitted,
  event: Extract<ServiceCallEvent, { _tag: "ExecutionHandedBack" }>
): ServiceCallState => {
  const reason = handBackReasonOf(event)
  const attempt = Math.max(0, state.attempt - 1)
  if (event.afterLoss !== true) {
    if (state._tag !== "Running" || state.epoch !== event.epoch) return state
    const ours = reason !== "draining" && reason !== "circuit_open"
    return { ...waiting(state, event.retryAt, reason), attempt, handBacks: state.handBacks + (ours ? 1 : 0) }
  }
  if (!isLost(state, event.epoch)) return state
  const found = { attempt, results: state.results.filter(({ epoch }) => epoch !== event.epoch) }
  return state._tag === "Failed" && state.reason === "attempts_exhausted"
    ? { ...waiting(state, event.retryAt, reason), ...found }
    : { ...state, ...found }
}
