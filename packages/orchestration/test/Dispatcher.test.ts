/** The dispatcher on the memory outbox, with the bus of the embedded default or one that fails as it is told. */
import * as EventBusMemory from "@dueline/contracts/memory/EventBusMemory"
import * as MemoryStore from "@dueline/port-contracts/memory/MemoryStore"
import { ack, EventBus } from "@dueline/contracts/ports/EventBus"
import { Outbox } from "@dueline/contracts/ports/Outbox"
import * as Sample from "@dueline/port-contracts/Sample"
import { assert, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Exit, Latch, Layer, Scope } from "effect"
import * as Dispatcher from "../src/dispatcher/Dispatcher.ts"
import { flaky, pass, payloadsOf, refused, scripted, world } from "./DispatcherWorld.ts"

it.effect("what is committed arrives at the consumers, and its row is gone", () =>
  Effect.gen(function* () {
    const bus = yield* EventBusMemory.make()
    const heard: Array<unknown> = []
    yield* bus.consume({ group: "one", topics: [] }, ({ payload }) =>
      Effect.as(
        Effect.sync(() => heard.push(payload)),
        ack
      )
    )
    const { commit, store } = yield* world({ bus })
    yield* commit(Sample.target(), 1, 2, 3)
    yield* pass(1)
    assert.deepStrictEqual(heard, [1, 2, 3])
    assert.deepStrictEqual(store.dump().outbox, [])
  })
)

it.effect(
  "a row stays until every consumer is done with its message",
  () =>
    Effect.gen(function* () {
      const bus = yield* EventBusMemory.make()
      const release = yield* Deferred.make<void>()
      yield* bus.consume({ group: "slow", topics: [] }, () => Effect.as(Deferred.await(release), ack))
      const { commit, store } = yield* world({ bus })
      yield* commit(Sample.target(), 1)
      yield* pass(20_000)
      assert.lengthOf(store.dump().outbox, 1)
      yield* Deferred.succeed(release, undefined)
      yield* pass(1)
      assert.lengthOf(store.dump().outbox, 0)
    }),
  { tags: ["ADR-0008.1"] }
)

it.effect(
  "a tenant whose messages are stuck holds up no other",
  () =>
    Effect.gen(function* () {
      const stuck = Sample.target()
      const { arrived, bus } = scripted(({ tenantId }) => (tenantId === stuck.tenantId ? Effect.never : Effect.void))
      const { commit } = yield* world({ bus, options: { batch: 2 } })
      yield* commit(stuck, ...Array.from({ length: 20 }, (_, n) => n))
      for (const payload of ["a", "b", "c"]) yield* commit(Sample.target(), payload)
      yield* pass(1)
      assert.sameMembers(payloadsOf(arrived), ["a", "b", "c"])
    }),
  { tags: ["ADR-0008.3"] }
)

it.effect(
  "retries come after 100 ms, 200 ms, 400 ms … give or take a fifth, and never more than 10 s",
  () =>
    Effect.gen(function* () {
      const at: Array<number> = []
      const { bus } = scripted(() =>
        Effect.andThen(
          Effect.map(Clock.currentTimeMillis, (now) => at.push(now)),
          refused
        )
      )
      const { commit } = yield* world({ bus })
      yield* commit(Sample.target(), 1)
      yield* pass(60_000)
      const delays = at.slice(1).map((time, index) => time - (at[index] ?? 0))
      assert.lengthOf(delays, 9)
      for (const [index, delay] of delays.entries()) {
        const steady = Math.min(10_000, 100 * 2 ** index)
        assert.isAtLeast(delay, steady * 0.8)
        assert.isAtMost(delay, Math.min(10_000, steady * 1.2))
      }
      assert.isAbove(new Set(delays.map((delay, index) => delay / Math.min(10_000, 100 * 2 ** index))).size, 3)
    }),
  { tags: ["ADR-0008.3"] }
)

it.effect(
  "after ten failures a message is a dead letter with its history, and its stream moves on",
  () =>
    Effect.gen(function* () {
      const { arrived, attempts, bus } = scripted(({ payload }) => (payload === "poison" ? refused : Effect.void))
      const { commit, store } = yield* world({ bus })
      yield* commit(Sample.target(), "poison", "next")
      yield* pass(60_000)
      assert.deepStrictEqual(payloadsOf(arrived), ["next"])
      const { dead, outbox } = store.dump()
      assert.lengthOf(outbox, 0)
      assert.deepStrictEqual(
        dead.map(({ entry }) => entry.payload),
        ["poison"]
      )
      assert.lengthOf(dead[0]?.errors ?? [], 10)
      assert.strictEqual(attempts.get(dead[0]?.entry.eventId ?? ""), 10)
    }),
  { tags: ["ADR-0008.3"] }
)

it.effect("a bus that dies of one message has failed on that message only", () =>
  Effect.gen(function* () {
    const { arrived, bus } = scripted(({ payload }) =>
      payload === "bug" ? Effect.die(new Error("cannot encode")) : Effect.void
    )
    const { commit, store } = yield* world({ bus })
    yield* commit(Sample.target(), "bug")
    yield* commit(Sample.target(), "fine")
    yield* pass(60_000)
    assert.deepStrictEqual(payloadsOf(arrived), ["fine"])
    assert.lengthOf(store.dump().dead, 1)
  })
)

it.effect("while nothing happens the store is asked once in five seconds", () =>
  Effect.gen(function* () {
    const { calls, outbox } = flaky()
    yield* world({ bus: scripted(() => Effect.void).bus, outbox })
    yield* pass(100_000)
    assert.isAtMost(calls.claim, 21)
    assert.isAtLeast(calls.claim, 19)
    assert.strictEqual(calls.settle, 0)
  })
)

it.effect("what was committed without a wake is found by the poll", () =>
  Effect.gen(function* () {
    const { arrived, bus } = scripted(() => Effect.void)
    const { store } = yield* world({ bus })
    yield* pass(1)
    yield* store.persistence.commit([Sample.commit(Sample.target(), { outbox: [Sample.message("quiet")] })])
    yield* pass(4_900)
    assert.deepStrictEqual(payloadsOf(arrived), [])
    yield* pass(200)
    assert.deepStrictEqual(payloadsOf(arrived), ["quiet"])
  })
)

it.effect("a hundred wakes at once are one claim", () =>
  Effect.gen(function* () {
    const { calls, outbox } = flaky()
    const { wake } = yield* world({ bus: scripted(() => Effect.void).bus, outbox })
    yield* pass(1)
    const before = calls.claim
    for (let n = 0; n < 100; n += 1) yield* wake
    yield* pass(1)
    assert.strictEqual(calls.claim, before + 1)
  })
)

it.effect("a thousand messages are settled in batches, in far fewer statements", () =>
  Effect.gen(function* () {
    const { calls, outbox } = flaky()
    const open = yield* Latch.make()
    const { arrived, bus } = scripted(() => open.await)
    const { commit, store } = yield* world({ bus, outbox })
    yield* Effect.forEach(Array.from({ length: 1_000 }), () => commit(Sample.target(), "x"))
    yield* pass(1)
    yield* open.open
    yield* pass(1)
    assert.lengthOf(arrived, 1_000)
    assert.lengthOf(store.dump().outbox, 0)
    assert.isBelow(calls.settle + calls.claim, 100)
  })
)

it.effect(
  "a store that does not answer is asked again for as long as it takes, and nothing is lost or said twice",
  () =>
    Effect.gen(function* () {
      const { calls, outbox } = flaky()
      const { arrived, bus } = scripted(() => Effect.void)
      const { commit, store } = yield* world({ bus, outbox })
      calls.failing = 50
      yield* commit(Sample.target(), 1)
      yield* pass(1_000_000)
      yield* commit(Sample.target(), 2)
      const claims = calls.claim
      calls.failing = 50
      yield* pass(1_000_000)
      assert.deepStrictEqual(payloadsOf(arrived), [1, 2])
      assert.lengthOf(store.dump().outbox, 0)
      assert.isAbove(claims, 50)
    })
)

it.effect("a claim that failed is made again after a moment, not only with the next poll", () =>
  Effect.gen(function* () {
    const { calls, outbox } = flaky()
    const { arrived, bus } = scripted(() => Effect.void)
    const { commit } = yield* world({ bus, outbox })
    yield* pass(1)
    calls.failing = 1
    yield* commit(Sample.target(), 1)
    yield* pass(200)
    assert.deepStrictEqual(payloadsOf(arrived), [1])
  })
)

it.effect("a settlement that fails is made again, and its message is not published again meanwhile", () =>
  Effect.gen(function* () {
    const { calls, outbox } = flaky()
    const { arrived, bus } = scripted(() =>
      Effect.sync(() => {
        calls.failing = 5
      })
    )
    const { commit, store } = yield* world({ bus, outbox })
    yield* commit(Sample.target(), 1)
    yield* pass(60_000)
    assert.strictEqual(calls.settle, 6)
    assert.lengthOf(arrived, 1)
    assert.lengthOf(store.dump().outbox, 0)
  })
)

it.effect(
  "after its scope has closed nothing more is published, and what was on its way comes again with the next start",
  () =>
    Effect.gen(function* () {
      const store = MemoryStore.make()
      const { arrived, attempts, bus } = scripted((_, attempt) => (attempt === 1 ? Effect.never : Effect.void))
      const ports = Layer.mergeAll(Layer.succeed(EventBus, bus), Layer.succeed(Outbox, store.outbox))
      const start = (scope: Scope.Scope) => Scope.provide(Layer.build(Layer.provide(Dispatcher.layer(), ports)), scope)
      yield* store.persistence.commit([Sample.commit(Sample.target(), { outbox: [Sample.message("x")] })])
      const first = yield* Scope.make()
      yield* start(first)
      yield* pass(1)
      assert.deepStrictEqual([...attempts.values()], [1])
      yield* Scope.close(first, Exit.void)
      yield* pass(100_000)
      assert.deepStrictEqual([...attempts.values()], [1])
      yield* start(yield* Effect.scope)
      yield* pass(1)
      assert.lengthOf(arrived, 1)
      assert.lengthOf(store.dump().outbox, 0)
    })
)

it.effect("under load a round waits for the next, after a rest it does not, and no message is left behind", () =>
  Effect.gen(function* () {
    const { arrived, bus } = scripted(() => Effect.void)
    const { calls, outbox } = flaky()
    const { commit, store } = yield* world({ bus, outbox, options: { lingerMs: 50 } })
    yield* pass(1_000)
    const before = calls.claim
    yield* commit(Sample.target(), 1)
    yield* pass(0)
    assert.deepStrictEqual(payloadsOf(arrived), [1])
    for (const payload of [2, 3, 4, 5]) {
      yield* commit(Sample.target(), payload)
      yield* pass(5)
    }
    yield* pass(100)
    assert.sameMembers([...payloadsOf(arrived)], [1, 2, 3, 4, 5])
    assert.isAtMost(calls.claim - before, 4)
    yield* pass(100)
    assert.lengthOf(store.dump().outbox, 0)
  })
)
