/** What every Persistence does with a batch: all of it or nothing of it, in every table. */
import { CallQueries } from "@dueline/contracts/ports/CallQueries"
import type { Outbox } from "@dueline/contracts/ports/Outbox"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import { assert, type Vitest } from "@effect/vitest"
import { Effect } from "effect"
import { assertNothingOf, commit, complete, conflictOf, load, outboxOf } from "./PersistenceProbe.ts"
import * as Sample from "../Sample.ts"

export const atomicity = (it: Vitest.MethodsNonLive<Persistence | Outbox | CallQueries>): void => {
  it.effect(
    "a commit becomes durable with all its parts",
    () =>
      Effect.gen(function* () {
        const call = Sample.target()
        const all = complete(call, "key")
        yield* commit(all)
        const slice = yield* load(call, { receiptKey: "key" })
        assert.strictEqual(slice.version, 1)
        assert.strictEqual(slice.sealed, "sealed")
        assert.strictEqual(slice.receipt?.fingerprint, "fingerprint")
        assert.isNotNull(yield* (yield* CallQueries).find(call.tenantId, call.callId))
        assert.deepStrictEqual(
          (yield* outboxOf(call.tenantId)).map(({ eventId }) => eventId),
          all.outbox.map(({ eventId }) => eventId)
        )
      }),
    { tags: ["ADR-0005.1"] }
  )

  it.effect(
    "a batch that lost on a version leaves nothing behind, neither of the loser nor of its companions",
    () =>
      Effect.gen(function* () {
        const [before, loser, after] = [Sample.target(), Sample.target(), Sample.target()]
        assert.strictEqual(
          yield* conflictOf(complete(before, "key"), complete(loser, "key", 7), complete(after, "key")),
          "version"
        )
        for (const call of [before, loser, after]) yield* assertNothingOf(call, "key")
      }),
    { tags: ["ADR-0005.1", "ADR-0008.1"] }
  )

  it.effect(
    "a batch that lost on a receipt leaves nothing behind, neither of the loser nor of its companions",
    () =>
      Effect.gen(function* () {
        const winner = Sample.target()
        yield* commit(complete(winner, "key"))
        const [before, loser, after] = [Sample.target(), Sample.target(winner.tenantId), Sample.target()]
        assert.strictEqual(
          yield* conflictOf(complete(before, "key"), complete(loser, "key"), complete(after, "key")),
          "receipt"
        )
        for (const call of [before, after]) yield* assertNothingOf(call, "key")
        assert.deepStrictEqual(
          { ...(yield* load(loser)), receipt: null },
          { version: 0, snapshot: null, events: [], sealed: null, receipt: null }
        )
        assert.isNull(yield* (yield* CallQueries).find(loser.tenantId, loser.callId))
        assert.lengthOf(yield* outboxOf(winner.tenantId), 1)
      }),
    { tags: ["ADR-0005.1", "ADR-0008.1"] }
  )

  it.effect(
    "a batch that lost changes no row and no attachment that was there before",
    () =>
      Effect.gen(function* () {
        const [kept, loser] = [Sample.target(), Sample.target()]
        const first = complete(kept, "key")
        yield* commit(first)
        const change = Sample.commit(kept, {
          expectedVersion: 1,
          sealed: { _tag: "erase" },
          row: { status: "Cancelled" }
        })
        yield* conflictOf(change, Sample.commit(loser, { expectedVersion: 3 }))
        assert.deepStrictEqual(yield* (yield* CallQueries).find(kept.tenantId, kept.callId), first.row)
        assert.strictEqual((yield* load(kept)).sealed, "sealed")
      }),
    { tags: ["ADR-0005.1"] }
  )

  it.effect("who lost a race succeeds once it has reloaded", () =>
    Effect.gen(function* () {
      const call = Sample.target()
      yield* commit(Sample.commit(call))
      yield* conflictOf(complete(call, "key"))
      yield* commit(complete(call, "key", (yield* load(call)).version))
      assert.strictEqual((yield* load(call, { receiptKey: "key" })).version, 2)
    })
  )

  it.effect("an empty batch is a no-op", () => commit())

  it.effect("a batch of 200 commits of many tenants lands whole", () =>
    Effect.gen(function* () {
      const tenants = [Sample.tenantId(), Sample.tenantId(), Sample.tenantId()] as const
      const calls = Array.from({ length: 200 }, (_, index) => Sample.target(tenants[index % 3]))
      yield* commit(...calls.map((call) => complete(call, `key-${call.callId}`)))
      const requests = calls.map((call) => Sample.loadRequest(call, { receiptKey: `key-${call.callId}` }))
      const slices = yield* (yield* Persistence).load(requests)
      assert.lengthOf(slices, 200)
      assert.isTrue(
        slices.every(({ events, receipt, version }) => version === 1 && events.length === 1 && receipt !== null)
      )
      const counts = yield* Effect.all(tenants.map(outboxOf))
      assert.strictEqual(counts.flat().length, 200)
    })
  )
}
