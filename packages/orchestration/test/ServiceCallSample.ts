/** One service call to tell stories about: its commands, its events, and a history for every state it can be in. */
import type { Envelope } from "@dueline/contracts/Envelope"
import {
  CommandId,
  CorrelationId,
  EpochMillis,
  IdempotencyKey,
  ServiceCallId,
  StreamId,
  TenantId,
  WorkerId
} from "@dueline/contracts/Ids"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import type { ServiceCallEvent } from "@dueline/contracts/serviceCall/Event"
import {
  carryHandBackReason,
  deadlineGraceMs,
  defaultRetryPolicy,
  type HandBackReason,
  type RetryPolicy,
  type Spec
} from "@dueline/contracts/serviceCall/Spec"

type Of<T extends { readonly _tag: string }, Tag extends T["_tag"]> = Extract<T, { readonly _tag: Tag }>
type Changes<Tag extends ServiceCallCommand["_tag"]> = Partial<Omit<Of<ServiceCallCommand, Tag>, "_tag">>

export const ms = (millis: number): EpochMillis => EpochMillis.make(millis)
/** 2030-01-01T00:00:00Z: submitted then, and due a minute later. */
export const t0 = ms(1_893_456_000_000)
export const dueAt = ms(t0 + 60_000)

const uuid = (n: number): string => `00000000-0000-7000-8000-${n.toString(16).padStart(12, "0")}`
export const tenant = (n: number): TenantId => TenantId.make(uuid(0xa00000 + n))
export const call = (n: number): ServiceCallId => ServiceCallId.make(uuid(n))
export const streamOf = (id: ServiceCallId): StreamId => StreamId.make(id)
export const tenantId = tenant(1)
export const callId = call(1)
export const worker = WorkerId.make("worker-1")
export const origin = { correlationId: CorrelationId.make("0abc"), traceparent: null }

/** Of all calls here, as `targetOf` would say. */
export const target = "api.example.com"

export const spec = (retry: Partial<RetryPolicy> = {}): Spec => ({
  request: { method: "POST", url: `https://${target}/hook`, headers: {}, bodyBytes: 2, bodySnippet: "{}" },
  timeoutMs: 1_000,
  retry: { ...defaultRetryPolicy, jitter: 0, ...retry },
  tags: ["sample"]
})

export const submit = (changes: Changes<"SubmitServiceCall"> = {}): ServiceCallCommand => ({
  _tag: "SubmitServiceCall",
  callId,
  at: t0,
  spec: spec(),
  dueAt,
  fingerprint: "f1",
  origin,
  sealed: "sealed",
  ...changes
})
export const reschedule = (changes: Changes<"RescheduleServiceCall"> = {}): ServiceCallCommand => ({
  _tag: "RescheduleServiceCall",
  callId,
  at: ms(t0 + 1),
  dueAt: ms(dueAt + 5_000),
  ...changes
})
export const cancel = (changes: Changes<"CancelServiceCall"> = {}): ServiceCallCommand => ({
  _tag: "CancelServiceCall",
  callId,
  at: ms(t0 + 2),
  ...changes
})
export const rerun = (changes: Changes<"RerunServiceCall"> = {}): ServiceCallCommand => ({
  _tag: "RerunServiceCall",
  callId,
  at: ms(dueAt + 900_000),
  ...changes
})
export const due = (changes: Changes<"DueTimeReached"> = {}): ServiceCallCommand => ({
  _tag: "DueTimeReached",
  callId,
  at: dueAt,
  revision: 1,
  worker,
  ...changes
})
export const success = (changes: Changes<"RecordSuccess"> = {}): ServiceCallCommand => ({
  _tag: "RecordSuccess",
  callId,
  at: ms(dueAt + 80),
  epoch: 1,
  status: 200,
  durationMs: 80,
  response: null,
  ...changes
})
export const failure = (changes: Changes<"RecordFailure"> = {}): ServiceCallCommand => ({
  _tag: "RecordFailure",
  callId,
  at: ms(dueAt + 80),
  epoch: 1,
  reason: "http_status",
  detail: "503",
  status: 503,
  durationMs: 80,
  response: null,
  retryable: true,
  retryAfterMs: null,
  roll: 0.5,
  ...changes
})
const lossOf = (epoch: number) => ({
  at: ms(dueAt + 20_000),
  epoch,
  reason: "worker_lost" as const,
  detail: "gone",
  status: null,
  durationMs: 0,
  roll: 0
})

export const lost = (epoch = 1): ServiceCallCommand => failure(lossOf(epoch))

/** By a watchdog that does not know whether that worker is gone. */
export const lostBy = (holder: WorkerId): ServiceCallCommand => failure({ ...lossOf(1), holder })

export const handBack = (changes: Changes<"HandBackExecution"> = {}): ServiceCallCommand => ({
  _tag: "HandBackExecution",
  callId,
  at: ms(dueAt + 3),
  epoch: 1,
  reason: "circuit_open",
  retryAt: ms(dueAt + 5_000),
  ...changes
})

export const submitted = (of: Spec = spec()): ServiceCallEvent => ({
  _tag: "ServiceCallSubmitted",
  spec: of,
  dueAt,
  submittedAt: t0,
  fingerprint: "f1",
  origin
})
export const started = (epoch = 1, attempt = epoch, startedAt = dueAt): ServiceCallEvent => ({
  _tag: "ExecutionStarted",
  epoch,
  attempt,
  worker,
  startedAt,
  deadlineAt: ms(startedAt + 1_000 + deadlineGraceMs)
})
export const succeeded = (epoch = 1, attempt = epoch): ServiceCallEvent => ({
  _tag: "ExecutionSucceeded",
  epoch,
  attempt,
  status: 200,
  durationMs: 80,
  response: null
})
export const failed = (epoch = 1, attempt = epoch): ServiceCallEvent => ({
  _tag: "ExecutionFailed",
  epoch,
  attempt,
  reason: "http_status",
  detail: "503",
  status: 503,
  durationMs: 80,
  response: null
})
export const retryAt = (at: number, attempt = 2): ServiceCallEvent => ({
  _tag: "RetryScheduled",
  attempt,
  dueAt: ms(at)
})
export const handedBack = (retryAt: number, reason: HandBackReason = "circuit_open", epoch = 1): ServiceCallEvent => ({
  _tag: "ExecutionHandedBack",
  epoch,
  ...carryHandBackReason(reason),
  retryAt: ms(retryAt)
})
export const cancelAsked: ServiceCallEvent = { _tag: "CancellationRequested", epoch: 1 }
export const cancelled: ServiceCallEvent = { _tag: "ServiceCallCancelled" }
export const ended = (reason: "permanent" | "attempts_exhausted" | "cancelled"): ServiceCallEvent => ({
  _tag: "ServiceCallFailed",
  reason
})
export const superseded = (epoch: number, currentEpoch: number, outcome: "succeeded" | "failed"): ServiceCallEvent => ({
  _tag: "ExecutionSuperseded",
  epoch,
  currentEpoch,
  outcome
})

/** `Waiting` is a call between two attempts: scheduled again under revision 2. */
export const histories = {
  NotSubmitted: [],
  Scheduled: [submitted()],
  Running: [submitted(), started()],
  Cancelling: [submitted(), started(), cancelAsked],
  Waiting: [submitted(), started(), failed(), retryAt(dueAt + 1_080)],
  Succeeded: [submitted(), started(), succeeded()],
  Failed: [submitted(), started(), failed(), ended("permanent")],
  Cancelled: [submitted(), cancelled]
} satisfies Record<string, ReadonlyArray<ServiceCallEvent>>

type EnvelopeChanges = Partial<Omit<Envelope<ServiceCallCommand>, "command" | "idempotency">> & {
  readonly key?: string
  readonly fingerprint?: string
}

/** Every envelope is a request of its own, unless a test gives it the id of another. */
let asked = 0

export const envelope = (
  command: ServiceCallCommand,
  { key, fingerprint = "request-1", ...changes }: EnvelopeChanges = {}
): Envelope<ServiceCallCommand> => ({
  tenantId,
  commandId: CommandId.make(`${command._tag}:${command.callId}:${asked++}`),
  correlationId: origin.correlationId,
  actor: { kind: "user", id: "user-1" },
  traceparent: null,
  idempotency: key === undefined ? null : { key: IdempotencyKey.make(key), fingerprint },
  expectedVersion: null,
  ...changes,
  command
})
