/**
 * When an attempt may begin, be given back, or be followed by another: what is wrong with the event, or null. `skewMs`: how far the clocks
 * may be apart by which the times in a log were told.
 */
import type { ServiceCallEvent } from "@dueline/contracts/serviceCall/Event"
import { deadlineGraceMs, handBackPauseMs, leadMs } from "@dueline/contracts/serviceCall/Spec"

export interface StartedAttempt {
  readonly epoch: number
  readonly attempt: number
  readonly worker: string
  /** Nothing is to be sent before. */
  readonly dueAt: number
  readonly startedAt: number
  readonly deadlineAt: number
}

/** The call as it stands before the event. */
interface Standing {
  readonly wakeAt: number
  readonly attempt: number
  readonly epoch: number
  readonly cancelRequested: boolean
  readonly maxAttempts: number
  readonly timeoutMs: number
  readonly results: ReadonlyMap<number, unknown>
}

type Of<Tag extends ServiceCallEvent["_tag"]> = Extract<ServiceCallEvent, { readonly _tag: Tag }>

export const wrongStart = (
  call: Standing,
  event: Of<"ExecutionStarted">,
  recordedAt: number,
  skewMs: number
): string | null => {
  const { attempt, deadlineAt, epoch, startedAt } = event
  if (startedAt < call.wakeAt - leadMs) return `${call.wakeAt - startedAt} ms early`
  if (Math.abs(startedAt - recordedAt) > skewMs) return `${startedAt - recordedAt} ms away from when it was recorded`
  if (epoch !== call.epoch + 1) return `epoch ${epoch} follows ${call.epoch}`
  if (attempt !== call.attempt + 1 || attempt > call.maxAttempts)
    return `attempt ${attempt} follows ${call.attempt} of ${call.maxAttempts}`
  return deadlineAt === startedAt + call.timeoutMs + deadlineGraceMs
    ? null
    : `deadline ${deadlineAt - startedAt} ms after the start`
}

export const wrongRetry = (
  call: Standing,
  { attempt, dueAt }: Of<"RetryScheduled">,
  recordedAt: number,
  skewMs: number
): string | null => {
  if (attempt !== call.attempt + 1) return `attempt ${attempt} follows ${call.attempt}`
  if (call.attempt >= call.maxAttempts) return `attempt ${attempt} of ${call.maxAttempts}`
  if (call.cancelRequested) return "although it was to be cancelled"
  if (!call.results.has(call.epoch)) return "without a result"
  return dueAt < recordedAt - skewMs ? "due in the past" : null
}

export const wrongHandBack = (
  call: Standing,
  { cause, epoch, reason, retryAt }: Of<"ExecutionHandedBack">,
  recordedAt: number,
  skewMs: number
): string | null => {
  if (epoch !== call.epoch) return `epoch ${epoch} is not the current ${call.epoch}`
  if (call.results.has(epoch)) return `epoch ${epoch} has a result`
  if (retryAt < call.wakeAt) return "due before its time"
  const pause = reason === "draining" && cause === undefined ? 0 : handBackPauseMs
  return retryAt < recordedAt - skewMs + pause ? "due too soon" : null
}
