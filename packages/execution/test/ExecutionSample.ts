/** Intents and worlds for the tests of this package. */
import { CorrelationId, EpochMillis, ServiceCallId, TenantId, WorkerId } from "@dueline/contracts/Ids"
import type { Envelope } from "@dueline/contracts/Envelope"
import type { ExecutionRequested } from "@dueline/contracts/Intent"
import { type Abandoned, Backlog, type Extended, type Holding } from "@dueline/contracts/ports/Backlog"
import { HttpClient, type StartRequest } from "@dueline/contracts/ports/HttpClient"
import { type Answer, Orchestrator, type Refusal } from "@dueline/contracts/ports/Orchestrator"
import { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { RequestVault } from "@dueline/contracts/ports/Vaults"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import * as Vault from "@dueline/secrets/VaultsAes"
import { layerUnsigned } from "@dueline/secrets/SigningSecrets"
import { Clock, Effect, Layer, Logger, Redacted } from "effect"
import { CircuitBreakerStore } from "effect/persistence/CircuitBreaker"
import { layerStoreMemory } from "../src/attempts/Circuits.ts"
import * as Executor from "../src/attempts/Executor.ts"
import * as MockHttpClient from "../src/egress/MockHttpClient.ts"

export const tenant = TenantId.make("00000000-0000-7000-8000-0000000000aa")
export const worker = WorkerId.make("worker-1")
export const url = "https://target.test/hook"

export const callId = (n: number): ServiceCallId =>
  ServiceCallId.make(`00000000-0000-7000-8000-${n.toString(16).padStart(12, "0")}`)

/** Handed over at the moment it is offered. */
export const atOnce = Number.NaN

export const intent = (n = 1, changes: Partial<ExecutionRequested> = {}): ExecutionRequested => ({
  _tag: "ExecutionRequested",
  tenantId: tenant,
  callId: callId(n),
  worker,
  epoch: 3,
  attempt: 2,
  dueAt: 0,
  handedOverAt: atOnce,
  deadlineAt: 35_000,
  timeoutMs: 30_000,
  retryStatuses: [429, 503],
  request: { method: "POST", url, headers: { "content-type": "application/json" }, bodyBytes: 2, bodySnippet: "{}" },
  sealed: null,
  correlationId: CorrelationId.make("0abc"),
  traceparent: null,
  ...changes
})

export const vault = Vault.makeRequestVault({ sealing: { id: "k1", key: Redacted.make(new Uint8Array(32).fill(1)) } })

export interface World {
  readonly executor: Executor.Executor["Service"]
  readonly client: MockHttpClient.MockHttpClient
  readonly asked: ReadonlyArray<Envelope<ServiceCallCommand>>
  readonly extended: ReadonlyArray<{ readonly holdings: ReadonlyArray<Holding>; readonly until: number }>
  /** Sets the wall clock, which alone may step. */
  readonly stepWall: (byMs: number) => void
}

export interface WorldOptions {
  readonly rules?: ReadonlyArray<MockHttpClient.MockRule>
  readonly executor?: Partial<Executor.ExecutorOptions>
  /** Refusals that the first askings meet, in this order. */
  readonly refusals?: ReadonlyArray<Refusal>
  readonly start?: StartRequest
  /** What comes of every asking that is not refused. */
  readonly recorded?: Effect.Effect<never>
  /** How long a recording takes. */
  readonly recordMs?: number
  readonly heartbeatFails?: boolean
  /** What the store says to a heartbeat; by default that all of it is the worker's still. */
  readonly extend?: (holdings: ReadonlyArray<Holding>) => Effect.Effect<Extended, StoreUnavailable>
  /** Where its circuits are kept; its own memory when nothing is said. */
  readonly store?: CircuitBreakerStore["Service"]
  /** What the store says of calls whose worker is gone or was asked for. */
  readonly held?: ReadonlyArray<Abandoned>
}

export const unavailable = new StoreUnavailable({ operation: "commit", cause: new Error("away") })

/** What is told at the level of errors. */
export const errorsTold = () => {
  const told: Array<unknown> = []
  const logger = Logger.layer([
    Logger.make(({ logLevel, message }) => {
      if (logLevel === "Error") told.push(message)
    })
  ])
  return { told, logger }
}

/** An executor in a scripted world on the test's clock. */
export const world = (options: WorldOptions = {}) =>
  Effect.gen(function* () {
    const time = yield* Clock.Clock
    let ahead = 0
    const wall = () => time.currentTimeMillisUnsafe() + ahead
    const clock: Clock.Clock = {
      currentTimeMillisUnsafe: wall,
      currentTimeMillis: Effect.sync(wall),
      currentTimeNanosUnsafe: () => BigInt(wall()) * 1_000_000n,
      currentTimeNanos: Effect.sync(() => BigInt(wall()) * 1_000_000n),
      monotonicTimeNanosUnsafe: () => time.monotonicTimeNanosUnsafe(),
      monotonicTimeNanos: time.monotonicTimeNanos,
      sleep: (duration) => time.sleep(duration)
    }
    const client = yield* MockHttpClient.make(options.rules ?? [{ match: url, reply: { status: 200, body: "ok" } }])
    const asked: Array<Envelope<ServiceCallCommand>> = []
    const extended: Array<{ readonly holdings: ReadonlyArray<Holding>; readonly until: number }> = []
    const answer = (callId: ServiceCallId): Answer => ({
      version: 2,
      replayed: false,
      outcome: { _tag: "Recorded", callId, status: "Succeeded", dueAt: EpochMillis.make(0), attempt: 1 }
    })
    const ask = (envelope: Envelope<ServiceCallCommand>): Effect.Effect<Answer, Refusal> =>
      Effect.suspend(() => {
        const refusal = options.refusals?.[asked.length]
        asked.push(envelope)
        const recorded = options.recorded ?? Effect.succeed(answer(envelope.command.callId))
        const outcome = refusal === undefined ? recorded : Effect.fail(refusal)
        return options.recordMs === undefined ? outcome : Effect.delay(outcome, options.recordMs)
      })
    const backlog = Backlog.of({
      upcoming: () => Effect.succeed([]),
      abandoned: () => Effect.succeed(options.held ?? []),
      extend: ({ holdings, until }) => {
        extended.push({ holdings, until })
        if (options.extend !== undefined) return options.extend(holdings)
        return options.heartbeatFails === true
          ? Effect.fail(unavailable)
          : Effect.succeed({ renewed: holdings, gone: [] })
      }
    })
    const made = yield* Executor.make({ worker, ...options.executor }).pipe(
      Effect.provide(
        Layer.mergeAll(
          Layer.succeed(HttpClient, options.start === undefined ? client : HttpClient.starting(options.start)),
          Layer.succeed(RequestVault, vault),
          Layer.effect(Orchestrator, Orchestrator.ofCalls(ask)),
          Layer.succeed(Backlog, backlog),
          options.store === undefined ? layerStoreMemory : Layer.succeed(CircuitBreakerStore, options.store),
          layerUnsigned
        )
      ),
      Effect.provideService(Clock.Clock, clock)
    )
    const offer = (offered: ExecutionRequested) => {
      const fresh = Number.isNaN(offered.handedOverAt)
      return made.offer(fresh ? { ...offered, handedOverAt: clock.currentTimeMillisUnsafe() } : offered)
    }
    const executor = { ...made, offer }
    const stepWall = (byMs: number) => {
      ahead += byMs
    }
    const inIt: World = { executor, client, asked, extended, stepWall }
    return inIt
  })
