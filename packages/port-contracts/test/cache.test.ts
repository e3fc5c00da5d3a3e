/** The cache in memory passes the suite; and what all caches have in common: times, renewals, and that a bad store breaks nothing. */
import { type Cached, isDue, makeCached } from "@dueline/contracts/cache/Cached"
import { jitter, lifeOf } from "@dueline/contracts/cache/entries"
import { CacheStore, CacheUnavailable, defaultPatience, patient } from "@dueline/contracts/ports/CacheStore"
import * as CacheMemory from "@dueline/contracts/memory/CacheMemory"
import * as CacheStoreContract from "@dueline/port-contracts/CacheStoreContract"
import { propertyRuns } from "@dueline/port-contracts/propertyRuns"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Fiber, Random, Schema } from "effect"
import { TestClock } from "effect/testing"

CacheStoreContract.suite("memory", {
  layer: CacheMemory.layer,
  passTime: TestClock.adjust,
  other: CacheStore
})

type Store = CacheStore["Service"]
const Found = Schema.NullOr(Schema.Struct({ n: Schema.Int }))
type Found = typeof Found.Type

const second = 1_000
/** One minute for what is there, five seconds for what is not. */
const ttlMs = (found: Found): number => (found === null ? 5 * second : 60 * second)

/** A cache of what is counted up with each finding; `costMs`: what a finding takes. */
const counting = Effect.fnUntraced(function* (store: Store, costMs = 0, absent = false) {
  let found = 0
  const cached = yield* makeCached({
    nameOf: (key) => `ops:test:${key}`,
    value: Found,
    ttlMs,
    find: () =>
      Effect.suspend(() => {
        found += 1
        const value = absent ? null : { n: found }
        return costMs === 0 ? Effect.succeed(value) : Effect.as(Effect.sleep(costMs), value)
      })
  }).pipe(Effect.provideService(CacheStore, store))
  return { cached, found: () => found }
})

const n = (cached: Cached<Found, never>, key = "k") => Effect.map(cached.get(key), (found) => found?.n ?? null)
const roll = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 0.999_999 }))
const whole = (maximum: number) => Schema.Int.check(Schema.isBetween({ minimum: 1, maximum }))

describe("the times of entries", { tags: ["ADR-0050.1"] }, () => {
  it.prop(
    "lives are 5 to 15 % shorter than they could be, all of that range, and never longer",
    { ttl: whole(100_000_000), roll },
    ({ roll, ttl }) => {
      const life = lifeOf(ttl, roll)
      assert.isAtMost(life, Math.max(1, ttl * (1 - jitter.least)))
      assert.isAtLeast(life, ttl * (1 - jitter.most) - 1)
      assert.deepStrictEqual([lifeOf(10_000, 0), lifeOf(10_000, 1)], [9_500, 8_500])
    },
    { arbitrary: propertyRuns }
  )

  it.prop(
    "the dearer a thing and the nearer its end, the sooner it is renewed, at its end always",
    { costMs: whole(10_000), left: whole(100_000), roll },
    ({ costMs, left, roll }) => {
      const now = 1_000_000
      const entry = { costMs, expiresAt: now + left }
      assert.isTrue(isDue(entry, entry.expiresAt, roll))
      // The share of those who renew it is e^(-left/cost), as the paper has it.
      assert.strictEqual(isDue(entry, now, roll), roll >= 1 - Math.exp(-left / costMs))
      if (isDue(entry, now, roll)) {
        assert.isTrue(isDue({ ...entry, costMs: costMs * 2 }, now, roll))
        assert.isTrue(isDue(entry, now + left / 2, roll))
      }
    },
    { arbitrary: propertyRuns }
  )

  it.effect("what is not there is forgotten in its own, shorter time", () =>
    Effect.gen(function* () {
      const there = yield* counting(CacheMemory.make())
      const absent = yield* counting(CacheMemory.make(), 0, true)
      for (const { cached } of [there, absent]) yield* cached.get("k")
      yield* TestClock.adjust(4 * second)
      for (const { cached } of [there, absent]) yield* cached.get("k")
      assert.deepStrictEqual([there.found(), absent.found()], [1, 1])
      yield* TestClock.adjust(second)
      for (const { cached } of [there, absent]) yield* cached.get("k")
      assert.deepStrictEqual([there.found(), absent.found()], [1, 2])
      yield* TestClock.adjust(55 * second)
      yield* there.cached.get("k")
      assert.strictEqual(there.found(), 2)
    }).pipe(Effect.scoped)
  )

  it.effect("one of many renews what is about to end, apart from its answer, and nobody finds it ended", () =>
    Effect.gen(function* () {
      const { cached, found } = yield* counting(CacheMemory.make(), second)
      const first = yield* Effect.forkChild(n(cached), { startImmediately: true })
      yield* TestClock.adjust(second)
      assert.strictEqual(yield* Fiber.join(first), 1)
      // Ten askers a second, for two minutes: each is answered at once.
      for (let tick = 0; tick < 1_200; tick += 1) {
        const before = yield* Clock.currentTimeMillis
        yield* n(cached)
        assert.strictEqual(yield* Clock.currentTimeMillis, before)
        yield* TestClock.adjust(100)
      }
      assert.isAtLeast(found(), 3)
      assert.isAtMost(found(), 4)
    }).pipe(Effect.scoped, Random.withSeed("renewals"))
  )
})

describe("a finding", { tags: ["ADR-0050.2"] }, () => {
  it.effect("whose lock has ended is begun by the next one, and what comes of the first is not kept", () =>
    Effect.gen(function* () {
      const store = CacheMemory.make()
      const [stuck, next] = [yield* counting(store, 60 * second), yield* counting(store)]
      const slow = yield* Effect.forkChild(n(stuck.cached), { startImmediately: true })
      const waiting = yield* Effect.forkChild(n(next.cached), { startImmediately: true })
      yield* TestClock.adjust(second)
      assert.strictEqual(next.found(), 0)
      yield* TestClock.adjust(1_100)
      assert.strictEqual(yield* Fiber.join(waiting), 1)
      assert.strictEqual(next.found(), 1)
      yield* next.cached.forget("k")
      yield* TestClock.adjust(60 * second)
      yield* Fiber.join(slow)
      assert.isNull(yield* store.get("ops:test:k"))
    }).pipe(Effect.scoped)
  )

  it.effect("that began before something changed is kept by nobody, and who asks after it gets the change", () =>
    Effect.gen(function* () {
      const store = CacheMemory.make()
      const { cached } = yield* counting(store, second)
      const before = yield* Effect.forkChild(n(cached), { startImmediately: true })
      yield* cached.forget("k")
      const after = yield* Effect.forkChild(n(cached), { startImmediately: true })
      yield* TestClock.adjust(second)
      assert.deepStrictEqual([yield* Fiber.join(before), yield* Fiber.join(after)], [1, 2])
      assert.strictEqual(yield* n(cached), 2)
    }).pipe(Effect.scoped)
  )

  it.effect("that fails is told to all who wait, and is begun anew by the next", () =>
    Effect.gen(function* () {
      let found = 0
      const gate = yield* Deferred.make<void>()
      const cached = yield* makeCached({
        nameOf: (key) => key,
        value: Schema.Int,
        ttlMs: () => second,
        find: () =>
          Effect.andThen(
            Deferred.await(gate),
            Effect.suspend(() => Effect.fail(`trouble ${(found += 1)}`))
          )
      }).pipe(Effect.provideService(CacheStore, CacheMemory.make()))
      const asking = yield* Effect.forkChild(
        Effect.forEach([1, 2, 3], () => Effect.flip(cached.get("k")), { concurrency: 3 }),
        { startImmediately: true }
      )
      yield* Deferred.succeed(gate, undefined)
      assert.deepStrictEqual(yield* Fiber.join(asking), ["trouble 1", "trouble 1", "trouble 1"])
      assert.strictEqual(yield* Effect.flip(cached.get("k")), "trouble 2")
    }).pipe(Effect.scoped)
  )
})

const throws = (): never => {
  throw new Error("broken")
}
const failing = Effect.fail(new CacheUnavailable({ detail: "away" }))
const all = (answer: () => Effect.Effect<never, CacheUnavailable>): Store => ({
  get: answer,
  set: answer,
  remove: answer,
  removeAll: answer,
  lock: answer,
  settle: answer
})
const bad: Readonly<Record<string, Store>> = {
  away: all(() => failing),
  silent: all(() => Effect.never),
  throwing: all(throws),
  dying: all(() => Effect.die("broken")),
  "silent when told the result": { ...CacheMemory.make(), settle: () => Effect.never },
  "never giving the lock": { ...CacheMemory.make(), lock: () => Effect.succeed(false) }
}

describe("a bad store", { tags: ["ADR-0050.3"] }, () => {
  for (const [how, store] of Object.entries(bad)) {
    it.effect(`that is ${how}: every asker is answered, within a bounded time`, () =>
      Effect.gen(function* () {
        const { cached } = yield* counting(patient(store))
        const asking = yield* Effect.forkChild(
          Effect.forEach([1, 2, 3, 4, 5], (key) => n(cached, `k${key}`), { concurrency: "unbounded" }),
          { startImmediately: true }
        )
        yield* TestClock.adjust(how.startsWith("never") ? 2_100 : 2 * defaultPatience.answerMs)
        assert.deepStrictEqual(new Set(yield* Fiber.join(asking)), new Set([1, 2, 3, 4, 5]))
        yield* cached.forget("k1").pipe(Effect.forkChild({ startImmediately: true }))
      }).pipe(Effect.scoped)
    )
  }

  it.effect("that hangs is waited for once, then left alone for a second", () =>
    Effect.gen(function* () {
      let asked = 0
      const hanging = all(() =>
        Effect.andThen(
          Effect.sync(() => (asked += 1)),
          Effect.never
        )
      )
      const { cached } = yield* counting(patient(hanging))
      const first = yield* Effect.forkChild(n(cached), { startImmediately: true })
      yield* TestClock.adjust(defaultPatience.answerMs)
      yield* Fiber.join(first)
      for (let more = 0; more < 10; more += 1) yield* n(cached)
      assert.strictEqual(asked, 1)
      yield* TestClock.adjust(defaultPatience.restMs)
      yield* Effect.forkChild(n(cached), { startImmediately: true })
      assert.strictEqual(asked, 2)
    }).pipe(Effect.scoped)
  )

  it.effect.prop(
    "that gives back whatever text it likes: it is found out as if there were nothing",
    { garbage: Schema.Union([Schema.String, Schema.fromJsonString(Schema.Json)]), cut: whole(200) },
    ({ cut, garbage }) =>
      Effect.gen(function* () {
        const store = CacheMemory.make()
        const { cached, found } = yield* counting(store)
        yield* n(cached)
        const good = (yield* store.get("ops:test:k")) ?? ""
        const now = yield* Clock.currentTimeMillis
        const texts = [
          typeof garbage === "string" ? garbage : JSON.stringify(garbage),
          good.slice(0, Math.min(cut, good.length - 1)),
          good.replace("ops:test:k", "ops:other:k"),
          good.replace('"n":1', '"n":"1"'),
          JSON.stringify({ n: "ops:test:k", d: 0, e: now + 3_600_000, v: { n: 9 } }),
          `${" ".repeat(70_000)}${good}`
        ]
        for (const text of texts) {
          yield* store.set("ops:test:k", text, 60 * second)
          const before = found()
          assert.strictEqual(yield* n(cached), before + 1, text.slice(0, 200))
        }
      }).pipe(Effect.scoped),
    { arbitrary: propertyRuns }
  )

  it.effect("keeps no more than it is bounded to, and a value that is too large is told and not kept", () =>
    Effect.gen(function* () {
      const store = CacheMemory.make(10)
      for (let name = 0; name < 100; name += 1) yield* store.set(`k${name}`, "text", second)
      const kept = yield* Effect.forEach(
        Array.from({ length: 100 }, (_, name) => `k${name}`),
        store.get
      )
      assert.isBelow(kept.filter((text) => text !== null).length, 20)
      const cached = yield* makeCached({
        nameOf: (key) => key,
        value: Schema.String,
        ttlMs: () => second,
        maxLength: 1_000,
        find: () => Effect.succeed("x".repeat(1_001))
      }).pipe(Effect.provideService(CacheStore, store))
      assert.lengthOf(yield* cached.get("large"), 1_001)
      assert.isNull(yield* store.get("large"))
    }).pipe(Effect.scoped)
  )
})
