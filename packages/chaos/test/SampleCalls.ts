/** Logs of calls, event by event, with the rows that belong to them. Times are milliseconds after `origin`. */
import type { RecordedEvent } from "@dueline/contracts/Envelope"
import {
  CommandId,
  CorrelationId,
  EpochMillis,
  IdempotencyKey,
  ServiceCallId,
  TenantId,
  WorkerId
} from "@dueline/contracts/Ids"
import type { ServiceCallEvent } from "@dueline/contracts/serviceCall/Event"
import { defaultRetryPolicy } from "@dueline/contracts/serviceCall/Spec"
import { derivedCallId, derivedTenantId } from "@dueline/identity/derivedId"
import { eventId } from "@dueline/orchestration/engine/eventId"
import { restorer } from "@dueline/orchestration/engine/storedForms"
import { project, ServiceCall } from "@dueline/orchestration/aggregates/service-call/ServiceCall"
import type { StoredCall } from "../src/History.ts"

export const origin = 1_800_000_000_000
const restore = restorer(ServiceCall)
const body = { bodyBytes: 10, truncated: false }
export const at = (ms: number) => EpochMillis.make(origin + ms)

export interface Step {
  readonly ms: number
  readonly event: ServiceCallEvent
}

export const step = (ms: number, event: ServiceCallEvent): Step => ({ ms, event })

export const submitted = (ms: number, delayMs: number, maxAttempts = 5): Step =>
  step(ms, {
    _tag: "ServiceCallSubmitted",
    spec: {
      request: { method: "POST", url: "http://127.0.0.1/x", headers: {}, bodyBytes: 0, bodySnippet: null },
      timeoutMs: 10_000,
      retry: { ...defaultRetryPolicy, maxAttempts },
      tags: []
    },
    dueAt: at(ms + delayMs),
    submittedAt: at(ms),
    fingerprint: null,
    origin: { correlationId: CorrelationId.make("abc"), traceparent: null }
  })
export const started = (ms: number, epoch: number, attempt = epoch): Step =>
  step(ms, {
    _tag: "ExecutionStarted",
    epoch,
    attempt,
    worker: WorkerId.make("w"),
    startedAt: at(ms),
    deadlineAt: at(ms + 15_000)
  })
export const succeeded = (ms: number, epoch: number, attempt = epoch): Step => {
  const response = { ...body, bodySnippet: `{"seen":${epoch}}` }
  return step(ms, { _tag: "ExecutionSucceeded", epoch, attempt, status: 200, durationMs: 5, response })
}
const worn = { _tag: "ExecutionFailed", detail: "", status: null, durationMs: 0, response: null } as const

export const failed = (ms: number, epoch: number, lost: boolean, status: number | null): Step => {
  const reason = lost ? "worker_lost" : "http_status"
  const response = lost ? null : { ...body, bodySnippet: `{"seen":${epoch}}` }
  return step(ms, {
    _tag: "ExecutionFailed",
    epoch,
    attempt: epoch,
    reason,
    detail: "",
    status,
    durationMs: 0,
    response
  })
}

export const lost = (ms: number, epoch: number): Step =>
  step(ms, { ...worn, epoch, attempt: epoch, reason: "worker_lost" })

export const stored = (tenant: string, key: string, steps: ReadonlyArray<Step>): StoredCall => {
  const tenantId = derivedTenantId(tenant)
  const callId = derivedCallId(tenantId, IdempotencyKey.make(key))
  const events = steps.map(
    ({ event, ms }, i): RecordedEvent => ({
      eventId: eventId(tenantId, callId, i + 1, origin + ms),
      type: event._tag,
      eventVersion: 1,
      payload: event,
      metadata: {
        commandId: CommandId.make(`c${i}`),
        correlationId: CorrelationId.make("abc"),
        actor: { kind: "user", id: "u" },
        traceparent: null
      },
      recordedAt: origin + ms,
      version: i + 1
    })
  )
  const { state } = restore({ version: events.length, snapshot: null, events, sealed: null, receipt: null })
  const stamp = { version: events.length, at: EpochMillis.make(events.at(-1)?.recordedAt ?? 0) }
  const row = project(state, { ...stamp, tenantId: TenantId.make(tenantId), callId: ServiceCallId.make(callId) })
  return { tenantId, callId, events, row }
}
