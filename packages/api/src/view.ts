/** Rows, outcomes and events as they are answered. */
import type {
  HistoryEvent,
  ServiceCall,
  ServiceCallState,
  ServiceCallSummary
} from "@dueline/contracts/api/ServiceCallView"
import { formatInstant } from "@dueline/contracts/api/Wire"
import type { RecordedEvent } from "@dueline/contracts/Envelope"
import type { CorrelationId, ServiceCallId } from "@dueline/contracts/Ids"
import type { Answer } from "@dueline/contracts/ports/Orchestrator"
import type { ServiceCallRow } from "@dueline/contracts/serviceCall/Row"
import type { Schema } from "effect"
import { attemptsOf } from "./attempts.ts"

export const callPath = (callId: ServiceCallId): string => `/v1/service-calls/${callId}`

const links = (callId: ServiceCallId) => ({ self: callPath(callId), events: `${callPath(callId)}/events` })

/** From the answer alone, never from the row: a repeat gets the same bytes. */
export const stateOf = ({ outcome, version }: Answer): ServiceCallState => ({
  id: outcome.callId,
  status: outcome.status,
  dueAt: formatInstant(outcome.dueAt),
  attempt: outcome.attempt,
  version,
  links: links(outcome.callId)
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

export const detailOf = (row: ServiceCallRow, history: ReadonlyArray<RecordedEvent>): ServiceCall => ({
  ...summaryOf(row),
  request: row.request,
  timeoutMs: row.timeoutMs,
  retry: row.retry,
  epoch: row.epoch,
  correlationId: row.correlationId as CorrelationId,
  attempts: attemptsOf(history)
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
