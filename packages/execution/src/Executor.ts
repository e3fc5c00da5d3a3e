/** Makes the attempts that were decided on: a bounded number at once, each recorded exactly once, each lease kept alive meanwhile. */
import type { CommandId, WorkerId } from "@dueline/contracts/Ids"
import { type ExecutionRequested, systemActor } from "@dueline/contracts/Intent"
import { Backlog } from "@dueline/contracts/ports/Backlog"
import { HttpClient, type OutgoingRequest } from "@dueline/contracts/ports/HttpClient"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { RequestVault, type WholeRequest } from "@dueline/contracts/ports/RequestVault"
import { leaseMs } from "@dueline/contracts/serviceCall/Spec"
import { Clock, Context, Effect, Random, type Redacted, type Scope } from "effect"
import { type AttemptResult, recordCommand } from "./attemptResult.ts"
import { ExecutionSlots } from "./ExecutionSlots.ts"
import type { Job } from "./Job.ts"
import { keepLeases } from "./keepLeases.ts"
import { recordResult } from "./recordResult.ts"
import type { RedactionOptions } from "./Redactor.ts"
import { buildHeaders } from "./requestHeaders.ts"
import { sealContext } from "./sealContext.ts"
import { SigningSecrets } from "./SigningSecrets.ts"
import { requestOf } from "./summarise.ts"

export interface ExecutorOptions {
  readonly worker: WorkerId
  /** Requests on the wire at once. Default 64. */
  readonly concurrency?: number
  /** Intents that wait for a slot. Default 256. */
  readonly queueLimit?: number
  /** Results that wait to be recorded; above it no request is sent. Default 4 × `concurrency`. */
  readonly recordingLimit?: number
  readonly heartbeatMs?: number
  readonly maxResponseBytes?: number
  /** Program version, for `user-agent`. */
  readonly version?: string
  readonly redaction?: RedactionOptions
}

export class Executor extends Context.Service<
  Executor,
  {
    /**
     * Takes an attempt, to be made now or when a slot is free. Never waits: false when the queue is full or the executor is draining;
     * the watchdog then finds the call by its lease. An attempt it already has is not made twice.
     */
    readonly offer: (intent: ExecutionRequested) => boolean
    /** Attempts taken and not yet recorded, those in the queue included. */
    readonly inFlight: () => number
    /** Requests that would be sent at once if they were offered now. */
    readonly slotsFree: () => number
    /** The listener is called, synchronously, whenever a slot has become free and nothing waits for it; it must not throw. */
    readonly onSlotFree: (listener: () => void) => void
    /**
     * Takes nothing more, gives what is on its way up to `graceMs`, then interrupts it. Answers with the attempts that have no recorded
     * result: those never started, and those cut off.
     */
    readonly drain: (graceMs: number) => Effect.Effect<ReadonlyArray<ExecutionRequested>>
  }
>()("@dueline/execution/Executor") {}

const actor = systemActor("executor")

type Requirements = HttpClient | RequestVault | SigningSecrets | Orchestrator | Backlog
type Secret = Redacted.Redacted<string> | null

/** The executor itself; whatever is in flight when the scope closes is interrupted, so `drain` first. */
export const make = (options: ExecutorOptions): Effect.Effect<Executor["Service"], never, Requirements | Scope.Scope> =>
  Effect.gen(function* () {
    const client = yield* HttpClient
    const vault = yield* RequestVault
    const secrets = yield* SigningSecrets
    const orchestrator = yield* Orchestrator
    const backlog = yield* Backlog
    const clock = yield* Clock.Clock
    const random = yield* Random.Random
    const {
      concurrency = 64,
      heartbeatMs = 2_000,
      maxResponseBytes = 65_536,
      redaction = {},
      version = "0",
      worker
    } = options
    const userAgent = `dueline/${version}`

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
    ): OutgoingRequest => ({
      method: intent.request.method,
      url: whole.url,
      headers: buildHeaders(intent, whole.headers, whole.body, { now, secret, userAgent }),
      body: whole.body,
      timeoutMs: Math.max(1, Math.min(intent.timeoutMs, intent.deadlineAt - now)),
      maxResponseBytes
    })

    const finish = (job: Job, result: AttemptResult): Effect.Effect<void> => {
      const { intent } = job
      slots.sent(job)
      const command = recordCommand(intent, result, {
        at: clock.currentTimeMillisUnsafe(),
        roll: random.nextDoubleUnsafe(),
        redaction
      })
      return recordResult(orchestrator, {
        tenantId: intent.tenantId,
        // The same attempt has the same name, whoever reports it and how often.
        commandId: `result:${intent.callId}:${intent.epoch}` as CommandId,
        correlationId: intent.correlationId,
        actor,
        traceparent: intent.traceparent,
        idempotency: null,
        expectedVersion: null,
        command
      })
    }

    const notSent = (
      job: Job,
      reason: "deadline_exceeded" | "request_unreadable",
      detail: string
    ): Effect.Effect<void> => finish(job, { _tag: "NotSent", reason, detail, durationMs: 0 })

    const send = (job: Job, whole: WholeRequest, secret: Secret): Effect.Effect<void> => {
      const now = clock.currentTimeMillisUnsafe()
      const { deadlineAt, timeoutMs } = job.intent
      if (now >= deadlineAt)
        return notSent(job, "deadline_exceeded", "the deadline had passed before the request could be sent")
      // After a long stop of this process another worker may have the call, or its owner may have been told that it is cancelled.
      if (now >= job.leaseUntil)
        return notSent(job, "deadline_exceeded", "the lease had run out before the request could be sent")
      return Effect.flatMap(client.send(outgoing(job.intent, whole, secret, now)), (result) => {
        const cutShort = result._tag === "Unanswered" && result.reason === "timeout" && deadlineAt - now < timeoutMs
        return finish(job, cutShort ? { ...result, _tag: "NotSent", reason: "deadline_exceeded" } : result)
      })
    }

    const attempt = (job: Job): Effect.Effect<void> => {
      if (job.overdue) return notSent(job, "deadline_exceeded", "the request did not end in time")
      return Effect.flatMap(requestFor(job.intent), (whole) =>
        whole === null
          ? notSent(job, "request_unreadable", "the sealed request could not be opened")
          : Effect.flatMap(secrets.secretFor(job.intent.tenantId), (secret) => send(job, whole, secret))
      )
    }

    const slots = new ExecutionSlots({
      concurrency,
      queueLimit: options.queueLimit ?? 256,
      recordingLimit: options.recordingLimit ?? concurrency * 4,
      run: Effect.runForkWith(yield* Effect.context<never>()),
      attempt,
      now: () => clock.currentTimeMillisUnsafe()
    })
    yield* Effect.addFinalizer(() => slots.drain(0))
    yield* Effect.forkScoped(keepLeases(slots, backlog, { worker, heartbeatMs, leaseMs }))
    return Executor.of({
      offer: (intent) => slots.offer(intent),
      inFlight: () => slots.inFlight,
      slotsFree: () => slots.free,
      onSlotFree: (listener) => slots.onFree(listener),
      drain: (graceMs) => slots.drain(graceMs)
    })
  })
