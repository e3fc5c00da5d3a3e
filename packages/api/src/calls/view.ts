/** Rows, outcomes and events of service calls as they are answered, and what was tried, told from the history of one call. */
import type {
  Attempt,
  HistoryEvent,
  ServiceCall,
  ServiceCallState,
  ServiceCallSummary,
  WaitsFor
} from "@dueline/contracts/api/ServiceCallView"
import { formatInstant } from "@dueline/contracts/api/Wire"
import type { RecordedEvent } from "@dueline/contracts/Envelope"
import type { CorrelationId, ServiceCallId } from "@dueline/contracts/Ids"
import type { Answer } from "@dueline/contracts/ports/Orchestrator"
import { ServiceCallEvent } from "@dueline/contracts/serviceCall/Event"
import type { ServiceCallRow } from "@dueline/contracts/serviceCall/Row"
import { Schema } from "effect"

const isEvent = Schema.is(ServiceCallEvent)

/**
 * Oldest first. One that a worker handed back is none: nothing was sent, and the next one has its number; only the history tells of it.
 * An event that this version of the program does not know is passed over.
 */
export const attemptsOf = (history: ReadonlyArray<RecordedEvent>): ReadonlyArray<Attempt> => {
  const attempts = new Map<number, Attempt>()
  for (const { payload, recordedAt } of history) {
    if (isEvent(payload)) record(attempts, payload, recordedAt)
  }
  return [...attempts.values()]
}

const record = (attempts: Map<number, Attempt>, event: ServiceCallEvent, recordedAt: number): void => {
  if (event._tag === "ExecutionStarted") {
    attempts.set(event.epoch, {
      number: event.attempt,
      epoch: event.epoch,
      startedAt: formatInstant(event.startedAt),
      durationMs: null,
      outcome: "running",
      status: null,
      reason: null,
      detail: null,
      response: null,
      superseded: []
    })
    return
  }
  if (event._tag === "ExecutionHandedBack") attempts.delete(event.epoch)
  if (event._tag !== "ExecutionSucceeded" && event._tag !== "ExecutionFailed" && event._tag !== "ExecutionSuperseded")
    return
  const attempt = attempts.get(event.epoch)
  if (attempt !== undefined) attempts.set(event.epoch, finish(attempt, event, recordedAt))
}

/** Whom the end is told, where the submission is among these events and names somebody. */
const onEndOf = (history: ReadonlyArray<RecordedEvent>): Pick<ServiceCall, "onEnd"> => {
  const events = history.flatMap(({ payload }) => (isEvent(payload) ? [payload] : []))
  const asked = events.findLast(({ _tag }) => _tag === "ServiceCallSubmitted" || _tag === "ServiceCallReplaced")
  const onEnd = asked !== undefined && "spec" in asked ? asked.spec.onEnd : undefined
  if (onEnd === undefined) return {}
  const settled = events.filter((event) => event._tag === "CallbackSettled")
  const callbacks = settled.map(({ callbackId, reason }) => ({ callId: callbackId, reason }))
  return { onEnd: { ...onEnd, callbacks } }
}

type Result = Extract<
  ServiceCallEvent,
  { readonly _tag: "ExecutionSucceeded" | "ExecutionFailed" | "ExecutionSuperseded" }
>

const finish = (attempt: Attempt, event: Result, recordedAt: number): Attempt => {
  if (event._tag === "ExecutionSuperseded") {
    return {
      ...attempt,
      superseded: [...attempt.superseded, { outcome: event.outcome, recordedAt: formatInstant(recordedAt) }]
    }
  }
  const { durationMs, response, sentAt, status } = event
  const startedAt = sentAt === undefined ? attempt.startedAt : formatInstant(sentAt)
  return event._tag === "ExecutionSucceeded"
    ? { ...attempt, startedAt, outcome: "succeeded", durationMs, status, response }
    : {
        ...attempt,
        startedAt,
        outcome: "failed",
        durationMs,
        status,
        response,
        reason: event.reason,
        detail: event.detail
      }
}

export const callPath = (callId: ServiceCallId): string => `/v1/service-calls/${callId}`

const links = (callId: ServiceCallId) => ({ self: callPath(callId), events: `${callPath(callId)}/events` })

/** From the answer alone, never from the row: a repeat gets the same bytes. */
export const stateOf = ({ outcome, version }: Answer): ServiceCallState => ({
  id: outcome.callId,
  status: outcome.status,
  dueAt: formatInstant(outcome.dueAt),
  attempt: outcome.attempt,
  version,
  links: links(outcome.callId),
  ...(outcome._tag === "Submitted" && outcome.pending !== undefined ? { pending: outcome.pending } : {})
})

export const stateOfRow = (row: ServiceCallRow): ServiceCallState => ({
  id: row.callId,
  status: row.status,
  dueAt: formatInstant(row.dueAt),
  attempt: row.attempt,
  version: row.version,
  links: links(row.callId)
})

export const summaryOf = (row: ServiceCallRow): ServiceCallSummary => ({
  ...stateOfRow(row),
  notBefore: row.notBefore === null ? null : formatInstant(row.notBefore),
  waitReason: row.waitReason,
  createdAt: formatInstant(row.createdAt),
  updatedAt: formatInstant(row.updatedAt),
  endedAt: row.endedAt === null ? null : formatInstant(row.endedAt),
  tags: row.tags,
  cancelRequested: row.cancelRequested,
  lastStatus: row.lastStatus,
  failureReason: row.failureReason,
  request: row.request
})

export const detailOf = (
  row: ServiceCallRow,
  history: ReadonlyArray<RecordedEvent>,
  waitsFor: WaitsFor | null
): ServiceCall => ({
  ...summaryOf(row),
  request: row.request,
  timeoutMs: row.timeoutMs,
  retry: row.retry,
  epoch: row.epoch,
  flow: row.flow,
  waitsFor,
  correlationId: row.correlationId as CorrelationId,
  attempts: attemptsOf(history),
  ...onEndOf(history)
})

export const eventOf = (event: RecordedEvent): HistoryEvent => ({
  version: event.version,
  eventId: event.eventId,
  type: event.type,
  eventVersion: event.eventVersion,
  recordedAt: formatInstant(event.recordedAt),
  correlationId: event.metadata.correlationId,
  actor: event.metadata.actor,
  payload: event.payload as Schema.Json
})
