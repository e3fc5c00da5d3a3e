/** What a fact makes of the state: the only place where it changes. */
import type { EpochMillis } from "@dueline/contracts/Ids"
import type { ServiceCallEvent } from "@dueline/contracts/serviceCall/Event"
import { handBackReasonOf } from "@dueline/contracts/serviceCall/handBackReason"
import type { WaitReason } from "@dueline/contracts/serviceCall/Spec"
import { type Facts, isLost, type Scheduled, type ServiceCallState, type Submitted } from "./State.ts"

/** How many past results and superseded epochs are remembered. */
const memoryLimit = 64

const facts = ({
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
  const { handBacks, results, superseded, lastStatus, lastReason } = rest
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
    lastReason
  }
}

const remember = <A>(list: ReadonlyArray<A>, item: A): ReadonlyArray<A> => [...list, item].slice(-memoryLimit)

/** Somebody asked for this time: whatever it waited for before does not count any more. */
const scheduled = (state: Submitted, dueAt: EpochMillis): Scheduled => ({
  ...facts(state),
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
    ...facts(state),
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
    case "RetryScheduled":
      return waiting(state, event.dueAt, "retry")
    case "ServiceCallRerun":
      // What was lost in an earlier run is not counted in this one.
      return { ...scheduled(state, event.dueAt), attempt: 0, results: state.results.filter(({ lost }) => !lost) }
    case "ServiceCallCancelled":
      return { ...facts(state), _tag: "Cancelled", endedAt: at }
    case "CancellationRequested":
      return state._tag === "Running" ? { ...state, cancelRequested: true } : state
    case "ExecutionStarted": {
      const { epoch, attempt, worker, startedAt, deadlineAt } = event
      return { ...facts(state), _tag: "Running", epoch, attempt, worker, startedAt, deadlineAt, cancelRequested: false }
    }
    case "ExecutionSucceeded": {
      const results = remember(state.results, { epoch: event.epoch, outcome: "succeeded" as const, lost: false })
      const known = { handBacks: 0, results, lastStatus: event.status, lastReason: null }
      return { ...facts(state), _tag: "Succeeded", endedAt: at, ...known }
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
        ...facts(state),
        _tag: "Failed",
        endedAt: at,
        reason: event.reason,
        lastReason: event.lastReason ?? state.lastReason
      }
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
