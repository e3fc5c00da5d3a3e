/** One attempt from the opened seal to its recorded result, or back to where it came from when its target's circuit is open. */
import type { ExecutionRequested } from "@dueline/contracts/Intent"
import { HttpClient, type OutgoingRequest } from "@dueline/contracts/ports/HttpClient"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { RequestVault, type WholeRequest } from "@dueline/contracts/ports/RequestVault"
import { handBackPauseMs } from "@dueline/contracts/serviceCall/Spec"
import { Clock, Effect, Random, type Redacted } from "effect"
import { type AttemptResult, type NotSent, recordCommand } from "./attemptResult.ts"
import type { Circuits } from "./Circuits.ts"
import { envelopeOf, handBack } from "./handBack.ts"
import type { Job } from "./Job.ts"
import { recordResult } from "./recordResult.ts"
import type { RedactionOptions } from "./Redactor.ts"
import { buildHeaders } from "./requestHeaders.ts"
import { sealContext } from "./sealContext.ts"
import { SigningSecrets } from "./SigningSecrets.ts"
import { requestOf } from "./summarise.ts"
import { untilDue } from "./untilDue.ts"

export interface AttemptOptions {
  readonly circuits: Circuits
  readonly maxResponseBytes: number
  readonly redaction: RedactionOptions
  readonly userAgent: string
  /** The request is off the wire, or will never be on it: what is left is to say so. */
  readonly sent: (job: Job) => void
}

export interface Attempts {
  readonly make: (job: Job) => Effect.Effect<void>
  /** For one that was not begun, by a worker that stops. */
  readonly giveBack: (job: Job) => Effect.Effect<void>
}

type Secret = Redacted.Redacted<string> | null

/** Calls that wait for one target come back a little apart. */
const jitter = 0.2

const notSent = (reason: NotSent["reason"], detail: string): NotSent => ({
  _tag: "NotSent",
  reason,
  detail,
  durationMs: 0
})

const deadlinePassed = notSent("deadline_exceeded", "the deadline had passed before the request could be sent")

const leaseLost = notSent("deadline_exceeded", "the lease had run out before the request could be sent")

/**
 * After a long stop of this process another worker may have the call, or its owner may have been told that it is cancelled. And word
 * that comes so late may be of an attempt that was made: it is not to be handed back as if nothing had been sent.
 */
const holds = ({ leaseUntil }: Job, now: number): boolean => now < leaseUntil

/** Why nothing may be sent at this moment, if so. */
const keptBack = (job: Job, now: number): NotSent | null =>
  now >= job.intent.deadlineAt ? deadlinePassed : holds(job, now) ? null : leaseLost

export const makeAttempts = Effect.fnUntraced(function* (
  options: AttemptOptions
): Effect.fn.Return<Attempts, never, HttpClient | RequestVault | SigningSecrets | Orchestrator> {
  const client = yield* HttpClient
  const vault = yield* RequestVault
  const secrets = yield* SigningSecrets
  const orchestrator = yield* Orchestrator
  const clock = yield* Clock.Clock
  const random = yield* Random.Random
  const { circuits, maxResponseBytes, redaction, sent, userAgent } = options

  const requestFor = (intent: ExecutionRequested): Effect.Effect<WholeRequest | null> =>
    intent.sealed === null
      ? Effect.succeed(requestOf(intent.request))
      : Effect.catchTag(vault.open(intent.sealed, sealContext(intent.tenantId, intent.callId)), "SealBroken", () =>
          Effect.succeed(null)
        )

  const outgoing = (
    intent: ExecutionRequested,
    whole: WholeRequest,
    secret: Secret,
    now: number
  ): Omit<OutgoingRequest, "wanted"> => ({
    method: intent.request.method,
    url: whole.url,
    headers: buildHeaders(intent, whole.headers, whole.body, { now, secret, userAgent }),
    body: whole.body,
    timeoutMs: Math.max(1, Math.min(intent.timeoutMs, intent.deadlineAt - now)),
    maxResponseBytes,
    group: intent.tenantId
  })

  const send = (job: Job, whole: WholeRequest, secret: Secret): Effect.Effect<AttemptResult> => {
    const now = clock.currentTimeMillisUnsafe()
    const { deadlineAt, timeoutMs } = job.intent
    let kept = keptBack(job, now)
    if (kept !== null) return Effect.succeed(kept)
    const request = outgoing(job.intent, whole, secret, now)
    const wanted = (): boolean => {
      const later = clock.currentTimeMillisUnsafe()
      kept = keptBack(job, later)
      return kept === null && later < now + request.timeoutMs
    }
    return Effect.map(client.send({ ...request, wanted }), (result) => {
      if (kept !== null) return kept
      if (result._tag === "NotSent") {
        const reason =
          result.reason === "name_unanswered" ? "dns" : result.reason === "unwanted" ? "timeout" : "connect"
        return { ...result, _tag: "Unanswered", reason }
      }
      const cutShort = result._tag === "Unanswered" && result.reason === "timeout" && deadlineAt - now < timeoutMs
      return cutShort ? { ...result, _tag: "NotSent", reason: "deadline_exceeded" } : result
    })
  }

  const exchange = (job: Job): Effect.Effect<AttemptResult> =>
    Effect.flatMap(requestFor(job.intent), (whole) =>
      whole === null
        ? Effect.succeed(notSent("request_unreadable", "the sealed request could not be opened"))
        : Effect.flatMap(secrets.secretFor(job.intent.tenantId), (secret) =>
            untilDue(clock, job.intent.dueAt, () => send(job, whole, secret))
          )
    )

  const record = (job: Job, result: AttemptResult): Effect.Effect<void> => {
    const { intent } = job
    sent(job)
    const at = clock.currentTimeMillisUnsafe()
    const command = recordCommand(intent, result, { at, roll: random.nextDoubleUnsafe(), redaction })
    return recordResult(orchestrator, envelopeOf(intent, command))
  }

  const refused = (job: Job, retryAfterMs: number): Effect.Effect<void> => {
    const now = clock.currentTimeMillisUnsafe()
    if (!holds(job, now)) return record(job, leaseLost)
    sent(job)
    const wait = Math.max(handBackPauseMs, retryAfterMs * (1 + jitter * random.nextDoubleUnsafe()))
    return handBack(orchestrator, job.intent, "circuit_open", now + wait)
  }

  return {
    make: (job) =>
      job.overdue
        ? record(job, notSent("deadline_exceeded", "the request did not end in time"))
        : Effect.flatMap(circuits.guard(job.intent, exchange(job)), (result) =>
            result._tag === "CircuitRefusal" ? refused(job, result.retryAfterMs) : record(job, result)
          ),
    giveBack: (job) => {
      const now = clock.currentTimeMillisUnsafe()
      return holds(job, now) ? handBack(orchestrator, job.intent, "draining", now) : Effect.void
    }
  }
})
