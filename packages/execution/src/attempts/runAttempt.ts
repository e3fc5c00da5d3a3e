/** One attempt from the opened seal to its recorded result, or back to where it came from when nothing of it left. */
import type { ExecutionRequested } from "@dueline/contracts/Intent"
import { HttpClient, type OutgoingRequest } from "@dueline/contracts/ports/HttpClient"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { RequestVault, sealContext, type WholeRequest } from "@dueline/contracts/ports/RequestVault"
import { handBackPauseMs, type HandBackReason, leadMs, leaseMs } from "@dueline/contracts/serviceCall/Spec"
import { SigningSecrets } from "@dueline/secrets/SigningSecrets"
import { Clock, Effect, Random, type Redacted } from "effect"
import type { RedactionOptions } from "../redaction/Redactor.ts"
import { requestOf } from "../redaction/summarise.ts"
import type { Circuits } from "./Circuits.ts"
import { type Attempt, confirmedMs } from "./ExecutionPool.ts"
import {
  type AttemptResult,
  type CutOff,
  envelopeOf,
  handBack,
  type Made,
  recordCommand,
  recordResult,
  type Unmade
} from "./recordAttempt.ts"
import { buildHeaders } from "./requestHeaders.ts"

/** A place is not kept for longer than this before the due time, in milliseconds, whatever the clocks of two machines say. */
const mostMs = 2 * leadMs

/** Runs `then` at `dueAt` (epoch milliseconds), at once when it is over; never before, unless it is further away than twice the lead. */
export const untilDue = <A>(
  clock: Clock.Clock,
  dueAt: number,
  then: () => Effect.Effect<A>,
  leftMs: number = mostMs
): Effect.Effect<A> => {
  const early = Math.min(leftMs, dueAt - clock.currentTimeMillisUnsafe())
  if (early <= 0) return then()
  // Looked at again: a machine's timer may ring up to two milliseconds early.
  return Effect.flatMap(Effect.sleep(early), () => untilDue(clock, dueAt, then, leftMs - early))
}

interface AttemptOptions {
  readonly circuits: Circuits
  readonly maxResponseBytes: number
  readonly redaction: RedactionOptions
  readonly userAgent: string
  /** The request is off the wire, or will never be on it: what is left is to say so. */
  readonly sent: (attempt: Attempt) => void
  /** An attempt waits until its lease is confirmed: asks for a heartbeat at once. */
  readonly askLease: () => void
  /** The time that only goes forward, in milliseconds. */
  readonly elapsed: () => number
}

export interface AttemptRunner {
  readonly make: (attempt: Attempt) => Effect.Effect<void>
  /** For one of which nothing left and nothing will. */
  readonly giveBack: (attempt: Attempt) => Effect.Effect<void>
}

type Secret = Redacted.Redacted<string> | null

/** Calls that wait for one target are retried a little apart. */
const jitter = 0.2

/** How often one attempt connects and finds its lease unconfirmed by then, before another worker may try. */
const connectLimit = 3

/** A request that cannot be read is logged this often, in milliseconds, and so many of them are kept in mind. */
const alarmEveryMs = 60_000
const alarmLimit = 1_000

const unmade = (reason: HandBackReason): Unmade => ({ _tag: "Unmade", reason })

const cutOff = (detail: string): CutOff => ({ _tag: "CutOff", reason: "deadline_exceeded", detail, durationMs: 0 })

export const makeAttemptRunner = Effect.fnUntraced(function* (
  options: AttemptOptions
): Effect.fn.Return<AttemptRunner, never, HttpClient | RequestVault | SigningSecrets | Orchestrator> {
  const client = yield* HttpClient
  const vault = yield* RequestVault
  const secrets = yield* SigningSecrets
  const orchestrator = yield* Orchestrator
  const clock = yield* Clock.Clock
  const random = yield* Random.Random
  const { askLease, circuits, elapsed, maxResponseBytes, redaction, sent, userAgent } = options
  const loggedAt = new Map<string, number>()

  const requestFor = (intent: ExecutionRequested): Effect.Effect<WholeRequest | null> =>
    intent.sealed === null
      ? Effect.succeed(requestOf(intent.request))
      : Effect.catchTag(vault.open(intent.sealed, sealContext(intent.tenantId, intent.callId)), "SealBroken", () =>
          Effect.succeed(null)
        )

  /** An operator has to bring the right keys back; until then the call waits. */
  const unreadable = ({ callId, tenantId }: ExecutionRequested): Effect.Effect<AttemptResult> =>
    Effect.suspend(() => {
      const now = elapsed()
      const logged = now - (loggedAt.get(callId) ?? Number.NEGATIVE_INFINITY) < alarmEveryMs
      if (!logged) {
        loggedAt.delete(callId)
        const [oldest] = loggedAt.keys()
        if (loggedAt.size >= alarmLimit && oldest !== undefined) loggedAt.delete(oldest)
        loggedAt.set(callId, now)
      }
      const words =
        "the sealed request of a call cannot be opened: bring back the keys that it was sealed with; it waits"
      const log = logged ? Effect.void : Effect.logError(words, { tenantId, serviceCallId: callId })
      return Effect.as(log, unmade("request_unreadable"))
    })

  const outgoing = (
    intent: ExecutionRequested,
    whole: WholeRequest,
    secret: Secret
  ): Omit<OutgoingRequest, "wanted"> => {
    const now = clock.currentTimeMillisUnsafe()
    return {
      method: intent.request.method,
      url: whole.url,
      headers: buildHeaders(intent, whole.headers, whole.body, { now, secret, userAgent }),
      body: whole.body,
      timeoutMs: intent.timeoutMs,
      maxResponseBytes,
      group: intent.tenantId
    }
  }

  /** Asked when a byte is about to leave; the first one is the attempt. */
  const wanted = (attempt: Attempt): boolean => {
    if (attempt.withdrawn !== null || attempt.overdue) return false
    const age = elapsed() - attempt.confirmedAt
    if (attempt.sentAt !== null) return age <= leaseMs
    if (age > confirmedMs) return false
    attempt.sentAt = clock.currentTimeMillisUnsafe()
    return true
  }

  /** Waits, if need be, until the store has said that the call is this worker's still. Interrupted when it says that it is not. */
  const leaseConfirmed = (attempt: Attempt): Effect.Effect<void> =>
    Effect.suspend(() =>
      elapsed() - attempt.confirmedAt <= confirmedMs
        ? Effect.void
        : Effect.callback<void>((resume) => {
            attempt.confirmed = () => resume(Effect.void)
            askLease()
            return Effect.sync(() => {
              attempt.confirmed = null
            })
          })
    )

  const send = (
    attempt: Attempt,
    whole: WholeRequest,
    secret: Secret,
    left = connectLimit
  ): Effect.Effect<AttemptResult> =>
    Effect.andThen(
      leaseConfirmed(attempt),
      Effect.suspend(() =>
        Effect.flatMap(
          client.send({ ...outgoing(attempt.intent, whole, secret), wanted: () => wanted(attempt) }),
          (result): Effect.Effect<AttemptResult> => {
            if (result._tag !== "NotSent") return Effect.succeed(result)
            if (attempt.sentAt !== null) {
              return Effect.succeed(cutOff("its lease had run out before a redirect could be followed"))
            }
            if (result.reason !== "unwanted") return Effect.succeed(unmade(result.reason))
            if (attempt.withdrawn !== null || left <= 1)
              return Effect.succeed(unmade(attempt.withdrawn ?? "lease_unconfirmed"))
            return send(attempt, whole, secret, left - 1)
          }
        )
      )
    )

  const exchange = (attempt: Attempt): Effect.Effect<AttemptResult> =>
    Effect.flatMap(requestFor(attempt.intent), (whole) =>
      whole === null
        ? unreadable(attempt.intent)
        : Effect.flatMap(secrets.secretFor(attempt.intent.tenantId), (secret) =>
            untilDue(clock, attempt.intent.dueAt, () => send(attempt, whole, secret))
          )
    )

  const record = (attempt: Attempt, result: Made): Effect.Effect<void> => {
    const { intent, sentAt } = attempt
    sent(attempt)
    const at = clock.currentTimeMillisUnsafe()
    const command = recordCommand(intent, result, { at, sentAt, roll: random.nextDoubleUnsafe(), redaction })
    return recordResult(orchestrator, envelopeOf(intent, command))
  }

  const giveBack = (attempt: Attempt, reason: HandBackReason, waitMs = 0): Effect.Effect<void> => {
    attempt.givenBack = true
    sent(attempt)
    return handBack(orchestrator, attempt.intent, reason, clock.currentTimeMillisUnsafe() + waitMs)
  }

  const refused = (attempt: Attempt, retryAfterMs: number): Effect.Effect<void> =>
    giveBack(
      attempt,
      "circuit_open",
      Math.max(handBackPauseMs, retryAfterMs * (1 + jitter * random.nextDoubleUnsafe()))
    )

  return {
    make: (attempt) =>
      attempt.overdue
        ? record(attempt, cutOff("the request did not end in time"))
        : Effect.flatMap(circuits.guard(attempt.intent, exchange(attempt)), (result) => {
            if (result._tag === "CircuitRefusal") return refused(attempt, result.retryAfterMs)
            return result._tag === "Unmade" ? giveBack(attempt, result.reason) : record(attempt, result)
          }),
    giveBack: (attempt) => giveBack(attempt, attempt.withdrawn ?? "draining")
  }
})
