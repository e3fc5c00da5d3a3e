/** Deliveries to subscriptions: each message once, of one aggregate in order, whatever fails; and what becomes of an endpoint that takes nothing. */
import { assert, describe, it } from "@effect/vitest"
import { asksFor, topicMatches } from "@dueline/contracts/subscription/matching"
import { propertyRunsTimes } from "@dueline/port-contracts/propertyRuns"
import { Effect, Schema } from "effect"
import * as Field from "./FieldSample.ts"
import * as Call from "./ServiceCallSample.ts"
import { type Delivered, disableAfterMs, hourMs, keepMs, makeWorld } from "./SubscriptionWorld.ts"

const Fates = Schema.Array(Schema.Literals(["happens", "happens", "fails", "is not heard of", "dies"]))
const Turn = Schema.Struct({
  bin: Schema.Literals([1, 2, 3]),
  status: Schema.Literals([200, 200, 503]),
  fates: Fates.check(Schema.isMaxLength(4)),
  looks: Schema.Literals([0, 1, 2])
})

const numbersOf = (delivered: ReadonlyArray<Delivered>): ReadonlyMap<string, ReadonlyArray<number>> => {
  const found = new Map<string, ReadonlyArray<number>>()
  for (const { number, stream } of delivered) found.set(stream, [...(found.get(stream) ?? []), number])
  return found
}

describe("messages", () => {
  it.effect.prop(
    "are delivered once each, and those of one aggregate in their order, whatever fails at any step",
    [Schema.Array(Turn).check(Schema.isMaxLength(12))],
    ([turns]) =>
      Effect.gen(function* () {
        const here = yield* makeWorld({ topics: ["ops.bin.>"] })
        for (const { bin, fates, looks, status } of turns) {
          yield* here.happen(bin)
          here.fates.push(...fates)
          yield* here.settle(looks, status)
        }
        here.fates.splice(0)
        // Attempts that failed are made again: hours may lie between two of one call.
        for (let round = 0; round < 40; round += 1) {
          yield* here.look
          yield* here.answer(200)
          yield* here.pass(hourMs / 2)
        }
        const expected = new Map<number, number>()
        for (const { bin } of turns) expected.set(bin, (expected.get(bin) ?? 0) + 1)
        assert.lengthOf(here.delivered, turns.length)
        assert.lengthOf(here.calls(), turns.length)
        for (const numbers of numbersOf(here.delivered).values()) {
          assert.deepStrictEqual(
            numbers,
            numbers.map((_, index) => index + 1)
          )
        }
        assert.sameMembers(
          [...numbersOf(here.delivered).values()].map((numbers) => numbers.length),
          [...expected.values()]
        )
      }),
    { arbitrary: propertyRunsTimes(0.2), tags: ["ADR-0043.1"] }
  )

  it.effect("of one aggregate wait for each other, and others go on, in the flow that the subscription names", () =>
    Effect.gen(function* () {
      const flow = { key: "hooks", concurrency: 2 }
      const here = yield* makeWorld({ flow })
      for (const bin of [1, 1, 2]) yield* here.happen(bin)
      yield* here.look
      // The subscription itself is an aggregate too.
      assert.lengthOf(here.calls(), 3)
      for (const call of here.calls()) assert.deepStrictEqual(call.flow, flow)
      yield* here.answer(503)
      yield* here.pass(1_000)
      yield* here.look
      assert.lengthOf(here.calls(), 3)
    })
  )

  it.effect("that it does not ask for, and the ends of its own calls, are not delivered", () =>
    Effect.gen(function* () {
      const here = yield* makeWorld({ topics: ["ops.bin.created", "ops.service-call.*"], filter: 'status eq "Active"' })
      for (const bin of [1, 1, 2]) yield* here.happen(bin)
      yield* here.settle(6)
      assert.lengthOf(here.delivered, 2)
    })
  )

  it.effect("of a test come to the subscription whatever it asks for, and wait while it is paused", () =>
    Effect.gen(function* () {
      const here = yield* makeWorld({ topics: ["ops.bin.created"] })
      yield* here.ask("PauseSubscription")
      yield* here.ask("TestSubscription")
      yield* here.settle(3)
      assert.lengthOf(here.calls(), 0)
      yield* here.ask("EnableSubscription")
      yield* here.settle(3)
      assert.lengthOf(here.delivered, 1)
    })
  )

  it.effect(
    "of a time are delivered once more, under the same message ids, and no others",
    () =>
      Effect.gen(function* () {
        const here = yield* makeWorld({ topics: ["ops.bin.>"] })
        yield* here.happen(1)
        yield* here.pass(hourMs)
        const from = here.now()
        for (const bin of [1, 2]) yield* here.happen(bin)
        yield* here.pass(hourMs)
        const to = here.now() - 1
        yield* here.happen(3)
        yield* here.settle(6)
        const once = [...here.delivered]
        assert.lengthOf(once, 4)
        yield* here.ask("RedeliverSubscription", { from, to })
        yield* here.settle(6)
        const again = here.delivered.slice(4)
        const second = once.filter(({ number, stream }) => number === 2 || stream === Field.bin(2))
        assert.sameDeepMembers(again, second)
        assert.deepInclude(here.row().redelivery, { done: true, count: 2 })
      }),
    { tags: ["ADR-0043.3"] }
  )

  it.effect("are forgotten after a time, also those that waited", () =>
    Effect.gen(function* () {
      const here = yield* makeWorld({ topics: ["ops.bin.>"] })
      yield* here.ask("PauseSubscription")
      for (const bin of [1, 1]) yield* here.happen(bin)
      yield* here.settle(1)
      yield* here.pass(keepMs + hourMs)
      yield* here.work[0]?.forget(() => true) ?? Effect.void
      yield* here.ask("EnableSubscription")
      yield* here.settle(3)
      assert.lengthOf(here.delivered, 0)
    })
  )
})

describe("an endpoint that takes nothing", () => {
  it.effect(
    "is said to fail after a minute and is disabled after its time, with the reason; then nothing is sent to it",
    () =>
      Effect.gen(function* () {
        const here = yield* makeWorld({ topics: ["ops.bin.>"] })
        for (const bin of [1, 2]) yield* here.happen(bin)
        yield* here.settle(2, 503)
        assert.isNull(here.row().failingSince)
        yield* here.pass(120_000)
        yield* here.settle(2, 503)
        const since = here.row().failingSince ?? assert.fail("it is not said to fail")
        while (here.now() < since + disableAfterMs) {
          assert.strictEqual(here.row().status, "Active")
          yield* here.settle(1, 503)
          yield* here.pass(hourMs)
        }
        yield* here.settle(3, 503)
        assert.deepInclude(here.row(), { status: "Disabled", disabledReason: "failing", lastFailure: "HTTP 503" })
        assert.isTrue(here.calls().every(({ endedAt }) => endedAt !== null))
        yield* here.happen(1)
        yield* here.settle(3)
        assert.lengthOf(here.delivered, 0)
        const topics = here.store.dump().outbox.map(({ topic }) => topic)
        assert.includeMembers(topics, ["ops.subscription.failing", "ops.subscription.disabled"])
      }),
    { tags: ["ADR-0043.4"] }
  )

  it.effect("has recovered with the first message that comes through", () =>
    Effect.gen(function* () {
      const here = yield* makeWorld({ topics: ["ops.bin.>"] })
      yield* here.happen(1)
      yield* here.settle(2, 503)
      yield* here.pass(hourMs)
      yield* here.settle(2, 503)
      assert.isNotNull(here.row().failingSince)
      yield* here.pass(hourMs)
      yield* here.settle(2)
      assert.isNull(here.row().failingSince)
      assert.strictEqual(here.row().status, "Active")
    })
  )

  it.effect("has none of its calls left, whichever step of calling them off fails", () =>
    Effect.gen(function* () {
      for (let steps = 0; steps < 16; steps += 1) {
        const here = yield* makeWorld({ topics: ["ops.bin.>"] })
        const look = Effect.forEach(here.work.slice(0, 1), ({ tick }) => Effect.exit(tick(() => true)))
        yield* here.happen(1)
        yield* look
        yield* here.ask("DisableSubscription", { reason: "failing", lastFailure: null })
        here.fates.push(...Array.from({ length: steps }, () => "happens" as const), "fails")
        for (let round = 0; round < 4; round += 1) yield* look
        const left = here.calls().map(({ status }) => status)
        assert.deepStrictEqual(left, ["Cancelled"], `after ${steps} steps`)
      }
    })
  )

  it.effect.each([false, true])(
    "has none of its calls left, also when another process makes one that was noted before; set back meanwhile: %s",
    (isSetBack) =>
      Effect.gen(function* () {
        const here = yield* makeWorld({ topics: ["ops.bin.>"] })
        const { deliveries } = here.store
        const { subscriptionId, tenantId } = here.row()
        const of = { tenantId, subscriptionId }
        yield* here.happen(1)
        const kept = yield* deliveries.unsorted(10)
        yield* deliveries.sort(kept.map(({ seq }) => ({ tenantId, seq, to: [subscriptionId] })))
        const [{ place } = { place: 0 }] = (yield* deliveries.look({ ...of, limit: 1 })).ready
        const { callId } = Call
        yield* deliveries.call({ ...of, place, callId, at: here.now() })
        if (isSetBack) yield* deliveries.settle({ ...of, ended: [{ place, outcome: "again" }] })
        yield* here.ask("DisableSubscription", { reason: "failing", lastFailure: null })
        yield* here.look
        yield* here.tell(Call.submit({ spec: { ...Call.spec(), tags: [`subscription:${subscriptionId}`] } }))
        yield* here.pass(60_000)
        for (const _round of [1, 2]) yield* here.look
        assert.deepStrictEqual(
          here.calls().map(({ status }) => status),
          ["Cancelled"]
        )
        assert.deepStrictEqual(yield* deliveries.look({ ...of, limit: 1 }), { ready: [], called: [] })
      })
  )

  it.effect("and answers that it is gone is disabled at once", () =>
    Effect.gen(function* () {
      const here = yield* makeWorld({ topics: ["ops.bin.>"] })
      yield* here.happen(1)
      yield* here.settle(2, 410)
      assert.deepInclude(here.row(), { status: "Disabled", disabledReason: "gone" })
    })
  )
})

describe("a subscription asks for a message", () => {
  it("whose topic one of its patterns stands for, as subjects do", () => {
    for (const [pattern, topic, expected] of [
      ["ops.bin.created", "ops.bin.created", true],
      ["ops.bin.*", "ops.bin.created", true],
      ["ops.bin.*", "ops.bin.capacity.updated", false],
      ["ops.bin.>", "ops.bin.capacity.updated", true],
      ["ops.>", "ops", false],
      ["*.bin.created", "ops.bin.created", true],
      ["ops.bin", "ops.bin.created", false],
      ["ops.bin.created.more", "ops.bin.created", false]
    ] as const) {
      assert.strictEqual(topicMatches(pattern, topic), expected, `${pattern} ${topic}`)
    }
  })

  it("that its filter is true of: ids wherever they stand in it, and any of its tags", () => {
    const orderId = "0198c0de-0d01-7000-8000-00000000d001"
    const payload = { orderId, order: { customerId: orderId, status: "Draft" }, tags: ["a", "vip"] }
    const told = { topic: "ops.x", streamId: orderId, payload }
    for (const [filter, expected] of [
      [`orderId eq "${orderId.toUpperCase()}"`, true],
      [`customerId eq "${orderId}" and status eq "Draft"`, true],
      ['tag eq "vip" and tag eq "a"', true],
      ['not (tag eq "vip")', false],
      ["tag missing", false],
      ['tag startswith "vi"', true],
      ["binId missing", true],
      ['aggregate ne "x"', true],
      ["not a filter", false]
    ] as const) {
      assert.strictEqual(asksFor({ topics: ["ops.>"], filter }, told), expected, filter)
    }
  })
})
