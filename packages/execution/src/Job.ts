/** One attempt on its way through the executor. Elapsed time is that of the clock that only goes forward, in milliseconds. */
import type { ExecutionRequested } from "@dueline/contracts/Intent"
import { type HandBackReason, leadMs } from "@dueline/contracts/serviceCall/Spec"
import { type Cause, Effect, type Fiber } from "effect"

export interface Job {
  readonly intent: ExecutionRequested
  /** When it was taken, in elapsed time. */
  readonly takenAt: number
  /** The last moment, in elapsed time, at which the call was known to be this worker's. */
  confirmedAt: number
  stage: "waiting" | "sending" | "recording" | "done"
  fiber: Fiber.Fiber<void> | null
  /** When its first byte left, in epoch milliseconds; null: none has. From then on the attempt counts. */
  sentAt: number | null
  /** For how long its request has been on the wire, without the time in which this process stood still. */
  onWireMs: number
  /** Why nothing of it leaves any more. Never set when its first byte has left. */
  withdrawn: HandBackReason | null
  /** What is being recorded is that nothing left. */
  givenBack: boolean
  /** Its request went on past its time and was interrupted: only the record is left to make. */
  overdue: boolean
  /** Called when the next heartbeat has confirmed the lease; null when nobody waits for that. */
  confirmed: (() => void) | null
  /** When it is done: whether it came to its end by itself, so that what was told of it is durable. */
  whole: boolean
  /** Called when it is done. */
  readonly ended: Array<() => void>
}

/** The same call may be here in two epochs at once: a stale attempt that has not ended, and the one that replaced it. */
export const keyOf = ({ callId, epoch, tenantId }: Pick<ExecutionRequested, "callId" | "epoch" | "tenantId">): string =>
  `${tenantId}/${callId}/${epoch}`

/** How fresh word of an attempt has to be for its lease to need no confirming, in milliseconds. */
const freshMs = 2_000

/** How long ago the lease may have been confirmed when the first byte leaves. Below the time for which the watchdog looks on. */
export const confirmedMs = 4_000

/**
 * `now` in epoch milliseconds, `elapsed` as above. Whether something stood still between the handing over and here only the wall clock
 * can tell; one that disagrees costs a heartbeat and nothing else.
 */
export const makeJob = (intent: ExecutionRequested, now: number, elapsed: number): Job => {
  const age = now - intent.handedOverAt
  return {
    intent,
    takenAt: elapsed,
    confirmedAt: age >= -leadMs && age < freshMs ? elapsed - Math.max(0, age) : Number.NEGATIVE_INFINITY,
    stage: "waiting",
    fiber: null,
    sentAt: null,
    onWireMs: 0,
    withdrawn: null,
    givenBack: false,
    overdue: false,
    confirmed: null,
    whole: false,
    ended: []
  }
}

/** A defect ends an attempt unrecorded; its lease runs out and the watchdog decides. It must not pass unseen. */
export const died = ({ callId, epoch, tenantId }: ExecutionRequested, cause: Cause.Cause<never>) =>
  Effect.logError("an attempt died", cause, { tenantId, serviceCallId: callId, epoch })
