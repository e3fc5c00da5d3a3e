/** What every Persistence does with a batch: all of it or nothing of it, in every table, with the receipts and attachments that belong to it. */
import type { Outbox } from "@dueline/contracts/ports/Outbox"
import { type Commit, Persistence } from "@dueline/contracts/ports/Persistence"
import { CallQueries } from "@dueline/contracts/ports/Queries"
import { assert, type Vitest } from "@effect/vitest"
import { Effect } from "effect"
import * as Sample from "../Sample.ts"
import * as OpsSample from "../queries/OpsSample.ts"
import { assertNothingOf, commit, complete, conflictOf, load, outboxOf } from "./PersistenceProbe.ts"

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

/** What every Persistence does with receipts: the answer to a command, found again by its key, and never two under one key. */
export const receipts = (it: Vitest.MethodsNonLive<Persistence | Outbox | CallQueries>): void => {
  it.effect(
    "a receipt comes back as it was given, with the events or without them",
    () =>
      Effect.gen(function* () {
        const call = Sample.target()
        const { expiresAt: _, ...receipt } = Sample.receipt(call, "key")
        yield* commit(complete(call, "key"))
        const whole = yield* load(call, { receiptKey: "key" })
        assert.deepStrictEqual(whole.receipt, receipt)
        assert.lengthOf(whole.events, 1)
        const slim = yield* load(call, { receiptKey: "key", wantEvents: false })
        assert.deepStrictEqual(slim.receipt, receipt)
        assert.lengthOf(slim.events, 0)
      }),
    { tags: ["ADR-0006.3"] }
  )

  it.effect("a receipt is found by its key from any stream of the tenant", () =>
    Effect.gen(function* () {
      const call = Sample.target()
      yield* commit(complete(call, "key"))
      const slice = yield* load(Sample.target(call.tenantId), { receiptKey: "key" })
      assert.strictEqual(slice.version, 0)
      assert.strictEqual(slice.receipt?.streamId, Sample.streamOf(call.callId))
    })
  )

  it.effect("a receipt that was not asked for does not come", () =>
    Effect.gen(function* () {
      const call = Sample.target()
      yield* commit(complete(call, "key"))
      assert.isNull((yield* load(call)).receipt)
      assert.isNull((yield* load(call, { receiptKey: "other" })).receipt)
    })
  )

  it.effect(
    "the same key twice is a receipt conflict, and the first answer stays",
    () =>
      Effect.gen(function* () {
        const [first, second] = [Sample.target(), Sample.target()]
        const twin = { ...second, tenantId: first.tenantId }
        yield* commit(complete(first, "key"))
        assert.strictEqual(yield* conflictOf(complete(twin, "key")), "receipt")
        assert.strictEqual((yield* load(first, { receiptKey: "key" })).receipt?.streamId, Sample.streamOf(first.callId))
      }),
    { tags: ["ADR-0006.4"] }
  )

  it.effect(
    "the same key twice in one batch is a receipt conflict",
    () =>
      Effect.gen(function* () {
        const first = Sample.target()
        const twin = Sample.target(first.tenantId)
        assert.strictEqual(yield* conflictOf(complete(first, "key"), complete(twin, "key")), "receipt")
        for (const call of [first, twin]) yield* assertNothingOf(call, "key")
      }),
    { tags: ["ADR-0006.4"] }
  )

  it.effect("the same key in two tenants is two keys", () =>
    Effect.gen(function* () {
      const [mine, theirs] = [Sample.target(), Sample.target()]
      yield* commit(complete(mine, "key"))
      yield* commit(complete(theirs, "key"))
      assert.strictEqual((yield* load(mine, { receiptKey: "key" })).receipt?.streamId, Sample.streamOf(mine.callId))
      assert.strictEqual((yield* load(theirs, { receiptKey: "key" })).receipt?.streamId, Sample.streamOf(theirs.callId))
    })
  )

  it.effect("one commit may carry several receipts", () =>
    Effect.gen(function* () {
      const call = Sample.target()
      yield* commit(Sample.commit(call, { receipts: [Sample.receipt(call, "a"), Sample.receipt(call, "b")] }))
      assert.strictEqual((yield* load(call, { receiptKey: "a" })).receipt?.key, "a")
      assert.strictEqual((yield* load(call, { receiptKey: "b" })).receipt?.key, "b")
    })
  )
}

/** What every Persistence does with attachments: sealed text beside a stream, outside its history, that can be erased. */
export const attachments = (it: Vitest.MethodsNonLive<Persistence>): void => {
  it.effect("an attachment that was set is kept by later commits until one erases it", () =>
    Effect.gen(function* () {
      const call = Sample.target()
      yield* commit(Sample.commit(call, { sealed: { _tag: "set", value: "s3cr3t ✓" } }))
      assert.strictEqual((yield* load(call)).sealed, "s3cr3t ✓")
      yield* commit(Sample.commit(call, { expectedVersion: 1 }))
      assert.strictEqual((yield* load(call)).sealed, "s3cr3t ✓")
      yield* commit(Sample.commit(call, { expectedVersion: 2, sealed: { _tag: "erase" } }))
      assert.isNull((yield* load(call)).sealed)
      yield* commit(Sample.commit(call, { expectedVersion: 3 }))
      assert.isNull((yield* load(call)).sealed)
    })
  )

  it.effect("erasing what was never set is harmless", () =>
    Effect.gen(function* () {
      const call = Sample.target()
      yield* commit(Sample.commit(call, { sealed: { _tag: "erase" } }))
      assert.isNull((yield* load(call)).sealed)
    })
  )

  it.effect("an attachment can be set anew on a stream that has one, and on one whose attachment was erased", () =>
    Effect.gen(function* () {
      const call = Sample.target()
      yield* commit(Sample.commit(call))
      assert.isNull((yield* load(call)).sealed)
      const steps = ["first", "second", null, "third"]
      for (const [index, value] of steps.entries()) {
        const sealed = value === null ? ({ _tag: "erase" } as const) : ({ _tag: "set", value } as const)
        yield* commit(Sample.commit(call, { expectedVersion: index + 1, sealed }))
        assert.strictEqual((yield* load(call)).sealed, value)
      }
    })
  )

  it.effect("a customer's attachment is set, set anew, kept, erased and set again, as a call's", () =>
    Effect.gen(function* () {
      const { customer } = OpsSample.yard()
      const beside = OpsSample.customer(customer.tenantId)
      yield* commit(OpsSample.commit(beside, { sealed: { _tag: "set", value: "key.beside" } }))
      const steps: ReadonlyArray<readonly [Commit["sealed"], string | null]> = [
        [{ _tag: "keep" }, null],
        [{ _tag: "set", value: "key.profile-1" }, "key.profile-1"],
        [{ _tag: "keep" }, "key.profile-1"],
        [{ _tag: "set", value: "other-key.profile.2" }, "other-key.profile.2"],
        [{ _tag: "erase" }, null],
        [{ _tag: "erase" }, null],
        [{ _tag: "keep" }, null],
        [{ _tag: "set", value: "key.again" }, "key.again"]
      ]
      for (const [index, [sealed, expected]] of steps.entries()) {
        yield* commit(OpsSample.commit({ ...customer, version: index + 1 }, { sealed }))
        assert.strictEqual((yield* load(OpsSample.target(customer))).sealed, expected, `step ${index}`)
      }
      assert.strictEqual((yield* load(OpsSample.target(beside))).sealed, "key.beside")
    })
  )

  it.effect("attachments of customers keep to their tenant, and one batch may change many", () =>
    Effect.gen(function* () {
      const { customer } = OpsSample.yard()
      const theirs = { ...customer, tenantId: Sample.tenantId() }
      const others = Array.from({ length: 20 }, () => OpsSample.customer(customer.tenantId))
      const sealed = (value: string) => ({ sealed: { _tag: "set" as const, value: `key.${value}` } })
      yield* commit(
        OpsSample.commit(customer, sealed("mine")),
        OpsSample.commit(theirs, sealed("theirs")),
        ...others.map((other) => OpsSample.commit(other, sealed(other.customerId)))
      )
      yield* commit(
        OpsSample.commit(OpsSample.next(customer), { sealed: { _tag: "erase" } }),
        ...others.map((other) => OpsSample.commit(OpsSample.next(other), sealed(`${other.customerId}-b`)))
      )
      assert.isNull((yield* load(OpsSample.target(customer))).sealed)
      assert.strictEqual((yield* load(OpsSample.target(theirs))).sealed, "key.theirs")
      for (const other of others) {
        assert.strictEqual((yield* load(OpsSample.target(other))).sealed, `key.${other.customerId}-b`)
      }
    })
  )
}
