/** What every EventBus does. A bus that is weaker or stronger somewhere says so in its harness instead of leaving a sentence out. */
import { type Delivery, EventBus } from "@dueline/contracts/ports/EventBus"
import { assert, type Vitest } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { ack, dead, group, listen, message, payloadsOf, publish, publishAll, retry } from "./EventBusProbe.ts"
import { type Harness, judge } from "./Harness.ts"
import * as Sample from "./Sample.ts"

type It<R> = Vitest.MethodsNonLive<EventBus | R>

export interface EventBusHarness<R> extends Harness<EventBus | R> {
  /** Lets this many milliseconds pass for the bus: `TestClock.adjust`, or a real wait. */
  readonly passTime: (ms: number) => Effect.Effect<unknown, never, R>
  readonly features: {
    /** `publish` returns only when every group is done; false for a bus that holds messages durably itself. */
    readonly publishWaits: boolean
    /** An event id that is published again is not delivered again. */
    readonly deduplicates: boolean
  }
}

/** What a suite's sentences share: time, and the patience to wait for something. */
const patience = <R>({ passTime }: EventBusHarness<R>) => ({
  /** Lets time pass until the condition holds; gives up after 20 seconds of it. */
  until: Effect.fnUntraced(function* (what: string, condition: () => boolean) {
    for (let round = 0; round < 400; round += 1) {
      if (condition()) return
      yield* passTime(50)
    }
    assert.fail(`never happened: ${what}`)
  }),
  /** Long enough for anything that would come to have come. */
  settle: passTime(1_000)
})

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

const trouble = <R>(it: It<R>, harness: EventBusHarness<R>) => {
  const { settle, until } = patience(harness)

  it.effect("a message declared dead does not come again, and the next one comes", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      const heard = yield* listen(tenant, ({ payload }) => Effect.succeed(payload === "poison" ? dead : ack))
      yield* publishAll([message(tenant, "poison"), message(tenant, "next")])
      yield* until("the next", () => heard.length >= 2)
      yield* settle
      assert.deepStrictEqual(payloadsOf(heard), ["poison", "next"])
    })
  )

  it.effect(
    "a message that fails every time is given up after a bounded number of attempts, and the next one comes",
    () =>
      Effect.gen(function* () {
        const tenant = Sample.tenantId()
        const heard = yield* listen(tenant, ({ payload }) => Effect.succeed(payload === "poison" ? retry : ack))
        yield* publishAll([message(tenant, "poison"), message(tenant, "next")])
        for (let round = 0; round < 10 && payloadsOf(heard).at(-1) !== "next"; round += 1)
          yield* harness.passTime(10_000)
        const attempts = heard.filter(({ payload }) => payload === "poison").map(({ attempt }) => attempt)
        assert.deepStrictEqual(
          attempts,
          Array.from({ length: attempts.length }, (_, n) => n + 1)
        )
        assert.isAbove(attempts.length, 1)
        assert.strictEqual(heard.length, attempts.length + 1)
      })
  )

  it.effect("a handler that dies has asked for the message again", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      const heard = yield* listen(tenant, ({ attempt }) =>
        attempt === 1 ? Effect.die(new Error("bug")) : Effect.succeed(ack)
      )
      yield* publishAll([message(tenant, "a")])
      yield* until("the second attempt", () => heard.length >= 2)
      yield* settle
      assert.deepStrictEqual(
        heard.map(({ attempt }) => attempt),
        [1, 2]
      )
    })
  )

  it.effect(
    "a consumer that is stuck on one tenant's message holds up no other tenant",
    () =>
      Effect.gen(function* () {
        const [slow, other] = [Sample.tenantId(), Sample.tenantId()]
        const name = group()
        const release = yield* Deferred.make<void>()
        const heard: Array<unknown> = []
        yield* (yield* EventBus).consume({ group: name, topics: [] }, ({ payload, tenantId }) => {
          if (tenantId === slow) return Effect.as(Deferred.await(release), ack)
          if (tenantId === other) heard.push(payload)
          return Effect.succeed(ack)
        })
        yield* publishAll([
          message(slow, 1),
          message(slow, 2),
          message(other, "a"),
          message(slow, 3),
          message(other, "b")
        ])
        yield* until("both of the other tenant's", () => heard.length >= 2)
        assert.deepStrictEqual(heard, ["a", "b"])
        yield* Deferred.succeed(release, undefined)
      }),
    { tags: ["ADR-0008.3"] }
  )

  it.effect(
    "a poisoned message of one tenant holds up no other tenant",
    () =>
      Effect.gen(function* () {
        const [poisoned, other] = [Sample.tenantId(), Sample.tenantId()]
        const heard: Array<unknown> = []
        let attempts = 0
        yield* (yield* EventBus).consume({ group: group(), topics: [] }, ({ payload, tenantId }) => {
          if (tenantId === poisoned) attempts += 1
          if (tenantId === other) heard.push(payload)
          return Effect.succeed(tenantId === poisoned ? retry : ack)
        })
        yield* publishAll([message(poisoned, 1)])
        yield* until("a first failure", () => attempts >= 1)
        yield* publishAll([message(other, "a")])
        yield* until("the other tenant's", () => heard.length >= 1)
        assert.isBelow(attempts, 3)
      }),
    { tags: ["ADR-0008.3"] }
  )

  it.effect("a group that is stuck holds up no other group", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      const release = yield* Deferred.make<void>()
      yield* listen(tenant, () => Effect.as(Deferred.await(release), ack))
      const heard = yield* listen(tenant)
      yield* publishAll([message(tenant, 1), message(tenant, 2)])
      yield* until("both in the other group", () => heard.length >= 2)
      yield* Deferred.succeed(release, undefined)
    })
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
