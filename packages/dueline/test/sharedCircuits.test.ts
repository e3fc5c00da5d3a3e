/** Executors of two processes on one Redis: what one has learned of a target, the other knows. */
import { CorrelationId, EpochMillis, ServiceCallId, TenantId, WorkerId } from "@dueline/contracts/Ids"
import type { ExecutionRequested } from "@dueline/contracts/Intent"
import { Backlog } from "@dueline/contracts/ports/Backlog"
import { HttpClient } from "@dueline/contracts/ports/HttpClient"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { RequestVault } from "@dueline/contracts/ports/Vaults"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import { deadlineGraceMs } from "@dueline/contracts/serviceCall/Spec"
import * as Executor from "@dueline/execution/attempts/Executor"
import * as MockHttpClient from "@dueline/execution/egress/MockHttpClient"
import * as VaultsAes from "@dueline/secrets/VaultsAes"
import { layerUnsigned } from "@dueline/secrets/SigningSecrets"
import * as CircuitStore from "@dueline/redis/CircuitStore"
import * as RedisConnection from "@dueline/redis/RedisConnection"
import { missing, temporaryDirectory } from "@dueline/test-servers/sharedServers"
import { startRedis } from "@dueline/test-servers/startRedis"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Context, Effect, Layer, Redacted, References, Schedule } from "effect"

const tenantId = TenantId.make("00000000-0000-7000-8000-0000000000aa")
const key = Redacted.make(new Uint8Array(32).fill(1))
const openMs = 1_500

/** A process with its own connection, whose target answers as it is told to. */
const process = Effect.fnUntraced(function* (name: string, url: string) {
  const commands: Array<ServiceCallCommand> = []
  let reply: MockHttpClient.MockReply = { reason: "connect" }
  const client = yield* MockHttpClient.make([{ match: "https://*", reply: () => reply }])
  const worker = WorkerId.make(name)
  const ports = Layer.mergeAll(
    Layer.succeed(HttpClient, client),
    Layer.succeed(RequestVault, VaultsAes.makeRequestVault({ sealing: { id: "k1", key } })),
    Layer.effect(
      Orchestrator,
      Orchestrator.ofCalls(({ command }) =>
        Effect.sync(() => {
          commands.push(command)
          const { at, callId } = command
          return {
            version: 1,
            replayed: false,
            outcome: { _tag: "Recorded", callId, status: "Scheduled", dueAt: at, attempt: 1 }
          }
        })
      )
    ),
    Layer.succeed(Backlog, {
      upcoming: () => Effect.succeed([]),
      abandoned: () => Effect.succeed([]),
      extend: ({ holdings }) => Effect.succeed({ renewed: holdings, gone: [] })
    }),
    layerUnsigned
  )
  const redis = yield* Layer.build(
    CircuitStore.layer().pipe(Layer.provideMerge(RedisConnection.layer({ url: Redacted.make(url) })))
  )
  const executor = yield* Executor.make({ worker, circuits: { failures: 3, openMs } }).pipe(
    Effect.provide(ports),
    Effect.provide(redis)
  )
  const { isUp } = Context.get(redis, RedisConnection.RedisConnection)
  let calls = 0
  /** One attempt; answers with what was recorded of it. */
  const attempt = Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const before = commands.length
    executor.offer(attemptAt(worker, ++calls, now))
    yield* eventually("the record", () => commands.length > before)
    return commands.at(-1)?._tag
  })
  return {
    attempt,
    isUp,
    commands,
    begun: client.begun,
    targetIs: (next: MockHttpClient.MockReply) => {
      reply = next
    }
  }
})

type Process = Effect.Success<ReturnType<typeof process>>

const attemptAt = (worker: WorkerId, n: number, now: number): ExecutionRequested => ({
  _tag: "ExecutionRequested",
  tenantId,
  callId: ServiceCallId.make(`00000000-0000-7000-8000-${n.toString(16).padStart(12, "0")}`),
  worker,
  epoch: 1,
  attempt: 1,
  dueAt: now,
  handedOverAt: now,
  deadlineAt: EpochMillis.make(now + 30_000 + deadlineGraceMs),
  timeoutMs: 30_000,
  retryStatuses: [],
  request: { method: "GET", url: "https://target.test/hook", headers: {}, bodyBytes: 0, bodySnippet: null },
  sealed: null,
  correlationId: CorrelationId.make("0abc"),
  traceparent: null
})

const eventually = (what: string, holds: () => boolean) =>
  Effect.suspend(() => (holds() ? Effect.void : Effect.fail(what))).pipe(
    Effect.retry(Schedule.spaced("5 millis").pipe(Schedule.upTo({ times: 3_000 }))),
    Effect.catch((never) => Effect.sync(() => assert.fail(`never came: ${never}`)))
  )

const bothUp = (one: Process, other: Process) => eventually("both connections", () => one.isUp() && other.isUp())
const trip = ({ attempt }: Process) => Effect.forEach([1, 2, 3], () => attempt)

describe.skipIf(await missing("redis"))("two executors", () => {
  it.live("with one Redis know the same, without it each knows its own, and when it is back they share again", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const directory = yield* Effect.promise(() => temporaryDirectory())
        const redis = yield* Effect.promise(() => startRedis({ directory }))
        const [one, other] = [yield* process("one", redis.url), yield* process("other", redis.url)]
        yield* bothUp(one, other)

        yield* trip(one)
        assert.strictEqual(yield* other.attempt, "HandBackExecution")
        assert.deepStrictEqual([one.begun(), other.begun()], [3, 0])

        // Both try as often as they may: only the probes of the circuit go out, none of them while another is under way.
        one.targetIs({ reason: "timeout", latencyMs: 200 })
        other.targetIs({ reason: "timeout", latencyMs: 200 })
        const sent = () => one.begun() + other.begun()
        while (sent() < 4) yield* Effect.all([one.attempt, other.attempt], { concurrency: 2 })
        assert.strictEqual(sent(), 4, "one probe between them")
        assert.strictEqual(yield* one.attempt, "HandBackExecution")
        assert.strictEqual(yield* other.attempt, "HandBackExecution")

        yield* Effect.promise(() => redis.kill())
        yield* eventually("the loss", () => !one.isUp() && !other.isUp())
        other.targetIs({ status: 200 })
        one.targetIs({ reason: "connect" })
        yield* trip(one)
        assert.strictEqual(yield* one.attempt, "HandBackExecution")
        for (let n = 0; n < 5; n++) assert.strictEqual(yield* other.attempt, "RecordSuccess")

        yield* Effect.promise(() => startRedis({ directory, port: redis.port }))
        yield* bothUp(one, other)
        yield* trip(one)
        assert.strictEqual(yield* other.attempt, "HandBackExecution")
      })
    ).pipe(Effect.provideService(References.CurrentLoggers, new Set()))
  )
})
