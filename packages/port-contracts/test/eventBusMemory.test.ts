/** What the bus of the embedded default promises beyond its port: bounds, and a word about everything it gives up. */
import * as EventBusMemory from "@dueline/contracts/memory/EventBusMemory"
import type { DeadLetter } from "@dueline/contracts/ports/DeadLetters"
import { ack, type BusMessage, type Delivery, type EventBus, type Verdict } from "@dueline/contracts/ports/EventBus"
import * as Sample from "@dueline/port-contracts/Sample"
import { assert, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"

type Bus = EventBus["Service"]

const retry: Verdict = { _tag: "Retry", reason: "not yet" }

const message = (tenantId = Sample.tenantId(), payload: unknown = 1): BusMessage => ({
  eventId: Sample.uuid(),
  tenantId,
  streamId: Sample.streamOf(Sample.callId()),
  topic: "ops.service-call.failed",
  payload
})

const listen = (bus: Bus, handler: (delivery: Delivery) => Effect.Effect<Verdict>, group = "one") =>
  bus.consume({ group, topics: [] }, handler)

const publishing = (bus: Bus, one: BusMessage) => Effect.forkChild(bus.publish(one), { startImmediately: true })

it.effect(
  "what a group gives up is told with every reason, and publish succeeds",
  () =>
    Effect.gen(function* () {
      const dead: Array<DeadLetter> = []
      const bus = yield* EventBusMemory.make({
        maxAttempts: 3,
        onDead: (one) => Effect.sync(() => void dead.push(one))
      })
      yield* listen(bus, ({ attempt }) => Effect.succeed({ _tag: "Retry", reason: `no ${attempt}` }))
      yield* listen(bus, () => Effect.succeed({ _tag: "Dead", reason: "never" }), "two")
      const one = message()
      const fiber = yield* publishing(bus, one)
      yield* TestClock.adjust(60_000)
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(dead, [
        { group: "two", message: one, reasons: ["never"] },
        { group: "one", message: one, reasons: ["no 1", "no 2", "no 3"] }
      ])
    }),
  { tags: ["ADR-0008.3"] }
)

it.effect("a dead letter that cannot be kept stops nothing", () =>
  Effect.gen(function* () {
    const heard: Array<unknown> = []
    const bus = yield* EventBusMemory.make({ onDead: () => Effect.die(new Error("no place for it")) })
    yield* listen(bus, ({ payload }) => {
      heard.push(payload)
      return Effect.succeed({ _tag: "Dead", reason: "never" })
    })
    const tenant = Sample.tenantId()
    yield* bus.publish(message(tenant, "a"))
    yield* bus.publish(message(tenant, "b"))
    assert.deepStrictEqual(heard, ["a", "b"])
  })
)

it.effect(
  "ten attempts are made, 100 ms to 10 s apart",
  () =>
    Effect.gen(function* () {
      const at: Array<number> = []
      const bus = yield* EventBusMemory.make()
      yield* listen(bus, () =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          at.push(now)
          return retry
        })
      )
      yield* publishing(bus, message())
      yield* TestClock.adjust(300_000)
      const delays = at.slice(1).map((time, index) => time - (at[index] ?? 0))
      assert.lengthOf(delays, 9)
      for (const [index, delay] of delays.entries()) {
        const steady = Math.min(10_000, 100 * 2 ** index)
        assert.isAtLeast(delay, steady * 0.8)
        assert.isAtMost(delay, Math.min(10_000, steady * 1.2))
      }
    }),
  { tags: ["ADR-0008.3"] }
)

it.effect("a handler that gives no verdict in time is interrupted and the message comes again", () =>
  Effect.gen(function* () {
    const bus = yield* EventBusMemory.make({ timeoutMs: 1_000 })
    const attempts: Array<number> = []
    let interrupted = 0
    yield* listen(bus, ({ attempt }) => {
      attempts.push(attempt)
      const stuck = Effect.onInterrupt(Effect.never, () => Effect.sync(() => (interrupted += 1)))
      return attempt === 1 ? stuck : Effect.succeed(ack)
    })
    const fiber = yield* publishing(bus, message())
    yield* TestClock.adjust(2_000)
    yield* Fiber.join(fiber)
    assert.deepStrictEqual(attempts, [1, 2])
    assert.strictEqual(interrupted, 1)
  })
)

it.effect("when too many of a tenant's messages wait the next is refused, another tenant's is not", () =>
  Effect.gen(function* () {
    const bus = yield* EventBusMemory.make({ laneCapacity: 2 })
    const slow = Sample.tenantId()
    const release = yield* Deferred.make<void>()
    yield* listen(bus, ({ tenantId }) =>
      tenantId === slow ? Effect.as(Deferred.await(release), ack) : Effect.succeed(ack)
    )
    const waiting = [yield* publishing(bus, message(slow)), yield* publishing(bus, message(slow))]
    const refused = message(slow)
    const { _tag, scope } = yield* Effect.flip(bus.publish(refused))
    assert.deepStrictEqual([_tag, scope], ["BusUnavailable", "message"])
    yield* bus.publish(message())
    yield* Deferred.succeed(release, undefined)
    yield* Effect.forEach(waiting, Fiber.join)
    yield* bus.publish(refused)
  })
)

it.effect("an event id is recognised for as long as the memory reaches, and no longer", () =>
  Effect.gen(function* () {
    const bus = yield* EventBusMemory.make({ remembered: 2 })
    const heard: Array<unknown> = []
    yield* listen(bus, ({ payload }) =>
      Effect.as(
        Effect.sync(() => heard.push(payload)),
        ack
      )
    )
    const messages = new Map([..."abcde"].map((name) => [name, message(undefined, name)]))
    for (const name of "ababcbdea") yield* bus.publish(messages.get(name) ?? message())
    assert.deepStrictEqual(heard, [..."abcdea"])
  })
)

it.effect("the same event id in two tenants is two messages", () =>
  Effect.gen(function* () {
    const bus = yield* EventBusMemory.make()
    const heard: Array<unknown> = []
    yield* listen(bus, ({ tenantId }) =>
      Effect.as(
        Effect.sync(() => heard.push(tenantId)),
        ack
      )
    )
    const one = message()
    const other = { ...one, tenantId: Sample.tenantId() }
    yield* bus.publish(one)
    yield* bus.publish(other)
    assert.deepStrictEqual(heard, [one.tenantId, other.tenantId])
  })
)

it.effect(
  "when the last consumer of a group leaves, what it had not finished is refused, and taken when it is published again",
  () =>
    Effect.gen(function* () {
      const bus = yield* EventBusMemory.make()
      const scope = yield* Scope.make()
      yield* Scope.provide(
        listen(bus, () => Effect.never),
        scope
      )
      const one = message()
      const fiber = yield* publishing(bus, one)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* Effect.flip(Fiber.join(fiber)))._tag, "BusUnavailable")
      const heard: Array<string> = []
      yield* listen(bus, ({ eventId }) =>
        Effect.as(
          Effect.sync(() => heard.push(eventId)),
          ack
        )
      )
      yield* bus.publish(one)
      assert.deepStrictEqual(heard, [one.eventId])
    }),
  { tags: ["ADR-0008.1"] }
)

it.effect("when one of two consumers of a group leaves, the other takes what it had not finished", () =>
  Effect.gen(function* () {
    const bus = yield* EventBusMemory.make()
    const scope = yield* Scope.make()
    let stuck = 0
    yield* Scope.provide(
      listen(bus, () => {
        stuck += 1
        return Effect.never
      }),
      scope
    )
    const first = yield* publishing(bus, message())
    assert.strictEqual(stuck, 1)
    const heard: Array<number> = []
    yield* listen(bus, ({ attempt }) =>
      Effect.as(
        Effect.sync(() => heard.push(attempt)),
        ack
      )
    )
    yield* Scope.close(scope, Exit.void)
    yield* Fiber.join(first)
    assert.deepStrictEqual(heard, [1])
  })
)

it.effect("when the bus closes, whoever waits for it is told so", () =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const bus = yield* Scope.provide(EventBusMemory.make(), scope)
    yield* listen(bus, () => Effect.never)
    const fiber = yield* publishing(bus, message())
    yield* Scope.close(scope, Exit.void)
    assert.strictEqual((yield* Effect.flip(Fiber.join(fiber)))._tag, "BusUnavailable")
  })
)
