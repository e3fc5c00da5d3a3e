/** What every CacheStore does, and that of many who miss the same thing in two processes one works it out. */
import { makeCached } from "@dueline/contracts/cache/Cached"
import { CacheStore } from "@dueline/contracts/ports/CacheStore"
import { assert, type Vitest } from "@effect/vitest"
import { Deferred, Effect, Fiber, identity, Schema } from "effect"
import { TestClock } from "effect/testing"
import { type Harness, judge } from "./Harness.ts"
import * as Sample from "./Sample.ts"

type It<R> = Vitest.MethodsNonLive<CacheStore | R>

export interface CacheStoreHarness<R> extends Harness<CacheStore | R> {
  /** Lets at least this many milliseconds pass for the adapter: `TestClock.adjust`, or a shove to the ends it keeps. */
  readonly passTime: (ms: number) => Effect.Effect<unknown, unknown, R>
  /** As another process has the same cache. */
  readonly other: Effect.Effect<CacheStore["Service"], unknown, CacheStore | R>
}

/** So long that no slow machine sees its end by itself. */
const long = 600_000
const newName = () => `ops:test:${Sample.uuid()}`

const keeping = <R>(it: It<R>, { other, passTime }: CacheStoreHarness<R>) => {
  it.effect("what was set is there in every process, to the character, until its time is over", () =>
    Effect.gen(function* () {
      const [store, elsewhere, name] = [yield* CacheStore, yield* other, newName()]
      assert.isNull(yield* store.get(name))
      for (const text of ["", 'a "quoted"\r\n\u0000 \u2028 line', "ü 漢字 😀", "x".repeat(65_536)]) {
        yield* store.set(name, text, long)
        for (const one of [store, elsewhere]) assert.strictEqual(yield* one.get(name), text)
      }
      yield* passTime(long / 2)
      assert.isNotNull(yield* elsewhere.get(name))
      yield* passTime(long / 2 + 1)
      for (const one of [store, elsewhere]) assert.isNull(yield* one.get(name))
    })
  )

  it.effect("setting anew counts the time anew, and two names are two entries", () =>
    Effect.gen(function* () {
      const [store, one, two] = [yield* CacheStore, newName(), newName()]
      yield* store.set(one, "first", long)
      yield* store.set(two, "other", long * 4)
      yield* passTime(long / 2)
      yield* store.set(one, "second", long)
      yield* passTime(long * 0.6)
      assert.deepStrictEqual([yield* store.get(one), yield* store.get(two)], ["second", "other"])
      yield* store.remove(one)
      assert.deepStrictEqual([yield* store.get(one), yield* store.get(two)], [null, "other"])
    })
  )
}

const removing = <R>(it: It<R>, { other }: CacheStoreHarness<R>) => {
  it.effect("all whose names begin alike are removed at once, to the character, and no others", () =>
    Effect.gen(function* () {
      const [store, elsewhere] = [yield* CacheStore, yield* other]
      const start = `${newName()}:*[a]?\\:`
      const names = Array.from({ length: 2_500 }, (_, n) => `${start}${n}`)
      const stays = [start.slice(0, -1), start.replace("*", "x"), newName()]
      yield* Effect.forEach([...names, ...stays], (name) => store.set(name, "text", long), { concurrency: 50 })
      yield* elsewhere.removeAll(start)
      const left = yield* Effect.filter(
        [...names, ...stays],
        (name) => Effect.map(store.get(name), (text) => text !== null),
        {
          concurrency: 50
        }
      )
      assert.deepStrictEqual(left, stays)
      yield* store.removeAll(newName())
    })
  )
}

const locking = <R>(it: It<R>, { other, passTime }: CacheStoreHarness<R>) => {
  it.effect("however many ask at once in two processes, one gets the lock, until it gives it back", () =>
    Effect.gen(function* () {
      const [store, elsewhere, name] = [yield* CacheStore, yield* other, newName()]
      const holders = Array.from({ length: 20 }, (_, n) => `holder-${n}`)
      const answers = yield* Effect.forEach(
        holders,
        (holder, n) => (n % 2 === 0 ? store : elsewhere).lock(name, holder, long),
        { concurrency: "unbounded" }
      )
      const winners = holders.filter((_, n) => answers[n])
      assert.lengthOf(winners, 1)
      assert.isTrue(yield* elsewhere.settle(name, winners[0] ?? "", { text: "result", ttlMs: long }))
      assert.strictEqual(yield* store.get(name), "result")
      assert.isTrue(yield* store.lock(name, "next", long))
      assert.isTrue(yield* store.settle(name, "next", null))
      assert.strictEqual(yield* store.get(name), "result")
    })
  )

  it.effect("what was settled ends in its time", () =>
    Effect.gen(function* () {
      const [store, name] = [yield* CacheStore, newName()]
      assert.isTrue(yield* store.lock(name, "a", long * 4))
      assert.isTrue(yield* store.settle(name, "a", { text: "result", ttlMs: long }))
      yield* passTime(long + 1)
      assert.isNull(yield* store.get(name))
    })
  )

  it.effect("a lock ends by itself, and who had it settles nothing any more", () =>
    Effect.gen(function* () {
      const [store, elsewhere, name] = [yield* CacheStore, yield* other, newName()]
      assert.isTrue(yield* store.lock(name, "slow", long))
      yield* passTime(long + 1)
      assert.isFalse(yield* store.settle(name, "slow", { text: "late", ttlMs: long }))
      assert.isTrue(yield* elsewhere.lock(name, "next", long))
      assert.isFalse(yield* store.settle(name, "slow", { text: "late", ttlMs: long }))
      assert.isFalse(yield* store.lock(name, "slow", long))
      assert.isNull(yield* store.get(name))
    })
  )

  it.effect("what was removed while somebody worked it out is not put back", () =>
    Effect.gen(function* () {
      const [store, elsewhere, name] = [yield* CacheStore, yield* other, newName()]
      assert.isTrue(yield* store.lock(name, "before", long))
      yield* elsewhere.remove(name)
      assert.isFalse(yield* store.settle(name, "before", { text: "stale", ttlMs: long }))
      assert.isNull(yield* store.get(name))
      assert.isTrue(yield* store.lock(name, "after", long))
    })
  )
}

const stampede = <R>(it: It<R>, { other, realTime = false }: CacheStoreHarness<R>) => {
  it.effect(
    "of a hundred who miss the same thing in two processes, one works it out",
    () =>
      Effect.gen(function* () {
        const name = newName()
        const begun: Array<string> = []
        const gate = yield* Deferred.make<void>()
        const process = (which: string) =>
          makeCached({
            nameOf: () => name,
            value: Schema.String,
            ttlMs: () => long,
            lockMs: long,
            find: () =>
              Effect.suspend(() => {
                begun.push(which)
                return Effect.as(Deferred.await(gate), which)
              })
          })
        const one = yield* process("one")
        const two = yield* Effect.provideService(process("two"), CacheStore, yield* other)
        const asking = yield* Effect.forkChild(
          Effect.forEach(
            Array.from({ length: 100 }, (_, n) => (n % 2 === 0 ? one : two)),
            ({ get }) => get("key"),
            { concurrency: "unbounded" }
          ),
          { startImmediately: true }
        )
        while (begun.length === 0) yield* Effect.sleep(1)
        yield* Deferred.succeed(gate, undefined)
        const answers = yield* Fiber.join(asking)
        assert.lengthOf(begun, 1)
        assert.deepStrictEqual(new Set(answers), new Set(begun))
        assert.deepStrictEqual([yield* one.get("key"), yield* two.get("key")], [begun[0], begun[0]])
        yield* two.forget("key")
        yield* one.get("key")
        assert.lengthOf(begun, 2)
      }).pipe(realTime ? identity : TestClock.withLive, Effect.scoped),
    { tags: ["ADR-0050.2"] }
  )
}

export const suite = <R>(name: string, harness: CacheStoreHarness<R>): void =>
  judge("CacheStore", name, harness, (it) => {
    keeping(it, harness)
    removing(it, harness)
    locking(it, harness)
    stampede(it, harness)
  })
