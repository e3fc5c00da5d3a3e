/** One attempt on its way through the executor. */
import type { ExecutionRequested } from "@dueline/contracts/Intent"
import { deadlineGraceMs, leaseMs } from "@dueline/contracts/serviceCall/Spec"
import { type Cause, Effect, type Fiber } from "effect"

export interface Job {
  readonly intent: ExecutionRequested
  /** When it was taken, epoch milliseconds. */
  readonly takenAt: number
  /** Epoch milliseconds from which on the call may be another worker's: nothing is sent any more. Moves with each heartbeat in time. */
  leaseUntil: number
  stage: "waiting" | "sending" | "recording" | "done"
  fiber: Fiber.Fiber<void> | null
  /** Its request went on past the deadline and was interrupted: only the record is left to make. */
  overdue: boolean
}

/** The same call may be here in two epochs at once: a stale attempt that has not ended, and the one that replaced it. */
export const keyOf = ({ callId, epoch, tenantId }: ExecutionRequested): string => `${tenantId}/${callId}/${epoch}`

/** The lease counts from the start of the execution, not from when word of it came here. */
export const firstLeaseUntil = ({ deadlineAt, timeoutMs }: ExecutionRequested): number =>
  deadlineAt - deadlineGraceMs - timeoutMs + leaseMs

export const makeJob = (intent: ExecutionRequested, takenAt: number): Job => ({
  intent,
  takenAt,
  leaseUntil: firstLeaseUntil(intent),
  stage: "waiting",
  fiber: null,
  overdue: false
})

/** A defect ends an attempt unrecorded; its lease runs out and the watchdog decides. It must not pass unseen. */
export const died = ({ callId, epoch, tenantId }: ExecutionRequested, cause: Cause.Cause<never>) =>
  Effect.logError("an attempt died", cause, { tenantId, serviceCallId: callId, epoch })
