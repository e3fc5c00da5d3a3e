/** What every Persistence does with receipts: the answer to a command, found again by its key, and never two under one key. */
import type { CallQueries } from "@dueline/contracts/ports/CallQueries"
import type { Outbox } from "@dueline/contracts/ports/Outbox"
import type { Persistence } from "@dueline/contracts/ports/Persistence"
import { assert, type Vitest } from "@effect/vitest"
import { Effect } from "effect"
import { assertNothingOf, commit, complete, conflictOf, load } from "./PersistenceProbe.ts"
import * as Sample from "../Sample.ts"

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
