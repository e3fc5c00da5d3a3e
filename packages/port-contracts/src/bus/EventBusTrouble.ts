/** What an EventBus does about messages that cannot be dealt with, and about consumers that are stuck. */
import { EventBus } from "@dueline/contracts/ports/EventBus"
import { assert } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import {
  ack,
  dead,
  type EventBusHarness,
  group,
  type It,
  listen,
  message,
  patience,
  payloadsOf,
  publishAll,
  retry,
  wait
} from "./EventBusProbe.ts"
import * as Sample from "../Sample.ts"

export const trouble = <R>(it: It<R>, harness: EventBusHarness<R>) => {
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

  it.effect(
    "a message whose consumer waits comes again however often, as the same attempt, and before those behind it",
    () =>
      Effect.gen(function* () {
        const tenant = Sample.tenantId()
        // More often than any message that is asked for again.
        let waits = 15
        const heard = yield* listen(tenant, ({ payload }) =>
          Effect.succeed(payload === "first" && waits-- > 0 ? wait : ack)
        )
        yield* publishAll([message(tenant, "first"), message(tenant, "next")])
        for (let round = 0; round < 20 && payloadsOf(heard).at(-1) !== "next"; round += 1)
          yield* harness.passTime(10_000)
        assert.deepStrictEqual(payloadsOf(heard), [...Array.from({ length: 16 }, () => "first"), "next"])
        assert.deepStrictEqual([...new Set(heard.map(({ attempt }) => attempt))], [1])
      }),
    { tags: ["ADR-0008.4"] }
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
