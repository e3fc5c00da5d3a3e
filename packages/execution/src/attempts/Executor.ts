/** Makes the attempts that were decided on: a bounded number at once, each recorded exactly once, each lease kept alive meanwhile. */
import { CorrelationId, type TenantId, type WorkerId } from "@dueline/contracts/Ids"
import type { ExecutionRequested } from "@dueline/contracts/Intent"
import { Backlog, type Holding, type RecallAnswer } from "@dueline/contracts/ports/Backlog"
import type { HttpClient } from "@dueline/contracts/ports/HttpClient"
import type { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import type { RequestVault } from "@dueline/contracts/ports/Vaults"
import { leaseMs } from "@dueline/contracts/serviceCall/Spec"
import { makeSignal } from "@dueline/contracts/Signal"
import { Metrics } from "@dueline/contracts/telemetry/Metrics"
import type { SigningSecrets } from "@dueline/secrets/SigningSecrets"
import { Clock, Context, Effect, FiberSet, type Scope } from "effect"
import type { CircuitBreakerStore } from "effect/persistence/CircuitBreaker"
import type { RedactionOptions } from "../redaction/Redactor.ts"
import type { CircuitOptions } from "./Circuits.ts"
import { ExecutionPool, untilEnded } from "./ExecutionPool.ts"
import { keepLeases } from "./keepLeases.ts"
import { makeRecorder } from "./recordAttempt.ts"
import { makeAttemptRunner } from "./runAttempt.ts"

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
  /** What a tenant has struck out of what is kept of answers. */
  readonly redaction?: (tenantId: TenantId) => RedactionOptions
  /** When a target that does not answer is left alone, and for how long. */
  readonly circuits?: CircuitOptions
}

export class Executor extends Context.Service<
  Executor,
  {
    /**
     * Takes an attempt, to be made now or when a slot is free. Never waits: false when the queue is full or the executor is draining.
     * Then it was not and will not be made here under this epoch: `handBack` it, or the watchdog finds the call by its lease. An
     * attempt that was offered before is not made twice.
     */
    readonly offer: (intent: ExecutionRequested) => boolean
    /**
     * Calls an attempt back before its first byte leaves. `recalled`: nothing left and nothing will under this epoch, and that it was
     * handed back is durable. `sent`: it is too late, or that is not known. `unheard`: word of it never came here and is not taken any
     * more, so nothing left and nothing will; that it goes back is for the asker to record.
     */
    readonly recall: (holding: Holding) => Effect.Effect<RecallAnswer>
    /** Whether the attempt was taken and is not yet recorded. */
    readonly holds: (holding: Holding) => boolean
    /** It takes nothing more. */
    readonly draining: () => boolean
    /** Attempts taken and not yet recorded, those in the queue included. */
    readonly inFlight: () => number
    /** Requests that would be sent at once if they were offered now. */
    readonly slotsFree: () => number
    /** The listener is called, synchronously, whenever a slot has become free and nothing waits for it; it must not throw. */
    readonly onSlotFree: (listener: () => void) => void
    /**
     * Takes nothing more, hands back what was never started, gives what is on its way up to `graceMs`, then hands back what has not left
     * and interrupts the rest. What the store says this worker holds and no word of came here is handed back too: it was decided while this
     * worker was leaving. Answers with the attempts that have no recorded result: those handed back, and those cut off.
     */
    readonly drain: (graceMs: number) => Effect.Effect<ReadonlyArray<ExecutionRequested>>
  }
>()("@dueline/execution/Executor") {}

type Requirements = HttpClient | RequestVault | SigningSecrets | Orchestrator | Backlog | CircuitBreakerStore

/** Attempts that are looked for at the end of a drain, and how long that and handing them back may take, in milliseconds. */
const unheardLimit = 1_000
const unheardMs = 1_000

/** The executor itself; whatever is in flight when the scope closes is interrupted, so `drain` first. */
export const make = (options: ExecutorOptions): Effect.Effect<Executor["Service"], never, Requirements | Scope.Scope> =>
  Effect.gen(function* () {
    const backlog = yield* Backlog
    const clock = yield* Clock.Clock
    const { concurrency = 64, heartbeatMs = 2_000, maxResponseBytes = 65_536, version = "0", worker } = options
    const elapsed = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
    const heartbeat = makeSignal()
    const runner = yield* makeAttemptRunner({
      circuits: options.circuits ?? {},
      maxResponseBytes,
      redaction: options.redaction ?? (() => ({})),
      userAgent: `dueline/${version}`,
      sent: (attempt) => pool.sent(attempt),
      ended: (attempt, whole) => pool.ended(attempt, whole),
      askLease: () => heartbeat.raise(),
      elapsed
    })
    const pool: ExecutionPool = new ExecutionPool({
      concurrency,
      queueLimit: options.queueLimit ?? 256,
      recordingLimit: options.recordingLimit ?? concurrency * 4,
      runner,
      now: () => clock.currentTimeMillisUnsafe(),
      elapsed
    })
    const { attemptsUnderWay, placesFree } = yield* Metrics
    attemptsUnderWay.read = () => pool.inFlight
    placesFree.read = () => pool.free
    const { handBack } = yield* makeRecorder(yield* FiberSet.makeRuntime<never>())
    const giveBack = ({ callId, epoch, tenantId }: Holding) =>
      Effect.callback<void>((resume) => {
        const intent = { callId, epoch, tenantId, correlationId: CorrelationId.make("executor"), traceparent: null }
        const stop = handBack(intent, "draining", clock.currentTimeMillisUnsafe(), () => resume(Effect.void))
        return Effect.sync(stop)
      })
    const giveBackUnheard = Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const held = yield* backlog.abandoned({ now, soleWorker: null, deadWorkers: [worker], limit: unheardLimit })
      const unheard = held.filter((one) => one.worker === worker && pool.find(one) === undefined && pool.disown(one))
      yield* Effect.forEach(unheard, giveBack, { concurrency: "unbounded", discard: true })
    }).pipe(Effect.timeoutOption(unheardMs), Effect.ignore)
    yield* Effect.addFinalizer(() => pool.drain(0))
    yield* Effect.forkScoped(keepLeases(pool, backlog, heartbeat, elapsed, { worker, heartbeatMs, leaseMs }))
    return Executor.of({
      offer: (intent) => pool.offer(intent),
      recall: (holding) =>
        Effect.suspend(() => {
          const attempt = pool.find(holding)
          if (attempt === undefined) return Effect.succeed(pool.disown(holding) ? "unheard" : "sent")
          if (!pool.withdraw(attempt, "recalled") && !attempt.givenBack) return Effect.succeed("sent")
          return Effect.map(untilEnded(attempt), (whole) => (whole ? "recalled" : "sent"))
        }),
      holds: (holding) => pool.find(holding) !== undefined,
      draining: () => pool.draining,
      inFlight: () => pool.inFlight,
      slotsFree: () => pool.free,
      onSlotFree: (listener) => pool.onFree(listener),
      drain: (graceMs) => Effect.tap(pool.drain(graceMs), () => giveBackUnheard)
    })
  })
