/**
 * How the executor tells the writer about an attempt: what came of it, as a command with what may follow, or that it was not made. It asks
 * again until that is durable.
 */
import { type Backoff, exponentialMs } from "@dueline/contracts/backoff"
import type { Envelope } from "@dueline/contracts/Envelope"
import type { CommandId, EpochMillis } from "@dueline/contracts/Ids"
import type { ExecutionRequested } from "@dueline/contracts/Intent"
import { systemActor } from "@dueline/contracts/Envelope"
import type { OutgoingResult } from "@dueline/contracts/ports/HttpClient"
import { isTransient, Orchestrator, type Refusal } from "@dueline/contracts/ports/Orchestrator"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import { carryHandBackReason, type FailureReason, type HandBackReason } from "@dueline/contracts/serviceCall/Spec"
import { traceFields } from "@dueline/contracts/telemetry/Tracing"
import { Cause, Clock, Duration, Effect, Exit, type Fiber, Option, Random } from "effect"
import { type RedactionOptions, redactPatterns } from "../redaction/Redactor.ts"
import { summariseResponse } from "../redaction/summarise.ts"
import { nothing } from "./Attempt.ts"

/** A longer wait that a target asks for is cut to this, in milliseconds. */
export const longestRetryAfterMs = 86_400_000

const imfFixdate = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/
const rfc850 = /^[A-Z][a-z]+day, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/
const asctime = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/

const bounded = (ms: number): number | null =>
  Number.isNaN(ms) ? null : Math.min(Math.max(0, Math.ceil(ms)), longestRetryAfterMs)

const seconds = (text: string | undefined): number | null =>
  text !== undefined && /^\d{1,12}(?:\.\d{1,9})?$/.test(text.trim()) ? bounded(Number(text) * 1_000) : null

/** RFC 9110 §5.6.7: all three forms of a date, which is always in GMT. */
const until = (text: string, now: number): number | null => {
  if (imfFixdate.test(text) || rfc850.test(text)) return bounded(Date.parse(text) - now)
  return asctime.test(text) ? bounded(Date.parse(`${text} GMT`) - now) : null
}

/**
 * Milliseconds to wait from `now` (epoch ms), 0 to 24 h, or null when the answer asks for nothing. `Retry-After` is seconds or a date
 * (RFC 9110 §10.2.3); without it `RateLimit-Reset` counts, seconds too, unless requests remain. Names in lower case.
 */
export const retryAfterMs = (headers: Readonly<Record<string, string>>, now: number): number | null => {
  const asked = headers["retry-after"]?.trim()
  const wait = asked === undefined ? null : (seconds(asked) ?? until(asked, now))
  if (wait !== null) return wait
  const remaining = seconds(headers["ratelimit-remaining"])
  return remaining === null || remaining === 0 ? seconds(headers["ratelimit-reset"]) : null
}

/** The attempt outlived its deadline: what left has no answer, and the HTTP client did not say so. */
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

/** These may be different in a minute; a certificate or a rule of ours will not. */
const transient: ReadonlySet<FailureReason> = new Set<FailureReason>([
  "timeout",
  "dns",
  "connect",
  "connection_lost",
  "deadline_exceeded"
])

interface Circumstances {
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
    const { reason } = result
    const detail = redactPatterns(result.detail, redaction.patterns)
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

const actor = systemActor("executor")

/** What is said of an attempt when something is recorded about it. */
type AttemptName = Pick<ExecutionRequested, "callId" | "correlationId" | "epoch" | "tenantId" | "traceparent">

/** The same attempt has the same command id, from whichever process it comes and however often. */
export const envelopeOf = (
  { callId, correlationId, epoch, tenantId, traceparent }: AttemptName,
  command: ServiceCallCommand
): Envelope<ServiceCallCommand> => ({
  tenantId,
  commandId: `${command._tag === "HandBackExecution" ? "back" : "result"}:${callId}:${epoch}` as CommandId,
  correlationId,
  actor,
  traceparent,
  idempotency: null,
  expectedVersion: null,
  command
})

/** Runs `then` after so many milliseconds; what it answers takes that back. */
export type After = (ms: number, then: () => void) => () => void

/** By the clock of the program, which in a simulation is not the machine's. */
export const afterOf =
  (clock: Clock.Clock, run: (effect: Effect.Effect<void>) => Fiber.Fiber<void>): After =>
  (ms, then) => {
    const fiber = run(clock.sleep(Duration.millis(ms)))
    fiber.addObserver((exit) => {
      if (Exit.isSuccess(exit)) then()
    })
    return () => fiber.interruptUnsafe()
  }

const pauses: Backoff = { initialMs: 50, maxMs: 2_000 }

/** Half of it is drawn at random, so that results that failed together do not come back together. */
const pauseMs = (failures: number, roll: number): number => exponentialMs(pauses, failures + 1) * (0.5 + roll / 2)

export interface Recorder {
  /**
   * Asks again until the command is durable, because the request was already sent. `done` also when the writer refuses it: then the call
   * has moved on or is gone. After `StoreUnavailable` and `Overloaded` it asks again until it is stopped by what is answered here; asking
   * twice is harmless. A defect of the writer's is no answer.
   */
  readonly record: (
    envelope: Envelope<ServiceCallCommand>,
    done: (defect: Cause.Cause<unknown> | null) => void
  ) => () => void
  /**
   * Gives an attempt back that was not begun and never will be under its epoch, so that another worker may have it without waiting for a
   * lease to run out. `retryAt` is epoch ms. Only for attempts of which nothing was sent.
   */
  readonly handBack: (
    attempt: AttemptName,
    reason: HandBackReason,
    retryAt: number,
    done: (defect: Cause.Cause<unknown> | null) => void
  ) => () => void
}

/** `run` forks what has to wait, and what is logged. */
export const makeRecorder = Effect.fnUntraced(function* (
  run: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
): Effect.fn.Return<Recorder, never, Orchestrator> {
  const orchestrator = yield* Orchestrator
  const clock = yield* Clock.Clock
  const random = yield* Random.Random
  const after = afterOf(clock, run)

  const record: Recorder["record"] = (envelope, done) => {
    let stopped = false
    let failures = 0
    let takeBack = nothing
    const settled = (exit: Exit.Exit<unknown, Refusal>): void => {
      if (stopped) return
      if (Exit.isSuccess(exit)) return done(null)
      const refusal = Cause.findErrorOption(exit.cause)
      if (Option.isNone(refusal)) return done(exit.cause)
      if (isTransient(refusal.value)) {
        takeBack = after(pauseMs(failures++, random.nextDoubleUnsafe()), ask)
        return
      }
      const { command, correlationId, tenantId, traceparent } = envelope
      const about = { tenantId, serviceCallId: command.callId, correlationId, ...traceFields(traceparent) }
      run(Effect.logWarning(`result refused: ${refusal.value._tag}`, about))
      done(null)
    }
    const ask = (): void => orchestrator.offer(envelope, settled)
    ask()
    return () => {
      stopped = true
      takeBack()
    }
  }

  return {
    record,
    handBack: (attempt, reason, retryAt, done) =>
      record(
        envelopeOf(attempt, {
          _tag: "HandBackExecution",
          callId: attempt.callId,
          at: Math.round(clock.currentTimeMillisUnsafe()) as EpochMillis,
          epoch: attempt.epoch,
          ...carryHandBackReason(reason),
          retryAt: Math.round(retryAt) as EpochMillis
        }),
        done
      )
  }
})
