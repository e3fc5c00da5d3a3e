/** The read model of a service call: one row, kept in step by the writer in the same transaction as the events. */
import type { EpochMillis, ServiceCallId, TenantId, WorkerId } from "../Ids.ts"
import type { ServiceCallStatus } from "./Rejection.ts"
import type { RequestSummary, RetryPolicy } from "./Spec.ts"

export interface ServiceCallRow {
  readonly _tag: "ServiceCallRow"
  readonly tenantId: TenantId
  readonly callId: ServiceCallId
  /** The stream's version after the commit; the ETag is made of it. */
  readonly version: number
  readonly status: ServiceCallStatus
  readonly createdAt: EpochMillis
  readonly updatedAt: EpochMillis
  readonly dueAt: EpochMillis
  /** When someone must look at it again: its due time while it lives, null once it has ended. Does not change while it runs. */
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
  /** HTTP status of the last attempt that had one. */
  readonly lastStatus: number | null
  /** Why it failed, or why its last attempt did: a `FailureReason`, or how the call ended. */
  readonly failureReason: string | null
  readonly endedAt: EpochMillis | null
  /** Who runs it, and until when it may be believed alive without a heartbeat. Null unless running. */
  readonly worker: WorkerId | null
  readonly leaseUntil: EpochMillis | null
  readonly correlationId: string
}
