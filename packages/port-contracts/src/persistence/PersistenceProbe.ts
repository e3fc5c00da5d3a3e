/** How the sentences about Persistence write to the store and look at what it holds. */
import { CallQueries } from "@dueline/contracts/ports/Queries"
import { Outbox } from "@dueline/contracts/ports/Outbox"
import type { OrderRow, OrderStatus } from "@dueline/contracts/order/Order"
import { type Commit, type CommitConflict, Persistence } from "@dueline/contracts/ports/Persistence"
import type { StoreRule } from "@dueline/contracts/StoreRule"
import { assert } from "@effect/vitest"
import { Effect, Result } from "effect"
import * as OpsSample from "../queries/OpsSample.ts"
import * as Sample from "../Sample.ts"

export const load = Effect.fnUntraced(function* (
  of: Sample.Target,
  changes: Parameters<typeof Sample.loadRequest>[1] = {}
) {
  const [slice] = yield* (yield* Persistence).load([Sample.loadRequest(of, changes)])
  if (slice === undefined) return assert.fail("no slice for a request")
  return slice
})

export const commit = (...batch: ReadonlyArray<Commit>) => Effect.flatMap(Persistence, (store) => store.commit(batch))

/** The reason why a batch was refused. A refusal of another kind, or none, fails the test. */
export const conflictOf = (...batch: ReadonlyArray<Commit>) =>
  Effect.flatMap(
    Effect.result(commit(...batch)),
    (result): Effect.Effect<CommitConflict["kind"]> =>
      Result.isFailure(result) && result.failure._tag === "CommitConflict"
        ? Effect.succeed(result.failure.kind)
        : Effect.die(new Error(`expected a conflict, got ${JSON.stringify(result)}`))
  )

/** The rule that a batch would break. A refusal of another kind, or none, fails the test. */
export const ruleOf = (...batch: ReadonlyArray<Commit>) =>
  Effect.flatMap(
    Effect.result(commit(...batch)),
    (result): Effect.Effect<StoreRule> =>
      Result.isFailure(result) && result.failure._tag === "RuleBroken"
        ? Effect.succeed(result.failure.rule)
        : Effect.die(new Error(`expected a broken rule, got ${JSON.stringify(result)}`))
  )

/** A bin that holds one order, from eight to ten unless changed. */
export const held = Effect.fnUntraced(function* (changes: Partial<OrderRow> = {}) {
  const { bin, customer, tenantId } = OpsSample.yard()
  const order = OpsSample.order(bin, customer.customerId, changes)
  yield* commit(OpsSample.commit(customer), OpsSample.commit(bin), OpsSample.placed(order))
  const another = (more: Partial<OrderRow> = {}) => OpsSample.placed(OpsSample.order(bin, customer.customerId, more))
  return { tenantId, customer, bin, order, another }
})

/** Orders that are so hold nothing. */
export const holdNothing: ReadonlyArray<OrderStatus> = ["Draft", "Completed", "Cancelled"]

/** What the outbox holds for one tenant. */
export const outboxOf = Effect.fnUntraced(function* (tenantId: string) {
  const entries = yield* (yield* Outbox).claim({ now: Number.MAX_SAFE_INTEGER, limit: 10_000 })
  return entries.filter((entry) => entry.tenantId === tenantId)
})

export const assertNothingOf = Effect.fnUntraced(function* (of: Sample.Target, receiptKey: string) {
  const slice = yield* load(of, { receiptKey })
  assert.deepStrictEqual(slice, { version: 0, snapshot: null, events: [], sealed: null, receipt: null })
  assert.isNull(yield* (yield* CallQueries).find(of.tenantId, of.callId))
  assert.deepStrictEqual(yield* outboxOf(of.tenantId), [])
})

/** A commit that leaves a trace in every table there is. */
export const complete = (of: Sample.Target, key: string, expectedVersion = 0): Commit =>
  Sample.commit(of, {
    expectedVersion,
    sealed: expectedVersion === 0 ? { _tag: "set", value: "sealed" } : { _tag: "keep" },
    outbox: [Sample.message()],
    receipts: [Sample.receipt(of, key)]
  })
