/**
 * One attempt from the opened seal to its recorded result, or back to where it came from when nothing of it left. Callbacks on the state in
 * `Attempt`: no fiber waits for anything here. Whatever throws ends the attempt unrecorded and not the process.
 */
import type { TenantId } from "@dueline/contracts/Ids"
import { HttpClient, type OutgoingResult } from "@dueline/contracts/ports/HttpClient"
import type { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { RequestVault, sealContext, type WholeRequest } from "@dueline/contracts/ports/Vaults"
import { handBackPauseMs, type HandBackReason, leadMs, leaseMs } from "@dueline/contracts/serviceCall/Spec"
import { tellsDetails } from "@dueline/contracts/telemetry/logModules"
import { Metrics } from "@dueline/contracts/telemetry/Metrics"
import { traceFields, Tracing } from "@dueline/contracts/telemetry/Tracing"
import { SigningSecrets, SubscriptionSecrets } from "@dueline/secrets/SigningSecrets"
import { Cause, Clock, Effect, Exit, type Fiber, Random, type Redacted } from "effect"
import type { CircuitBreakerStore } from "effect/persistence/CircuitBreaker"
import type { RedactionOptions } from "../redaction/Redactor.ts"
import { requestOf } from "../redaction/summarise.ts"
import { type Attempt, confirmedMs, nothing } from "./Attempt.ts"
import { type CircuitOptions, makeCircuits } from "./Circuits.ts"
import type { AttemptRunner } from "./ExecutionPool.ts"
import {
  type After,
  afterOf,
  type CutOff,
  envelopeOf,
  type Made,
  makeRecorder,
  recordCommand
} from "./recordAttempt.ts"
import { countAttempts } from "./countAttempts.ts"
import { attemptSpan, endSpan } from "./traceAttempt.ts"
import { buildHeaders } from "./requestHeaders.ts"

/** A place is not kept for longer than this before the due time, in milliseconds, whatever the clocks of two machines say. */
const mostMs = 2 * leadMs

/**
 * Runs `then` at `dueAt` (epoch milliseconds), at once when it is over; never before, unless it is further away than twice the lead. What
 * it answers takes that back.
 */
export const untilDue = (
  now: () => number,
  after: After,
  dueAt: number,
  then: () => void,
  leftMs: number = mostMs
): (() => void) => {
  const early = Math.min(leftMs, dueAt - now())
  if (early <= 0) {
    then()
    return nothing
  }
  // Looked at again: a machine's timer may ring up to two milliseconds early.
  let takeBack = after(early, () => {
    takeBack = untilDue(now, after, dueAt, then, leftMs - early)
  })
  return () => takeBack()
}

interface AttemptOptions {
  readonly circuits: CircuitOptions
  readonly maxResponseBytes: number
  readonly redaction: (tenantId: TenantId) => RedactionOptions
  readonly userAgent: string
  /** The request is off the wire, or will never be on it: what is left is to say so. */
  readonly sent: (attempt: Attempt) => void
  /** All is done; `whole` when what came of it is durable. */
  readonly ended: (attempt: Attempt, whole: boolean) => void
  /** An attempt waits until its lease is confirmed: asks for a heartbeat at once. */
  readonly askLease: () => void
  /** The time that only goes forward, in milliseconds. */
  readonly elapsed: () => number
}

/** With what an attempt is signed. */
interface Signing {
  readonly secret: Redacted.Redacted<string> | null
  readonly olderSecrets?: ReadonlyArray<Redacted.Redacted<string>>
  readonly messageId?: string
}

/** Calls that wait for one target are retried a little apart. */
const jitter = 0.2

/** How often one attempt connects and finds its lease unconfirmed by then, before another worker may try. */
const connectLimit = 3

/** A request that cannot be read is logged this often, in milliseconds, and so many of them are kept in mind. */
const alarmEveryMs = 60_000
const alarmLimit = 1_000

/** What a line of the log says of an attempt. */
const aboutOf = ({ intent: { callId, correlationId, tenantId, traceparent }, span }: Attempt) => ({
  tenantId,
  serviceCallId: callId,
  correlationId,
  ...traceFields(span?.traceparent ?? traceparent)
})

const madeOf = ({ intent: { epoch } }: Attempt, result: Made) => ({
  epoch,
  ...(result._tag === "Answered" ? { status: result.status } : { reason: result.reason, detail: result.detail }),
  durationMs: Math.round(result.durationMs)
})

const cutOff = (detail: string): CutOff => ({ _tag: "CutOff", reason: "deadline_exceeded", detail, durationMs: 0 })

export const makeAttemptRunner = Effect.fnUntraced(function* (
  options: AttemptOptions
): Effect.fn.Return<
  AttemptRunner,
  never,
  HttpClient | RequestVault | SigningSecrets | Orchestrator | CircuitBreakerStore
> {
  const { askLease, elapsed, ended, maxResponseBytes, redaction, sent, userAgent } = options
  const client = yield* HttpClient
  const vault = yield* RequestVault
  const secrets = yield* SigningSecrets
  const subscriptions = yield* SubscriptionSecrets
  const clock = yield* Clock.Clock
  const random = yield* Random.Random
  const counting = countAttempts(yield* Metrics)
  const tracing = yield* Tracing
  const context = yield* Effect.context<never>()
  const run: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E> = Effect.runForkWith(context)
  const isDetailed = tellsDetails(context)
  const circuits = yield* makeCircuits(options.circuits, run)
  const recorder = yield* makeRecorder(run)
  const after = afterOf(clock, run)
  const now = () => clock.currentTimeMillisUnsafe()
  const loggedAt = new Map<string, number>()

  const stop = (attempt: Attempt): void => {
    const { abandon, permit } = attempt
    attempt.abandon = nothing
    attempt.permit = null
    attempt.confirmed = null
    abandon()
    permit?.tell(null)
  }

  /** A defect ends an attempt unrecorded; its lease runs out and the watchdog decides. It must not pass unseen. */
  const died = (attempt: Attempt, cause: Cause.Cause<unknown>): void => {
    if (!Cause.hasInterruptsOnly(cause)) {
      run(Effect.logError("an attempt died", cause, { ...aboutOf(attempt), epoch: attempt.intent.epoch }))
    }
    stop(attempt)
    ended(attempt, false)
    attempt.span?.end("defect")
    attempt.span = null
  }

  /** A step of an attempt that is still at this stage, on whatever stack it is called. */
  const step = (attempt: Attempt, stage: Attempt["stage"], act: () => void): void => {
    if (attempt.stage !== stage) return
    try {
      act()
    } catch (defect) {
      died(attempt, Cause.die(defect))
    }
  }

  /** Goes on with what an effect comes to, at once when that is known already. */
  const settled = <A, E>(attempt: Attempt, effect: Effect.Effect<A, E>, act: (exit: Exit.Exit<A, E>) => void): void => {
    if (Exit.isExit(effect)) return act(effect as Exit.Exit<A, E>)
    const fiber = run(effect)
    attempt.abandon = () => fiber.interruptUnsafe()
    fiber.addObserver((exit) => step(attempt, "sending", () => act(exit)))
  }

  /** An operator has to bring the right keys back; until then the call waits. */
  const unreadable = (attempt: Attempt): void => {
    const { callId } = attempt.intent
    const at = elapsed()
    if (at - (loggedAt.get(callId) ?? Number.NEGATIVE_INFINITY) >= alarmEveryMs) {
      loggedAt.delete(callId)
      const [oldest] = loggedAt.keys()
      if (loggedAt.size >= alarmLimit && oldest !== undefined) loggedAt.delete(oldest)
      loggedAt.set(callId, at)
      const words =
        "the sealed request of a call cannot be opened: bring back the keys that it was sealed with; it waits"
      run(Effect.logError(words, aboutOf(attempt)))
    }
    unmade(attempt, "request_unreadable")
  }

  /** Asked when a byte is about to leave; the first one is the attempt. */
  const wanted = (attempt: Attempt): boolean => {
    if (attempt.stage !== "sending") return false
    const age = elapsed() - attempt.confirmedAt
    if (attempt.sentAt !== null) return age <= leaseMs
    if (age > confirmedMs) return false
    attempt.sentAt = now()
    return true
  }

  /** Waits, if need be, until the store has said that the call is this worker's still. Withdrawn when it says that it is not. */
  const leaseConfirmed = (attempt: Attempt, then: () => void): void => {
    if (elapsed() - attempt.confirmedAt <= confirmedMs) return then()
    attempt.confirmed = () => step(attempt, "sending", then)
    askLease()
  }

  const open = (attempt: Attempt): void => {
    const { callId, request, sealed, tenantId } = attempt.intent
    if (sealed === null) return opened(attempt, requestOf(request))
    settled(attempt, vault.open(sealed, sealContext(tenantId, callId)), (exit) => {
      if (Exit.isSuccess(exit)) opened(attempt, exit.value)
      else if (Cause.hasDies(exit.cause)) died(attempt, exit.cause)
      else opened(attempt, null)
    })
  }

  const opened = (attempt: Attempt, whole: WholeRequest | null): void => {
    if (whole === null) return unreadable(attempt)
    const { tenantId } = attempt.intent
    const { signer } = whole
    if (signer !== undefined) {
      return settled(attempt, subscriptions.secretsOf(tenantId, signer.subscriptionId), (exit) => {
        if (!Exit.isSuccess(exit)) return died(attempt, exit.cause)
        const [secret, ...olderSecrets] = exit.value ?? []
        if (secret === undefined) return unreadable(attempt)
        sendWhenDue(attempt, whole, { secret, olderSecrets, messageId: signer.messageId })
      })
    }
    settled(attempt, secrets.secretFor(tenantId), (exit) => {
      if (!Exit.isSuccess(exit)) return died(attempt, exit.cause)
      sendWhenDue(attempt, whole, { secret: exit.value })
    })
  }

  const sendWhenDue = (attempt: Attempt, whole: WholeRequest, signing: Signing): void => {
    const go = () => step(attempt, "sending", () => send(attempt, whole, signing, connectLimit))
    const takeBack = untilDue(now, after, attempt.intent.dueAt, go)
    if (takeBack !== nothing) attempt.abandon = takeBack
  }

  const send = (attempt: Attempt, whole: WholeRequest, signing: Signing, left: number): void =>
    leaseConfirmed(attempt, () => {
      const { intent } = attempt
      const traceparent = attempt.span?.traceparent ?? intent.traceparent
      let answered = false
      const abandon = client.start(
        {
          method: intent.request.method,
          url: whole.url,
          headers: buildHeaders(intent, whole.headers, whole.body, { now: now(), ...signing, traceparent, userAgent }),
          body: whole.body,
          timeoutMs: intent.timeoutMs,
          maxResponseBytes,
          group: intent.tenantId,
          wanted: () => wanted(attempt)
        },
        (result) => {
          answered = true
          step(attempt, "sending", () => came(attempt, result, whole, signing, left))
        }
      )
      if (!answered) attempt.abandon = abandon
    })

  const came = (
    attempt: Attempt,
    result: OutgoingResult,
    whole: WholeRequest,
    signing: Signing,
    left: number
  ): void => {
    if (result._tag !== "NotSent") return record(attempt, result)
    if (attempt.sentAt !== null) {
      return record(attempt, cutOff("its lease had run out before a redirect could be followed"))
    }
    if (result.reason !== "unwanted") return unmade(attempt, result.reason)
    if (left <= 1) return unmade(attempt, "lease_unconfirmed")
    send(attempt, whole, signing, left - 1)
  }

  /** What came of its request, to its circuit and to the writer; the next attempt may have its place. */
  const record = (attempt: Attempt, result: Made): void => {
    attempt.permit?.tell(result)
    attempt.permit = null
    attempt.abandon = nothing
    sent(attempt)
    const { intent, sentAt } = attempt
    step(attempt, "recording", () => {
      counting.made(intent.dueAt, sentAt, result)
      if (isDetailed) run(Effect.logDebug("attempt made", { ...aboutOf(attempt), ...madeOf(attempt, result) }))
      const command = recordCommand(intent, result, {
        at: now(),
        sentAt,
        roll: random.nextDoubleUnsafe(),
        redaction: redaction(intent.tenantId)
      })
      const envelope = envelopeOf(intent, command)
      attempt.abandon = recorder.record(
        attempt.span === null ? envelope : { ...envelope, traceparent: attempt.span.traceparent },
        (defect) => recorded(attempt, defect)
      )
      endSpan(attempt, result)
    })
  }

  const recorded = (attempt: Attempt, defect: Cause.Cause<unknown> | null): void => {
    if (defect === null) ended(attempt, true)
    else died(attempt, defect)
  }

  const unmade = (attempt: Attempt, reason: HandBackReason): void => {
    attempt.permit?.tell({ _tag: "Unmade", reason })
    attempt.permit = null
    giveBack(attempt, reason)
  }

  const giveBack = (attempt: Attempt, reason: HandBackReason, waitMs = 0): void => {
    attempt.givenBack = true
    attempt.abandon = nothing
    sent(attempt)
    step(attempt, "recording", () => {
      counting.handedBack(reason)
      attempt.span?.set("dueline.hand_back.reason", reason)
      endSpan(attempt, null)
      const done = (defect: Cause.Cause<unknown> | null) => recorded(attempt, defect)
      attempt.abandon = recorder.handBack(attempt.intent, reason, now() + waitMs, done)
    })
  }

  return {
    make: (attempt) => {
      if (tracing !== null) attempt.span = attemptSpan(tracing, attempt.intent)
      step(attempt, "sending", () =>
        circuits.admit(attempt.intent, (admitted) => {
          if (attempt.stage !== "sending") return admitted._tag === "Permit" ? admitted.tell(null) : undefined
          step(attempt, "sending", () => {
            if (admitted._tag === "CircuitRefusal") {
              const pauseMs = admitted.retryAfterMs * (1 + jitter * random.nextDoubleUnsafe())
              return giveBack(attempt, "circuit_open", Math.max(handBackPauseMs, pauseMs))
            }
            attempt.permit = admitted
            open(attempt)
          })
        })
      )
    },
    giveBack: (attempt) => giveBack(attempt, attempt.withdrawn ?? "draining"),
    cutOff: (attempt) => record(attempt, cutOff("the request did not end in time")),
    stop
  }
})
