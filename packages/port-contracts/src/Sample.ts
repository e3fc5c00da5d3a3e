/** Valid commits, rows and ids for suites: every id from one counter, so that no two sentences share one and every run is the same. */
import type { NewEvent } from "@dueline/contracts/Envelope"
import {
  CommandId,
  CorrelationId,
  EpochMillis,
  ServiceCallId,
  StreamId,
  TenantId,
  WorkerId
} from "@dueline/contracts/Ids"
import type { Commit, LoadRequest, OutboxMessage, Receipt } from "@dueline/contracts/ports/Persistence"
import type { ServiceCallRow } from "@dueline/contracts/serviceCall/Row"
import { defaultRetryPolicy } from "@dueline/contracts/serviceCall/Spec"

let counter = 0

/** A UUID that has not been given out before and is greater than all before it. */
export const uuid = (): string => {
  counter += 1
  return `00000000-0000-7000-8000-${counter.toString(16).padStart(12, "0")}`
}

export const tenantId = (): TenantId => TenantId.make(uuid())
export const callId = (): ServiceCallId => ServiceCallId.make(uuid())
export const workerId = (): WorkerId => WorkerId.make(`worker-${uuid()}`)
export const streamOf = (call: ServiceCallId): StreamId => StreamId.make(call)

/** 2030-01-01T00:00:00Z: the moment at which everything in a sample happens. */
export const now = 1_893_456_000_000

export interface Target {
  readonly tenantId: TenantId
  readonly callId: ServiceCallId
}

export const target = (tenant: TenantId = tenantId()): Target => ({ tenantId: tenant, callId: callId() })

export const event = (payload: unknown = { dueAt: now }): NewEvent => {
  const eventId = uuid()
  return {
    eventId,
    type: "ServiceCallRescheduled",
    eventVersion: 1,
    payload,
    metadata: {
      commandId: CommandId.make(`command-${eventId}`),
      correlationId: CorrelationId.make("0abc"),
      actor: { kind: "system", id: "sample" },
      traceparent: null
    },
    recordedAt: now
  }
}

/** Where all calls of a sample go, unless their row says otherwise. */
export const host = "api.example.com"

/** A call that waits for its due time. */
export const row = (of: Target, changes: Partial<ServiceCallRow> = {}): ServiceCallRow => ({
  _tag: "ServiceCallRow",
  ...of,
  version: 1,
  status: "Scheduled",
  createdAt: EpochMillis.make(now),
  updatedAt: EpochMillis.make(now),
  dueAt: EpochMillis.make(now + 60_000),
  notBefore: null,
  waitReason: null,
  wakeAt: EpochMillis.make(now + 60_000),
  revision: 1,
  attempt: 0,
  epoch: 0,
  cancelRequested: false,
  request: {
    method: "POST",
    url: `https://${host}/hooks/1`,
    headers: { "content-type": "application/json" },
    bodyBytes: 2,
    bodySnippet: "{}"
  },
  timeoutMs: 30_000,
  retry: defaultRetryPolicy,
  tags: ["sample"],
  flow: null,
  lastStatus: null,
  failureReason: null,
  endedAt: null,
  worker: null,
  leaseUntil: null,
  correlationId: "0abc",
  ...changes
})

/** What a row looks like when its due time is another. */
export const due = (dueAt: number): Partial<ServiceCallRow> => ({
  dueAt: EpochMillis.make(dueAt),
  wakeAt: EpochMillis.make(dueAt)
})

/** What a row looks like while `worker` runs it. */
export const running = (worker: WorkerId, epoch: number, leaseUntil: number): Partial<ServiceCallRow> => ({
  status: "Running",
  attempt: 1,
  epoch,
  worker,
  leaseUntil: EpochMillis.make(leaseUntil)
})

export const message = (payload: unknown = { schemaVersion: 1 }): OutboxMessage => ({
  eventId: uuid(),
  topic: "ops.service-call.succeeded",
  payload
})

export const receipt = (
  of: Target,
  key: string = `key-${uuid()}`,
  version = 1
): Receipt & { readonly expiresAt: number } => ({
  key,
  fingerprint: "fingerprint",
  commandType: "SubmitServiceCall",
  streamId: streamOf(of.callId),
  version,
  answer: { _tag: "Submitted", callId: of.callId },
  expiresAt: now + 86_400_000
})

export interface CommitChanges extends Partial<Omit<Commit, "row" | "tenantId" | "streamId">> {
  readonly row?: Partial<ServiceCallRow> | null
}

/** One commit of one call: one event, its row, and nothing else unless asked for. */
export const commit = (of: Target, changes: CommitChanges = {}): Commit => {
  const { row: rowChanges = {}, ...rest } = changes
  const expectedVersion = rest.expectedVersion ?? 0
  const events = rest.events ?? [event()]
  return {
    category: "service-call",
    sealed: { _tag: "keep" },
    requires: [],
    snapshot: null,
    outbox: [],
    receipts: [],
    ...rest,
    tenantId: of.tenantId,
    streamId: streamOf(of.callId),
    expectedVersion,
    events,
    row: rowChanges === null ? null : row(of, { version: expectedVersion + events.length, ...rowChanges })
  }
}

export const loadRequest = (
  of: Target,
  changes: Partial<Omit<LoadRequest, "tenantId" | "streamId">> = {}
): LoadRequest => ({
  receiptKey: null,
  wantEvents: true,
  snapshotForm: null,
  ...changes,
  tenantId: of.tenantId,
  streamId: streamOf(of.callId)
})
