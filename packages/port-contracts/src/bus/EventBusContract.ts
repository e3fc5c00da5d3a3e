/** What every EventBus does. A bus that is weaker or stronger somewhere says so in its harness instead of leaving a sentence out. */
import { type Delivery, EventBus } from "@dueline/contracts/ports/EventBus"
import { assert } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scope } from "effect"
import {
  ack,
  type EventBusHarness,
  group,
  type It,
  listen,
  message,
  patience,
  payloadsOf,
  publish,
  publishAll,
  retry
} from "./EventBusProbe.ts"
import { trouble } from "./EventBusTrouble.ts"
import { judge } from "../Harness.ts"
import * as Sample from "../Sample.ts"

const delivery = <R>(it: It<R>, harness: EventBusHarness<R>) => {
  const { settle, until } = patience(harness)

  it.effect("a message reaches every group once, whole, as the first attempt", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      const heard = [yield* listen(tenant), yield* listen(tenant)]
      const one = message(tenant, { nested: [null, "ž", { n: 1.5 }] })
      yield* publish(one)
      yield* until("both groups hear it", () => heard.every(({ length }) => length > 0))
      yield* settle
      assert.deepStrictEqual(heard, [[{ ...one, attempt: 1 }], [{ ...one, attempt: 1 }]])
    })
  )

  it.effect("consumers of one group share its messages", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      const name = group()
      const [a, b] = [
        yield* listen(tenant, undefined, { group: name }),
        yield* listen(tenant, undefined, { group: name })
      ]
      for (const n of [1, 2, 3]) yield* publish(message(tenant, n))
      yield* until("three deliveries", () => a.length + b.length >= 3)
      yield* settle
      assert.sameMembers(payloadsOf([...a, ...b]), [1, 2, 3])
    })
  )

  it.effect("a consumer hears its topics only, and all of them when it names none", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      const all = yield* listen(tenant)
      const failures = yield* listen(tenant, undefined, { topics: ["ops.service-call.failed"] })
      yield* publish(message(tenant, 1))
      yield* publish(message(tenant, 2, { topic: "ops.service-call.failed" }))
      yield* publish(message(tenant, 3, { topic: "ops.service-call.cancelled" }))
      yield* until("all three", () => all.length >= 3)
      yield* settle
      assert.deepStrictEqual(payloadsOf(all), [1, 2, 3])
      assert.deepStrictEqual(payloadsOf(failures), [2])
    })
  )

  it.effect("a consumer of one tenant hears nothing of another, one of no tenant hears both", () =>
    Effect.gen(function* () {
      const [mine, theirs] = [Sample.tenantId(), Sample.tenantId()]
      const heard = yield* listen(mine)
      const all: Array<Delivery> = []
      yield* (yield* EventBus).consume({ group: group(), topics: [] }, (one) =>
        Effect.as(
          Effect.sync(() => all.push(one)),
          ack
        )
      )
      yield* publish(message(theirs, "theirs"))
      yield* publish(message(mine, "mine"))
      const ours = () => all.filter(({ tenantId }) => tenantId === mine || tenantId === theirs)
      yield* until("one of each", () => heard.length >= 1 && ours().length >= 2)
      yield* settle
      assert.deepStrictEqual(payloadsOf(heard), ["mine"])
      assert.sameMembers(payloadsOf(ours()), ["mine", "theirs"])
    })
  )

  it.effect(
    "a message that is brought once more to one group reaches it, though it had the message, and no other",
    () =>
      Effect.gen(function* () {
        const tenant = Sample.tenantId()
        const [one, other] = [group(), group()]
        const heard = yield* listen(tenant, undefined, { group: one })
        const untouched = yield* listen(tenant, undefined, { group: other })
        const first = message(tenant, 1)
        const again = { ...first, redelivery: { group: one, replay: 1 } }
        const toAll = { ...first, redelivery: { group: "", replay: 1 } }
        for (const each of [first, again, again, toAll, message(tenant, 2)]) yield* publish(each)
        yield* until("the last", () => payloadsOf(heard).includes(2) && payloadsOf(untouched).includes(2))
        const repeats = harness.features.deduplicates ? 0 : 1
        assert.deepStrictEqual(
          heard.map(({ redelivery }) => redelivery?.group),
          [undefined, ...Array.from({ length: 1 + repeats }, () => one), "", undefined]
        )
        assert.deepStrictEqual(
          heard.find(({ redelivery }) => redelivery?.group === one),
          { ...again, attempt: 1 }
        )
        assert.deepStrictEqual(
          untouched.map(({ redelivery }) => redelivery?.group),
          [undefined, "", undefined]
        )
      })
  )

  it.effect("a message that nobody wants is no trouble", () => publish(message(Sample.tenantId(), "into the void")))

  it.effect("a consumer whose scope has closed hears nothing more", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      const scope = yield* Scope.make()
      const heard = yield* Scope.provide(listen(tenant), scope)
      yield* publish(message(tenant, 1))
      yield* until("the first", () => heard.length === 1)
      yield* settle
      yield* Scope.close(scope, Exit.void)
      yield* publish(message(tenant, 2))
      yield* settle
      assert.deepStrictEqual(payloadsOf(heard), [1])
    })
  )
}

const order = <R>(it: It<R>, harness: EventBusHarness<R>) => {
  const { settle, until } = patience(harness)

  it.effect(
    "messages of a tenant arrive one at a time, in the order in which they were published",
    () =>
      Effect.gen(function* () {
        const tenant = Sample.tenantId()
        let busy = 0
        let most = 0
        const heard = yield* listen(tenant, () =>
          Effect.gen(function* () {
            busy += 1
            most = Math.max(most, busy)
            yield* Effect.yieldNow
            yield* Effect.yieldNow
            busy -= 1
            return ack
          })
        )
        const numbers = Array.from({ length: 20 }, (_, n) => n)
        yield* publishAll(numbers.map((n) => message(tenant, n)))
        yield* until("all of them", () => heard.length >= 20)
        yield* settle
        assert.deepStrictEqual(payloadsOf(heard), numbers)
        assert.strictEqual(most, 1)
      }),
    { tags: ["ADR-0008.2"] }
  )

  it.effect(
    "a message that is asked for again comes with the next attempt number, before those behind it",
    () =>
      Effect.gen(function* () {
        const tenant = Sample.tenantId()
        const streamId = Sample.streamOf(Sample.callId())
        const heard = yield* listen(tenant, ({ attempt, payload }) =>
          Effect.succeed(payload === "a" && attempt < 3 ? retry : ack)
        )
        yield* publishAll([message(tenant, "a", { streamId }), message(tenant, "b", { streamId })])
        yield* until("b", () => heard.some(({ payload }) => payload === "b"))
        yield* settle
        assert.deepStrictEqual(
          heard.map(({ attempt, payload }) => [payload, attempt]),
          [
            ["a", 1],
            ["a", 2],
            ["a", 3],
            ["b", 1]
          ]
        )
      }),
    { tags: ["ADR-0008.2"] }
  )
}

const recognising = <R>(it: It<R>, harness: EventBusHarness<R>) => {
  const { settle, until } = patience(harness)

  it.effect("an event id that is published again is not delivered again", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      const heard = yield* listen(tenant)
      const one = message(tenant, 1)
      for (const each of [one, one, message(tenant, 2)]) yield* publish(each)
      yield* until("the second message", () => payloadsOf(heard).includes(2))
      yield* settle
      assert.deepStrictEqual(payloadsOf(heard), [1, 2])
    })
  )

  it.effect("an event id that is published again while it is on its way is delivered once", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      const heard = yield* listen(tenant, () => Effect.as(Effect.yieldNow, ack))
      const one = message(tenant, 1)
      const published = yield* publishAll([one, one, one])
      yield* until("a delivery", () => heard.length >= 1)
      yield* settle
      yield* Effect.forEach(published, Fiber.join)
      assert.lengthOf(heard, 1)
    })
  )
}

const waiting = <R>(it: It<R>, harness: EventBusHarness<R>) => {
  it.effect("publish returns when the last group is done, and not before", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      const release = yield* Deferred.make<void>()
      const quick = yield* listen(tenant)
      const slow = yield* listen(tenant, ({ attempt }) =>
        attempt === 1 ? Effect.succeed(retry) : Effect.as(Deferred.await(release), ack)
      )
      const publishing = yield* Effect.forkChild(publish(message(tenant, 1)))
      yield* patience(harness).until("the second attempt", () => slow.length >= 2)
      assert.lengthOf(quick, 1)
      assert.isUndefined(publishing.pollUnsafe())
      yield* Deferred.succeed(release, undefined)
      yield* Fiber.join(publishing)
    })
  )
}

export const suite = <R>(name: string, harness: EventBusHarness<R>): void =>
  judge("EventBus", name, harness, (it) => {
    delivery(it, harness)
    order(it, harness)
    trouble(it, harness)
    if (harness.features.deduplicates) recognising(it, harness)
    if (harness.features.publishWaits) waiting(it, harness)
  })
