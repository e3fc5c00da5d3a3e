/** The read model of a service call: one row, kept in step by the writer in the same transaction as the events. */
import type { EpochMillis, ServiceCallId, TenantId, WorkerId } from "../Ids.ts"
import type { Flow, RequestSummary, RetryPolicy, WaitReason } from "./Spec.ts"
import type { ServiceCallStatus } from "./Command.ts"

export interface ServiceCallRow {
  readonly _tag: "ServiceCallRow"
  readonly tenantId: TenantId
  readonly callId: ServiceCallId
  /** The stream's version after the commit; the ETag is made of it. */
  readonly version: number
  readonly status: ServiceCallStatus
  readonly createdAt: EpochMillis
  readonly updatedAt: EpochMillis
  /** What was asked for. */
  readonly dueAt: EpochMillis
  /** Before this its last attempt was not to be made, or its next one is not, and why: later than `dueAt`. Null: nothing but `dueAt` held. */
  readonly notBefore: EpochMillis | null
  readonly waitReason: WaitReason | null
  /** When someone must look at it again: `notBefore ?? dueAt` while it lives, null once it has ended. Does not change while it runs. */
  readonly wakeAt: EpochMillis | null
  /** Counts schedulings; an alarm for an older one is stale. */
  readonly revision: number
  /** Attempts made in the present run. */
  readonly attempt: number
  /** Grows with every attempt, for ever. */
  readonly epoch: number
  readonly cancelRequested: boolean
  readonly request: RequestSummary
  readonly timeoutMs: number
  readonly retry: RetryPolicy
  readonly tags: ReadonlyArray<string>
  /** Null when it belongs to none. */
  readonly flow: Flow | null
  /** HTTP status of the last attempt that had one. */
  readonly lastStatus: number | null
  /** Why its last attempt failed: a `FailureReason`; `cancelled` for a call of before 0.2 that ended so. */
  readonly failureReason: string | null
  readonly endedAt: EpochMillis | null
  /** Who runs it, and until when it may be believed alive without a heartbeat. Null unless running. */
  readonly worker: WorkerId | null
  readonly leaseUntil: EpochMillis | null
  readonly correlationId: string
}
