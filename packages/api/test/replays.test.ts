/** Repeats that are answered from a cache: by it alone, as the store would, and only while it can be believed. */
import { shortKey } from "../src/resources/asking.ts"
import { replaying } from "../src/resources/replays.ts"
import * as EventBusMemory from "@dueline/contracts/memory/EventBusMemory"
import { EventBus } from "@dueline/contracts/ports/EventBus"
import * as CacheMemory from "@dueline/contracts/memory/CacheMemory"
import { CorrelationId, EpochMillis, IdempotencyKey, ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import type { Envelope } from "@dueline/contracts/Envelope"
import { CacheStore, CacheUnavailable, StoreRun } from "@dueline/contracts/ports/CacheStore"
import { type Answer, Orchestrator, Overloaded } from "@dueline/contracts/ports/Orchestrator"
import { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"

const tenant = TenantId.make("00000000-0000-7000-8000-0000000000aa")
const other = TenantId.make("00000000-0000-7000-8000-0000000000bb")
const callId = ServiceCallId.make("00000000-0000-7000-8000-000000000001")

const asking = (
  fingerprint: string,
  { key = "invoice-42", run = false, tenantId = tenant } = {}
): Envelope<ServiceCallCommand> => ({
  tenantId,
  commandId: `cancel:${callId}:${shortKey(key)}` as never,
  correlationId: CorrelationId.make("0abc"),
  actor: { kind: "user", id: "tester" },
  traceparent: null,
  idempotency: key === "" ? null : { key: IdempotencyKey.make(key), fingerprint },
  expectedVersion: null,
  command: run
    ? { _tag: "RerunServiceCall", callId, at: EpochMillis.make(0) }
    : { _tag: "CancelServiceCall", callId, at: EpochMillis.make(0) }
})

/** An edge with a writer that counts its questions, and a database whose run is told. */
const edge = Effect.fnUntraced(function* (cache: CacheStore["Service"], given?: EventBus["Service"]) {
  const bus = given ?? (yield* EventBusMemory.make())
  const world = { asked: 0, run: "first" as string | null, replayed: false, refuses: false }
  const writer = yield* Orchestrator.ofCalls(() =>
    Effect.suspend((): Effect.Effect<Answer, Overloaded> => {
      world.asked += 1
      if (world.refuses) return Effect.fail(new Overloaded({ queueLimit: 1 }))
      const { asked: version, replayed } = world
      const outcome = { _tag: "Cancelled", callId, status: "Cancelled", dueAt: 1_000, attempt: 0 } as never
      return Effect.succeed({ version, replayed, outcome })
    })
  )
  const current = Effect.suspend(() =>
    world.run === null
      ? Effect.fail(new StoreUnavailable({ operation: "test", cause: new Error("away") }))
      : Effect.succeed(world.run)
  )
  const { ask } = yield* replaying(writer).pipe(
    Effect.provideService(CacheStore, cache),
    Effect.provideService(EventBus, bus),
    Effect.provideService(StoreRun, { current })
  )
  /** Version and whether it was a repeat; what is remembered in the background is there after it. */
  const answer = (envelope: Envelope<ServiceCallCommand>) =>
    Effect.tap(
      Effect.map(ask(envelope), ({ replayed, version }) => [version, replayed] as const),
      () => TestClock.adjust(0)
    )
  return { answer, ask, world }
})

describe("repeats from the cache", { tags: ["ADR-0050.4"] }, () => {
  it.effect("of a tenant that is deleted are gone when the bus tells of it, and those of others stay", () =>
    Effect.gen(function* () {
      const cache = CacheMemory.make()
      const bus = yield* EventBusMemory.make()
      const { answer, world } = yield* edge(cache, bus)
      for (const tenantId of [tenant, other]) yield* answer(asking("a", { tenantId }))
      const nameOf = (tenantId: TenantId) => `ops:${tenantId}:idem:invoice-42`
      assert.isNotNull(yield* cache.get(nameOf(tenant)))
      for (const topic of ["ops.tenant.deleting", "ops.tenant.deleted"]) {
        yield* cache.set(nameOf(tenant), "late", 1_000)
        yield* bus.publish({ eventId: topic, tenantId: tenant, streamId: tenant as never, topic, payload: null })
        assert.isNull(yield* cache.get(nameOf(tenant)))
      }
      assert.deepStrictEqual(yield* answer(asking("a", { tenantId: other })), [2, true])
      assert.strictEqual(world.asked, 2)
    })
  )

  it.effect("are the first answer, in every edge, and nobody is asked", () =>
    Effect.gen(function* () {
      const cache = CacheMemory.make()
      const [one, two] = [yield* edge(cache), yield* edge(cache)]
      assert.deepStrictEqual(yield* one.answer(asking("a")), [1, false])
      for (const { ask } of [one, two]) {
        const { outcome, replayed, version } = yield* ask(asking("a"))
        assert.deepStrictEqual([version, replayed], [1, true])
        assert.deepStrictEqual(outcome, {
          _tag: "Cancelled",
          callId,
          status: "Cancelled",
          dueAt: 1_000,
          attempt: 0
        } as never)
      }
      assert.deepStrictEqual([one.world.asked, two.world.asked], [1, 0])
    }).pipe(Effect.scoped)
  )

  it.effect("another request, another command, another tenant and no key are asked of the store", () =>
    Effect.gen(function* () {
      const { answer, world } = yield* edge(CacheMemory.make())
      yield* answer(asking("a"))
      for (const envelope of [
        asking("a", { run: true }),
        asking("b"),
        asking("a", { tenantId: other }),
        asking("a", { key: "" }),
        asking("a", { key: "" })
      ]) {
        const before = world.asked
        assert.deepStrictEqual(yield* answer(envelope), [before + 1, false])
      }
    }).pipe(Effect.scoped)
  )

  it.effect("are believed during one run of the database, and for ten minutes at most", () =>
    Effect.gen(function* () {
      const { answer, world } = yield* edge(CacheMemory.make())
      yield* answer(asking("a"))
      world.run = "second"
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(yield* answer(asking("a")), [2, false])
      assert.deepStrictEqual(yield* answer(asking("a")), [2, true])
      world.run = null
      yield* TestClock.adjust("11 seconds")
      assert.deepStrictEqual(yield* answer(asking("a")), [3, false])
      world.run = "second"
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(yield* answer(asking("a")), [2, true])
      yield* TestClock.adjust("10 minutes")
      assert.deepStrictEqual(yield* answer(asking("a")), [4, false])
    }).pipe(Effect.scoped)
  )

  it.effect("are never made of a refusal, nor of an answer that was a repeat itself", () =>
    Effect.gen(function* () {
      const { answer, world } = yield* edge(CacheMemory.make())
      world.refuses = true
      yield* Effect.flip(answer(asking("a")))
      world.refuses = false
      world.replayed = true
      assert.deepStrictEqual(yield* answer(asking("a")), [2, true])
      assert.deepStrictEqual(yield* answer(asking("a")), [3, true])
    }).pipe(Effect.scoped)
  )

  for (const [how, bad] of [
    ["fails", () => Effect.fail(new CacheUnavailable({ detail: "away" }))],
    ["throws", () => Effect.die("broken")],
    ["gives back garbage", () => Effect.succeed("}{")]
  ] as const) {
    it.effect(`from a cache that ${how} do not come: the store is asked`, () =>
      Effect.gen(function* () {
        const { answer } = yield* edge({ get: bad, set: bad, remove: bad, lock: bad, settle: bad } as never)
        assert.deepStrictEqual(yield* answer(asking("a")), [1, false])
        assert.deepStrictEqual(yield* answer(asking("a")), [2, false])
      }).pipe(Effect.scoped)
    )
  }
})
