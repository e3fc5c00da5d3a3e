/** What every Outbox does. It cannot be written to, so it wants the Persistence that fills it. */
import { Outbox, type OutboxEntry } from "@dueline/contracts/ports/Outbox"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import { assert, type Vitest } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { type Harness, judge } from "./Harness.ts"
import * as Sample from "./Sample.ts"
import { propertyRunsTimes } from "./propertyRuns.ts"

type It = Vitest.MethodsNonLive<Ports>

const claiming = (it: It) => {
  it.effect(
    "what was committed comes, in the order of the commits, with all that was said",
    () =>
      Effect.gen(function* () {
        yield* emptied
        const [a, b] = [Sample.target(), Sample.target()]
        const message = Sample.message({ n: 1 })
        yield* (yield* Persistence).commit([Sample.commit(a, { outbox: [message, Sample.message({ n: 2 })] })])
        yield* fill(b, [{ n: 3 }])
        yield* fill(a, [{ n: 4 }], 1)
        const entries = yield* claim()
        assert.deepStrictEqual(payloadsOf(entries), [{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }])
        const { position, ...rest } = first(entries)
        assert.deepStrictEqual(rest, {
          ...message,
          tenantId: a.tenantId,
          streamId: Sample.streamOf(a.callId),
          failures: 0
        })
        assert.isTrue(entries.every((entry, index) => index === 0 || entry.position > position))
      }),
    { tags: ["ADR-0008.2"] }
  )

  it.effect(
    "a message comes only when its commit has happened",
    () =>
      Effect.gen(function* () {
        yield* emptied
        const call = Sample.target()
        const lost = Sample.commit(call, { expectedVersion: 4, outbox: [Sample.message("lost")] })
        yield* Effect.flip((yield* Persistence).commit([lost]))
        assert.deepStrictEqual(yield* claim(), [])
        yield* fill(call, ["kept"])
        assert.deepStrictEqual(payloadsOf(yield* claim()), ["kept"])
      }),
    { tags: ["ADR-0008.1"] }
  )

  it.effect("an entry that is not settled comes again", () =>
    Effect.gen(function* () {
      yield* emptied
      yield* fill(Sample.target(), ["again"])
      assert.deepStrictEqual(yield* claim(), yield* claim())
    })
  )

  it.effect("no more than the limit come, the earliest first", () =>
    Effect.gen(function* () {
      yield* emptied
      yield* fill(Sample.target(), [1, 2])
      yield* fill(Sample.target(), [3, 4])
      assert.deepStrictEqual(payloadsOf(yield* claim(now, 3)), [1, 2, 3])
      assert.deepStrictEqual(payloadsOf(yield* claim(now, 1)), [1])
    })
  )

  it.effect("what nobody takes from the bus has no place in it", () =>
    Effect.gen(function* () {
      yield* emptied
      const messages = [Sample.message("heard"), { ...Sample.message("unheard"), unheard: true as const }]
      yield* (yield* Persistence).commit([Sample.commit(Sample.target(), { outbox: messages })])
      assert.deepStrictEqual(payloadsOf(yield* claim()), ["heard"])
    })
  )

  it.effect("what the asker holds is passed over, and takes no room", () =>
    Effect.gen(function* () {
      yield* emptied
      yield* fill(Sample.target(), [1, 2])
      const held = (yield* claim(now, 2)).map(({ position }) => position)
      yield* fill(Sample.target(), [3, 4])
      assert.deepStrictEqual(payloadsOf(yield* claim(now, 2, held)), [3, 4])
      assert.deepStrictEqual(payloadsOf(yield* claim(now, 2, held.slice(1))), [1, 3])
    })
  )

  it.effect("the limit is filled from streams that are not waiting", () =>
    Effect.gen(function* () {
      yield* emptied
      yield* fill(Sample.target(), [1, 2, 3, 4])
      yield* settle({ _tag: "Failed", entry: first(yield* claim()), retryAt: now + 1_000, error: "refused" })
      yield* fill(Sample.target(), [5, 6])
      assert.deepStrictEqual(payloadsOf(yield* claim(now, 2)), [5, 6])
    })
  )
}

const settling = (it: It) => {
  it.effect("what was delivered is gone, and nothing else", () =>
    Effect.gen(function* () {
      yield* emptied
      yield* fill(Sample.target(), [1, 2, 3])
      const entries = yield* claim()
      yield* settle(...entries.slice(0, 2).map((entry) => ({ _tag: "Delivered" as const, entry })))
      assert.deepStrictEqual(payloadsOf(yield* claim()), [3])
    })
  )

  it.effect(
    "what failed returns when its time has come, and its stream waits for it while others do not",
    () =>
      Effect.gen(function* () {
        yield* emptied
        const [slow, other] = [Sample.target(), Sample.target()]
        yield* fill(slow, ["slow 1", "slow 2"])
        yield* fill({ ...other, tenantId: slow.tenantId }, ["other"])
        yield* settle({ _tag: "Failed", entry: first(yield* claim()), retryAt: now + 1_000, error: "refused" })
        assert.deepStrictEqual(payloadsOf(yield* claim(now)), ["other"])
        assert.deepStrictEqual(payloadsOf(yield* claim(now + 999)), ["other"])
        yield* fill(slow, ["slow 3"], 2)
        assert.deepStrictEqual(payloadsOf(yield* claim(now + 999)), ["other"])
        const entries = yield* claim(now + 1_000)
        assert.deepStrictEqual(payloadsOf(entries), ["slow 1", "slow 2", "other", "slow 3"])
        assert.deepStrictEqual(
          entries.map(({ failures }) => failures),
          [1, 0, 0, 0]
        )
      }),
    { tags: ["ADR-0008.2"] }
  )

  it.effect("the same id in another tenant is another stream and does not wait", () =>
    Effect.gen(function* () {
      yield* emptied
      const mine = Sample.target()
      yield* fill(mine, ["mine"])
      yield* fill({ ...mine, tenantId: Sample.tenantId() }, ["theirs"])
      yield* settle({ _tag: "Failed", entry: first(yield* claim()), retryAt: now + 1_000, error: "refused" })
      assert.deepStrictEqual(payloadsOf(yield* claim(now)), ["theirs"])
    })
  )

  it.effect(
    "a dead entry does not come again, and its stream moves on",
    () =>
      Effect.gen(function* () {
        yield* emptied
        yield* fill(Sample.target(), ["poison", "next"])
        yield* settle({ _tag: "Failed", entry: first(yield* claim()), retryAt: now + 1_000, error: "refused" })
        yield* settle({ _tag: "Dead", entry: first(yield* claim(now + 1_000)), error: "refused again" })
        assert.deepStrictEqual(payloadsOf(yield* claim(now)), ["next"])
      }),
    { tags: ["ADR-0008.3"] }
  )

  it.effect("settling an entry twice, or one that is gone, changes nothing", () =>
    Effect.gen(function* () {
      yield* emptied
      yield* fill(Sample.target(), ["gone"])
      yield* fill(Sample.target(), ["failed"])
      const [gone, failed] = yield* claim()
      if (gone === undefined || failed === undefined) return assert.fail("two entries were committed")
      yield* settle({ _tag: "Delivered", entry: gone })
      yield* settle(
        { _tag: "Delivered", entry: gone },
        { _tag: "Failed", entry: gone, retryAt: now, error: "late" },
        { _tag: "Dead", entry: gone, error: "late" }
      )
      yield* settle({ _tag: "Failed", entry: failed, retryAt: now + 1_000, error: "once" })
      yield* settle({ _tag: "Failed", entry: failed, retryAt: now + 1_000, error: "once" })
      const entries = yield* claim(now + 1_000)
      assert.deepStrictEqual(
        entries.map(({ failures, payload }) => [payload, failures]),
        [["failed", 1]]
      )
    })
  )

  it.effect("whoever missed a failure of an entry can neither add one nor end it, only deliver it", () =>
    Effect.gen(function* () {
      yield* emptied
      yield* fill(Sample.target(), ["mine"])
      const stale = first(yield* claim())
      yield* settle({ _tag: "Failed", entry: stale, retryAt: now + 1_000, error: "seen" })
      yield* settle({ _tag: "Failed", entry: stale, retryAt: now + 9_000, error: "missed" })
      yield* settle({ _tag: "Dead", entry: stale, error: "missed" })
      const entries = yield* claim(now + 1_000)
      assert.deepStrictEqual(
        entries.map(({ failures, payload }) => [payload, failures]),
        [["mine", 1]]
      )
      yield* settle({ _tag: "Delivered", entry: stale })
      assert.deepStrictEqual(yield* claim(now + 9_000), [])
    })
  )

  it.effect("one call settles entries of every kind", () =>
    Effect.gen(function* () {
      yield* emptied
      for (const payload of ["delivered", "failed", "dead", "left"]) yield* fill(Sample.target(), [payload])
      const [delivered, failed, dead] = yield* claim()
      if (delivered === undefined || failed === undefined || dead === undefined)
        return assert.fail("four entries were committed")
      yield* settle(
        { _tag: "Delivered", entry: delivered },
        { _tag: "Failed", entry: failed, retryAt: now + 1_000, error: "refused" },
        { _tag: "Dead", entry: dead, error: "hopeless" }
      )
      assert.deepStrictEqual(payloadsOf(yield* claim(now)), ["left"])
      assert.deepStrictEqual(payloadsOf(yield* claim(now + 1_000)), ["failed", "left"])
    })
  )

  it.effect("settling nothing is a no-op", () => settle())

  it.effect("after thousands were delivered, what is left and what is new comes, in order and once", () =>
    Effect.gen(function* () {
      yield* emptied
      const store = yield* Persistence
      const [odd, left, later] = [Sample.target(), Sample.target(), Sample.target()]
      const messages = (from: number, count: number) =>
        Array.from({ length: count }, (_, n) => Sample.message(from + n))
      const delivered: Array<unknown> = []
      const round = Effect.gen(function* () {
        const entries = (yield* claim(now, 400)).filter((entry) => !isOf(entry, left))
        delivered.push(...payloadsOf(entries))
        yield* settle(...entries.map((entry) => ({ _tag: "Delivered" as const, entry })))
      })
      yield* store.commit([Sample.commit(odd, { outbox: messages(0, 2_000) })])
      yield* Effect.repeat(round, { times: 4 })
      yield* store.commit([Sample.commit(left, { outbox: [Sample.message("left")] })])
      yield* store.commit([Sample.commit(odd, { expectedVersion: 1, outbox: messages(2_000, 3_000) })])
      yield* Effect.repeat(round, { times: 10 })
      yield* store.commit([Sample.commit(later, { outbox: [Sample.message("later")] })])
      assert.deepStrictEqual(
        delivered,
        Array.from({ length: 5_000 }, (_, n) => n)
      )
      assert.deepStrictEqual(payloadsOf(yield* claim()), ["left", "later"])
    })
  )
}

const small = (maximum: number) => Schema.Int.check(Schema.isBetween({ minimum: 0, maximum }))
const Round = Schema.Struct({ fills: Schema.Array(small(2)).check(Schema.isMaxLength(4)), failing: small(3) })

const laws = (it: It) => {
  it.effect.prop(
    "whichever deliveries fail, every message of a stream is delivered, in order",
    { rounds: Schema.Array(Round).check(Schema.isMaxLength(8)) },
    Effect.fnUntraced(function* ({ rounds }) {
      yield* emptied
      const calls = [Sample.target(), Sample.target(), Sample.target()] as const
      const written = calls.map((): Array<number> => [])
      const delivered: Array<OutboxEntry> = []
      for (const [round, { failing, fills }] of [
        ...rounds,
        ...rounds.map(() => ({ failing: 3, fills: [] }))
      ].entries()) {
        for (const which of fills) {
          const [call, log] = [calls[which], written[which]]
          if (call === undefined || log === undefined) continue
          yield* fill(call, [log.length], log.length)
          log.push(log.length)
        }
        // A stream that fails is left alone for the round, as a dispatcher would.
        const victim = calls[failing]
        const entries = yield* claim(now + round * 1_000)
        const failed = entries.find((entry) => isOf(entry, victim))
        const passed = entries.filter((entry) => !isOf(entry, victim))
        delivered.push(...passed)
        yield* settle(
          ...passed.map((entry) => ({ _tag: "Delivered" as const, entry })),
          ...(failed === undefined
            ? []
            : [{ _tag: "Failed" as const, entry: failed, retryAt: now + (round + 1) * 1_000, error: "no" }])
        )
      }
      for (const [index, call] of calls.entries()) {
        assert.deepStrictEqual(payloadsOf(delivered.filter((entry) => isOf(entry, call))), written[index] ?? [])
      }
    }),
    { arbitrary: propertyRunsTimes(0.3), tags: ["ADR-0008.2"], timeout: 60_000 }
  )
}

export const suite = (name: string, harness: Harness<Ports>): void =>
  judge("Outbox", name, harness, (it) => {
    claiming(it)
    settling(it)
    laws(it)
  })

/** How the sentences about an Outbox fill it, and look at what comes. */
export type Ports = Outbox | Persistence
export const now = Sample.now
export const claim = (at = now, limit = 1_000, held: ReadonlyArray<number> = []) =>
  Effect.flatMap(Outbox, (outbox) => outbox.claim({ now: at, limit, held }))
export const settle = (...settlements: Parameters<Outbox["Service"]["settle"]>[0]) =>
  Effect.flatMap(Outbox, (outbox) => outbox.settle(settlements))

/** Sentences share one outbox: each starts with what the others left taken away. */
export const emptied = Effect.gen(function* () {
  let left = yield* claim(Number.MAX_SAFE_INTEGER)
  while (left.length > 0) {
    yield* settle(...left.map((entry) => ({ _tag: "Delivered" as const, entry })))
    left = yield* claim(Number.MAX_SAFE_INTEGER)
  }
})

/** Commits one message per payload to the call, each in a commit of its own after `version`. */
export const fill = Effect.fnUntraced(function* (call: Sample.Target, payloads: ReadonlyArray<unknown>, version = 0) {
  const store = yield* Persistence
  for (const [index, payload] of payloads.entries()) {
    yield* store.commit([Sample.commit(call, { expectedVersion: version + index, outbox: [Sample.message(payload)] })])
  }
})

export const payloadsOf = (entries: ReadonlyArray<OutboxEntry>) => entries.map(({ payload }) => payload)

export const isOf = (entry: OutboxEntry, call: Sample.Target | undefined): boolean =>
  call !== undefined && entry.tenantId === call.tenantId && entry.streamId === Sample.streamOf(call.callId)

export const first = (entries: ReadonlyArray<OutboxEntry>): OutboxEntry => entries[0] ?? assert.fail("nothing to claim")
