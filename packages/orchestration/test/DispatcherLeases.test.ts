/** Several dispatchers on one outbox: one of them works, and another takes over when it is gone. */
import { EventBus } from "@dueline/contracts/ports/EventBus"
import { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import * as Sample from "@dueline/port-contracts/Sample"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import * as Pair from "./DispatcherPair.ts"
import { pass, payloadsOf } from "./DispatcherWorld.ts"

/** A bus that takes everything at once, and those who hear it. */
const plainBus = () => {
  const consumers = Pair.consumers()
  const bus = EventBus.of({
    publish: (message) => Effect.sync(() => consumers.hear(message)),
    consume: () => Effect.void
  })
  return { ...consumers, bus }
}

const commit = (at: ReturnType<typeof Pair.installation>, payload: unknown, call = Sample.target()) =>
  at.store.persistence.commit([Sample.commit(call, { outbox: [Sample.message(payload)] })])

/** Steps of a tenth of a second, so that whoever waits for time to pass gets it piece by piece. */
const seconds = (count: number) => Effect.repeat(pass(100), { times: count * 10 - 1 })

describe("dispatchers of several processes", { tags: ["ADR-0014.3"] }, () => {
  it.effect("of two that start one claims and the other does not", () =>
    Effect.gen(function* () {
      const { bus, times } = plainBus()
      const at = Pair.installation(bus)
      const [a, b] = [yield* Pair.process("a", at), yield* Pair.process("b", at)]
      for (let n = 0; n < 20; n += 1) {
        yield* commit(at, n)
        yield* a.wake
        yield* b.wake
        yield* seconds(1)
      }
      assert.strictEqual(times.size, 20)
      assert.isTrue([...times.values()].every((count) => count === 1))
      assert.isAtLeast(a.claims.length, 20)
      assert.lengthOf(b.claims, 0)
    })
  )

  it.effect("when the one that works stops in order the other goes on within a second", () =>
    Effect.gen(function* () {
      const { bus, seen } = plainBus()
      const at = Pair.installation(bus)
      const [a] = [yield* Pair.process("a", at), yield* Pair.process("b", at)]
      yield* seconds(10)
      yield* a.close
      yield* commit(at, "left")
      yield* seconds(1)
      assert.deepStrictEqual(payloadsOf(seen), ["left"])
    })
  )

  it.effect("when the one that works is gone without a word the other goes on after five seconds, not sooner", () =>
    Effect.gen(function* () {
      const { bus } = plainBus()
      const at = Pair.installation(bus)
      const [a, b] = [yield* Pair.process("a", at), yield* Pair.process("b", at)]
      yield* seconds(10)
      yield* a.pause
      const pausedAt = yield* Clock.currentTimeMillis
      yield* seconds(8)
      const [first = 0] = b.claims
      assert.isAtLeast(first - pausedAt, 5_000 - 1_500)
      assert.isAtMost(first - pausedAt, 6_100)
    })
  )

  it.effect("one that was paused for longer than its lease publishes nothing more when it goes on", () =>
    Effect.gen(function* () {
      const { bus, hear, times } = plainBus()
      const slow = EventBus.of({
        ...bus,
        publish: (message) =>
          Effect.andThen(
            Effect.sleep(300),
            Effect.sync(() => hear(message))
          )
      })
      const at = Pair.installation(slow)
      const [a, b] = [yield* Pair.process("a", at), yield* Pair.process("b", at)]
      const outbox = [1, 2, 3, 4].map((n) => Sample.message(n))
      yield* at.store.persistence.commit([Sample.commit(Sample.target(), { outbox })])
      yield* a.wake
      yield* pass(400)
      yield* a.pause
      yield* seconds(20)
      yield* a.goOn
      yield* seconds(5)
      const counts = outbox.map(({ eventId }) => times.get(eventId))
      assert.deepStrictEqual(counts, [1, 2, 1, 1], "the second was on its way, the others were not")
      yield* b.close
      yield* commit(at, "later")
      yield* seconds(2)
      assert.strictEqual(times.size, 5)
    })
  )

  it.effect(
    "while nobody can be asked for the lease nothing is published once it has run out, and then it goes on",
    () =>
      Effect.gen(function* () {
        const { bus, seen } = plainBus()
        const at = Pair.installation(bus)
        let reachable = true
        const gone = new StoreUnavailable({ operation: "lease", cause: new Error("gone") })
        const a = yield* Pair.process("a", {
          ...at,
          leases: { ...at.leases, take: (what) => (reachable ? at.leases.take(what) : Effect.fail(gone)) }
        })
        yield* commit(at, "before")
        yield* seconds(1)
        reachable = false
        yield* seconds(3)
        yield* commit(at, "still its own")
        yield* a.wake
        yield* pass(1)
        assert.deepStrictEqual(payloadsOf(seen), ["before", "still its own"])
        yield* seconds(4)
        yield* commit(at, "nobody's")
        yield* a.wake
        yield* seconds(30)
        assert.lengthOf(seen, 2)
        reachable = true
        yield* seconds(2)
        assert.deepStrictEqual(payloadsOf(seen), ["before", "still its own", "nobody's"])
      })
  )

  it.effect("a lease that cannot be asked for because of a mistake in the store is asked for again", () =>
    Effect.gen(function* () {
      const { bus, seen } = plainBus()
      const at = Pair.installation(bus)
      let broken = true
      yield* Pair.process("a", {
        ...at,
        leases: {
          ...at.leases,
          take: (what) => (broken ? Effect.die(new Error("no such table")) : at.leases.take(what))
        }
      })
      yield* commit(at, "waits")
      yield* seconds(5)
      assert.lengthOf(seen, 0)
      broken = false
      yield* seconds(2)
      assert.deepStrictEqual(payloadsOf(seen), ["waits"])
    })
  )
})
