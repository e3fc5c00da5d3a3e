/** What the next decision needs to remember about a service call, and nothing else. */
import type { CorrelationId, EpochMillis, WorkerId } from "@dueline/contracts/Ids"
import type { FailureReason, Spec } from "@dueline/contracts/serviceCall/Spec"

/** How an attempt ended, and whether its own worker said so or the watchdog did for it. */
export interface Result {
  readonly epoch: number
  readonly outcome: "succeeded" | "failed"
  readonly lost: boolean
}

export interface Facts {
  readonly spec: Spec
  readonly fingerprint: string | null
  readonly origin: { readonly correlationId: CorrelationId; readonly traceparent: string | null }
  readonly submittedAt: EpochMillis
  readonly dueAt: EpochMillis
  /** Counts schedulings: an alarm that names an older one is stale. */
  readonly revision: number
  /** Attempts made in the present run. */
  readonly attempt: number
  /** Attempts made ever; only grows. */
  readonly epoch: number
  /** The latest results and the latest superseded epochs, so that a repeat is told from news. Bounded. */
  readonly results: ReadonlyArray<Result>
  readonly superseded: ReadonlyArray<number>
  readonly lastStatus: number | null
  readonly lastReason: FailureReason | null
}

export interface Scheduled extends Facts {
  readonly _tag: "Scheduled"
}
export interface Running extends Facts {
  readonly _tag: "Running"
  readonly worker: WorkerId
  readonly startedAt: EpochMillis
  readonly deadlineAt: EpochMillis
  readonly cancelRequested: boolean
}
interface Ended extends Facts {
  readonly endedAt: EpochMillis
}
export interface Succeeded extends Ended {
  readonly _tag: "Succeeded"
}
export interface Failed extends Ended {
  readonly _tag: "Failed"
  readonly reason: "permanent" | "attempts_exhausted" | "cancelled"
}
export interface Cancelled extends Ended {
  readonly _tag: "Cancelled"
}
export type Submitted = Scheduled | Running | Succeeded | Failed | Cancelled
export type ServiceCallState = { readonly _tag: "NotSubmitted" } | Submitted

export const initial: ServiceCallState = { _tag: "NotSubmitted" }
