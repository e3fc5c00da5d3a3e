/** Turns what came of an attempt into the command that records it: a success, or a failure with its reason and what may follow. */
import type { EpochMillis } from "@dueline/contracts/Ids"
import type { ExecutionRequested } from "@dueline/contracts/Intent"
import type { OutgoingResult } from "@dueline/contracts/ports/HttpClient"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import type { FailureReason, HandBackReason } from "@dueline/contracts/serviceCall/Spec"
import type { RedactionOptions } from "./Redactor.ts"
import { retryAfterMs } from "./retryAfter.ts"
import { summariseResponse } from "./summarise.ts"

/** There was nothing more to wait for: what left came to no answer, and no HTTP client says so. */
export interface CutOff {
  readonly _tag: "CutOff"
  readonly reason: Extract<FailureReason, "deadline_exceeded">
  readonly detail: string
  readonly durationMs: number
}

/** Not a byte has left, for a reason that is none of the target's: the attempt goes back and is not counted. */
export interface Unmade {
  readonly _tag: "Unmade"
  readonly reason: HandBackReason
}

/** What is recorded. */
export type Made = Exclude<OutgoingResult, { readonly _tag: "NotSent" }> | CutOff
export type AttemptResult = Made | Unmade

/** The world may look different in a minute; a certificate or a rule of ours will not. */
const transient: ReadonlySet<FailureReason> = new Set<FailureReason>([
  "timeout",
  "dns",
  "connect",
  "connection_lost",
  "deadline_exceeded"
])

export interface Circumstances {
  /** When the result was known, epoch milliseconds. */
  readonly at: number
  /** When the first byte left, epoch milliseconds; null when none did. */
  readonly sentAt: number | null
  /** In [0, 1), for the jitter. */
  readonly roll: number
  readonly redaction: RedactionOptions
}

/** Exactly one command per attempt. 2xx is success; `retryStatuses` of the call say which other statuses are worth another attempt. */
export const recordCommand = (
  intent: ExecutionRequested,
  result: Made,
  { at, redaction, roll, sentAt }: Circumstances
): ServiceCallCommand => {
  const known = {
    callId: intent.callId,
    at: Math.round(at) as EpochMillis,
    epoch: intent.epoch,
    durationMs: Math.round(result.durationMs),
    ...(sentAt === null ? {} : { sentAt: Math.round(sentAt) as EpochMillis })
  }
  if (result._tag !== "Answered") {
    const { detail, reason } = result
    const retryable = transient.has(reason)
    return {
      _tag: "RecordFailure",
      ...known,
      reason,
      detail,
      status: null,
      response: null,
      retryable,
      retryAfterMs: null,
      roll
    }
  }
  const { status } = result
  const response = summariseResponse(result, redaction)
  if (status >= 200 && status <= 299) return { _tag: "RecordSuccess", ...known, status, response }
  const retryable = intent.retryStatuses.includes(status)
  return {
    _tag: "RecordFailure",
    ...known,
    reason: "http_status",
    detail: `HTTP ${status}`,
    status,
    response,
    retryable,
    retryAfterMs: retryable ? retryAfterMs(result.headers, at) : null,
    roll
  }
}
