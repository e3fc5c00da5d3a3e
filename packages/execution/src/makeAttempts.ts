/** One attempt from the opened seal to its recorded result, or back to where it came from when nothing of it left. */
import type { ExecutionRequested } from "@dueline/contracts/Intent"
import { HttpClient, type OutgoingRequest } from "@dueline/contracts/ports/HttpClient"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { RequestVault, sealContext, type WholeRequest } from "@dueline/contracts/ports/RequestVault"
import { type HandBackReason, handBackPauseMs, leaseMs } from "@dueline/contracts/serviceCall/Spec"
import { SigningSecrets } from "@dueline/secrets/SigningSecrets"
import { Clock, Effect, Random, type Redacted } from "effect"
import { type AttemptResult, type CutOff, type Made, recordCommand, type Unmade } from "./attemptResult.ts"
import type { Circuits } from "./Circuits.ts"
import { envelopeOf, handBack } from "./handBack.ts"
import { confirmedMs, type Job } from "./Job.ts"
import { recordResult } from "./recordResult.ts"
import type { RedactionOptions } from "./Redactor.ts"
import { buildHeaders } from "./requestHeaders.ts"
import { requestOf } from "./summarise.ts"
import { untilDue } from "./untilDue.ts"

export interface AttemptOptions {
  readonly circuits: Circuits
  readonly maxResponseBytes: number
  readonly redaction: RedactionOptions
  readonly userAgent: string
  /** The request is off the wire, or will never be on it: what is left is to say so. */
  readonly sent: (job: Job) => void
  /** Somebody waits to hear whether a lease is his still. */
  readonly askLease: () => void
  /** The time that only goes forward, in milliseconds. */
  readonly elapsed: () => number
}

export interface Attempts {
  readonly make: (job: Job) => Effect.Effect<void>
  /** For one of which nothing left and nothing will. */
  readonly giveBack: (job: Job) => Effect.Effect<void>
}

type Secret = Redacted.Redacted<string> | null

/** Calls that wait for one target come back a little apart. */
const jitter = 0.2

/** How often one attempt connects and finds its lease unconfirmed by then, before somebody else may try. */
const connectLimit = 3

/** A request that cannot be read is told of this often, in milliseconds, and so many of them are remembered. */
const alarmEveryMs = 60_000
const alarmLimit = 1_000

const unmade = (reason: HandBackReason): Unmade => ({ _tag: "Unmade", reason })

const cutOff = (detail: string): CutOff => ({ _tag: "CutOff", reason: "deadline_exceeded", detail, durationMs: 0 })

export const makeAttempts = Effect.fnUntraced(function* (
  options: AttemptOptions
): Effect.fn.Return<Attempts, never, HttpClient | RequestVault | SigningSecrets | Orchestrator> {
  const client = yield* HttpClient
  const vault = yield* RequestVault
  const secrets = yield* SigningSecrets
  const orchestrator = yield* Orchestrator
  const clock = yield* Clock.Clock
  const random = yield* Random.Random
  const { askLease, circuits, elapsed, maxResponseBytes, redaction, sent, userAgent } = options
  const toldAt = new Map<string, number>()

  const requestFor = (intent: ExecutionRequested): Effect.Effect<WholeRequest | null> =>
    intent.sealed === null
      ? Effect.succeed(requestOf(intent.request))
      : Effect.catchTag(vault.open(intent.sealed, sealContext(intent.tenantId, intent.callId)), "SealBroken", () =>
          Effect.succeed(null)
        )

  /** Somebody has to bring the right keys back; until then the call waits. */
  const unreadable = ({ callId, tenantId }: ExecutionRequested): Effect.Effect<AttemptResult> =>
    Effect.suspend(() => {
      const now = elapsed()
      const told = now - (toldAt.get(callId) ?? Number.NEGATIVE_INFINITY) < alarmEveryMs
      if (!told) {
        toldAt.delete(callId)
        const [oldest] = toldAt.keys()
        if (toldAt.size >= alarmLimit && oldest !== undefined) toldAt.delete(oldest)
        toldAt.set(callId, now)
      }
      const words =
        "the sealed request of a call cannot be opened: bring back the keys that it was sealed with; it waits"
      const tell = told ? Effect.void : Effect.logError(words, { tenantId, serviceCallId: callId })
      return Effect.as(tell, unmade("request_unreadable"))
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
  const wanted = (job: Job): boolean => {
    if (job.withdrawn !== null || job.overdue) return false
    const age = elapsed() - job.confirmedAt
    if (job.sentAt !== null) return age <= leaseMs
    if (age > confirmedMs) return false
    job.sentAt = clock.currentTimeMillisUnsafe()
    return true
  }

  /** Waits, if need be, until the store has said that the call is this worker's still. Interrupted when it says that it is not. */
  const leaseConfirmed = (job: Job): Effect.Effect<void> =>
    Effect.suspend(() =>
      elapsed() - job.confirmedAt <= confirmedMs
        ? Effect.void
        : Effect.callback<void>((resume) => {
            job.confirmed = () => resume(Effect.void)
            askLease()
            return Effect.sync(() => {
              job.confirmed = null
            })
          })
    )

  const send = (job: Job, whole: WholeRequest, secret: Secret, left = connectLimit): Effect.Effect<AttemptResult> =>
    Effect.andThen(
      leaseConfirmed(job),
      Effect.suspend(() =>
        Effect.flatMap(
          client.send({ ...outgoing(job.intent, whole, secret), wanted: () => wanted(job) }),
          (result): Effect.Effect<AttemptResult> => {
            if (result._tag !== "NotSent") return Effect.succeed(result)
            if (job.sentAt !== null) {
              return Effect.succeed(cutOff("its lease had run out before a redirect could be followed"))
            }
            if (result.reason !== "unwanted") return Effect.succeed(unmade(result.reason))
            if (job.withdrawn !== null || left <= 1) return Effect.succeed(unmade(job.withdrawn ?? "lease_unconfirmed"))
            return send(job, whole, secret, left - 1)
          }
        )
      )
    )

  const exchange = (job: Job): Effect.Effect<AttemptResult> =>
    Effect.flatMap(requestFor(job.intent), (whole) =>
      whole === null
        ? unreadable(job.intent)
        : Effect.flatMap(secrets.secretFor(job.intent.tenantId), (secret) =>
            untilDue(clock, job.intent.dueAt, () => send(job, whole, secret))
          )
    )

  const record = (job: Job, result: Made): Effect.Effect<void> => {
    const { intent, sentAt } = job
    sent(job)
    const at = clock.currentTimeMillisUnsafe()
    const command = recordCommand(intent, result, { at, sentAt, roll: random.nextDoubleUnsafe(), redaction })
    return recordResult(orchestrator, envelopeOf(intent, command))
  }

  const giveBack = (job: Job, reason: HandBackReason, waitMs = 0): Effect.Effect<void> => {
    job.givenBack = true
    sent(job)
    return handBack(orchestrator, job.intent, reason, clock.currentTimeMillisUnsafe() + waitMs)
  }

  const refused = (job: Job, retryAfterMs: number): Effect.Effect<void> =>
    giveBack(job, "circuit_open", Math.max(handBackPauseMs, retryAfterMs * (1 + jitter * random.nextDoubleUnsafe())))

  return {
    make: (job) =>
      job.overdue
        ? record(job, cutOff("the request did not end in time"))
        : Effect.flatMap(circuits.guard(job.intent, exchange(job)), (result) => {
            if (result._tag === "CircuitRefusal") return refused(job, result.retryAfterMs)
            return result._tag === "Unmade" ? giveBack(job, result.reason) : record(job, result)
          }),
    giveBack: (job) => giveBack(job, job.withdrawn ?? "draining")
  }
})
