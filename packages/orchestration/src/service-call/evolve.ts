/** What a fact makes of the state: the only place where it changes. */
import type { EpochMillis } from "@dueline/contracts/Ids"
import type { ServiceCallEvent } from "@dueline/contracts/serviceCall/Event"
import type { Facts, Scheduled, ServiceCallState, Submitted } from "./State.ts"

/** How many past results and superseded epochs are remembered. */
const memoryLimit = 64

const facts = ({
  spec,
  fingerprint,
  origin,
  submittedAt,
  dueAt,
  revision,
  attempt,
  epoch,
  ...rest
}: Submitted): Facts => {
  const { results, superseded, lastStatus, lastReason } = rest
  return {
    spec,
    fingerprint,
    origin,
    submittedAt,
    dueAt,
    revision,
    attempt,
    epoch,
    results,
    superseded,
    lastStatus,
    lastReason
  }
}

const remember = <A>(list: ReadonlyArray<A>, item: A): ReadonlyArray<A> => [...list, item].slice(-memoryLimit)

const scheduled = (state: Submitted, dueAt: EpochMillis): Scheduled => ({
  ...facts(state),
  _tag: "Scheduled",
  dueAt,
  revision: state.revision + 1
})

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
  revision: 1,
  attempt: 0,
  epoch: 0,
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
    case "RetryScheduled":
      return scheduled(state, event.dueAt)
    case "ServiceCallRerun":
      return { ...scheduled(state, event.dueAt), attempt: 0 }
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
      return { ...facts(state), _tag: "Succeeded", endedAt: at, results, lastStatus: event.status, lastReason: null }
    }
    case "ExecutionFailed": {
      const result = { epoch: event.epoch, outcome: "failed" as const, lost: event.reason === "worker_lost" }
      const results = remember(state.results, result)
      return { ...state, results, lastStatus: event.status ?? state.lastStatus, lastReason: event.reason }
    }
    case "ExecutionHandedBack":
      // Nothing was sent: the next attempt has the same number, under another epoch.
      return state._tag === "Running" && state.epoch === event.epoch
        ? { ...scheduled(state, event.retryAt), attempt: Math.max(0, state.attempt - 1) }
        : state
    case "ServiceCallFailed":
      return { ...facts(state), _tag: "Failed", endedAt: at, reason: event.reason }
    case "ExecutionSuperseded":
      return { ...state, superseded: remember(state.superseded, event.epoch) }
  }
}
