/** Orders drive calls: the stories one by one, and the deliveries that were overtaken. */
import { assert, describe, it } from "@effect/vitest"
import * as EventBusMemory from "@dueline/contracts/memory/EventBusMemory"
import { StreamId } from "@dueline/contracts/Ids"
import type { OrderCommand } from "@dueline/contracts/order/Order"
import { ChangedOrders } from "@dueline/contracts/ports/DueWork"
import { EventBus } from "@dueline/contracts/ports/EventBus"
import { Outbox } from "@dueline/contracts/ports/Outbox"
import { Tags } from "@dueline/contracts/serviceCall/Spec"
import { Effect, Layer, Schema, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { makeSweep } from "../src/OrderNotifications.ts"
import * as Dispatcher from "../src/dispatcher/Dispatcher.ts"
import { pass } from "./DispatcherWorld.ts"
import { furnished, type World } from "./OrderNotificationsWorld.ts"
import * as Field from "./FieldSample.ts"
import * as Sample from "./OrderSample.ts"
import * as Call from "./ServiceCallSample.ts"

const about = { orderId: Field.orderId, at: Field.t0 }
const move = (hours: number): OrderCommand => ({ _tag: "MoveOrder", ...about, window: Sample.windowAt(hours) })
const cancel: OrderCommand = { _tag: "CancelOrder", ...about }
const complete: OrderCommand = { _tag: "CompleteOrder", ...about }
const create = (...leadHours: ReadonlyArray<number>) =>
  Sample.create({ window: Sample.windowAt(10), leads: leadHours.map((hours) => hours * Sample.hour) })

/** `Scheduled 9`: due nine hours after the story began. */
const callsOf = (world: World) =>
  world.calls().map(({ dueAt, status }) => `${status} ${Math.round((dueAt - Field.t0) / Sample.hour)}`)

const story = <A, E>(tell: (world: World) => Effect.Effect<A, E, Scope.Scope>) =>
  TestClock.setTime(Field.t0).pipe(
    Effect.andThen(furnished()),
    Effect.flatMap((world) => tell(world)),
    Effect.scoped
  )

/** The newest message about the order, delivered to its end. */
const hear = (world: World) =>
  Effect.suspend(() => {
    const message = world.messages().at(-1)
    return message === undefined ? Effect.die("nothing was published") : world.deliver(message)
  })

/** What a delivery reads before its first command: the order, its one call, and the order again. */
const readsBefore = 3

/** A delivery of the newest message that was stopped after so many reads; `goesOn` takes it through its first command and no further. */
const stopped = Effect.fnUntraced(function* (world: World, after = readsBefore) {
  const message = world.messages().at(-1)
  if (message === undefined) return yield* Effect.die("nothing was published")
  const pass = yield* world.start(message)
  const read = (times: number) =>
    Effect.forEach(Array.from({ length: times }), () => world.release(world.waiting.at(-1), "happens"))
  yield* read(after)
  const { goesOn } = world.hold()
  return { pass, goesOn: Effect.andThen(goesOn, read(readsBefore - after)) }
})

describe("an order whose message is lost", () => {
  it.effect("is found half a minute after it changed, once, and its calls follow it", () =>
    story((world) =>
      Effect.gen(function* () {
        let handled = 0
        const sweep = yield* makeSweep((delivery) => {
          handled += 1
          return world.handle(delivery)
        }).pipe(Effect.provideService(ChangedOrders, world.changedOrders))
        yield* world.tell(create(1))
        yield* sweep
        assert.deepStrictEqual(callsOf(world), [])
        yield* TestClock.adjust("31 seconds")
        yield* sweep
        assert.deepStrictEqual(callsOf(world), ["Scheduled 9"])
        yield* sweep
        assert.strictEqual(handled, 1)
        yield* world.tell({ ...cancel, at: Call.ms(Field.t0 + 31_000) })
        yield* TestClock.adjust("1 minute")
        yield* sweep
        assert.deepStrictEqual(callsOf(world), ["Cancelled 9"])
      })
    )
  )
})

describe("an order's notifications", () => {
  it.effect(
    "follow it from the bus: scheduled, moved, cancelled",
    () =>
      story((world) =>
        Effect.gen(function* () {
          const bus = yield* EventBusMemory.make()
          yield* bus.consume({ group: "order-calls", topics: [] }, world.handle)
          const ports = Layer.mergeAll(Layer.succeed(EventBus, bus), Layer.succeed(Outbox, world.outbox))
          yield* Layer.build(Layer.provide(Dispatcher.layer({ pollMs: 100 }), ports))
          const heard = (command: OrderCommand) => Effect.andThen(world.tell(command), pass(1_000))
          yield* heard(create(1, 2))
          assert.deepStrictEqual(callsOf(world), ["Scheduled 9", "Scheduled 8"])
          yield* heard(move(20))
          assert.deepStrictEqual(callsOf(world), ["Scheduled 19", "Scheduled 18"])
          yield* heard(cancel)
          assert.deepStrictEqual(callsOf(world), ["Cancelled 19", "Cancelled 18"])
          assert.deepStrictEqual(world.messages(), [])
        })
      ),
    { tags: ["ADR-0019.1"] }
  )

  it.effect("are calls of the flow that each names, also after the order has moved", () =>
    story((world) =>
      Effect.gen(function* () {
        const flow = { key: "partner", concurrency: 2 }
        yield* world.tell(Sample.create({ leads: [Sample.hour], window: Sample.windowAt(10), flow }))
        yield* hear(world)
        yield* world.tell(move(20))
        yield* hear(world)
        assert.deepStrictEqual(
          world.calls().map((call) => call.flow),
          [flow]
        )
      })
    )
  )

  it.effect(
    "are cancelled when it is completed, also one that waits for another attempt",
    () =>
      story((world) =>
        Effect.gen(function* () {
          yield* world.tell(create(9, 1))
          yield* hear(world)
          const callId = world.calls()[0]?.callId ?? Call.callId
          yield* world.tell(Call.due({ callId, at: Field.ms(Field.t0 + Sample.hour) }))
          yield* world.tell(Call.failure({ callId, at: Field.ms(Field.t0 + Sample.hour), retryAfterMs: Sample.hour }))
          assert.deepStrictEqual(callsOf(world), ["Scheduled 1", "Scheduled 9"])
          yield* world.tell(move(30))
          yield* hear(world)
          assert.deepStrictEqual(callsOf(world), ["Scheduled 1", "Scheduled 29"])
          yield* world.tell(complete)
          yield* hear(world)
          assert.deepStrictEqual(callsOf(world), ["Cancelled 1", "Cancelled 29"])
        })
      ),
    { tags: ["ADR-0019.1"] }
  )

  it.effect(
    "are sent once, also when the order moves afterwards",
    () =>
      story((world) =>
        Effect.gen(function* () {
          yield* world.tell(create(1))
          yield* hear(world)
          const callId = world.calls()[0]?.callId ?? Call.callId
          yield* world.tell(Call.due({ callId, at: Field.ms(Field.t0 + 9 * Sample.hour) }))
          yield* world.tell(Call.success({ callId }))
          yield* world.tell(move(30))
          yield* hear(world)
          yield* world.tell(cancel)
          yield* hear(world)
          assert.deepStrictEqual(callsOf(world), ["Succeeded 9"])
        })
      ),
    { tags: ["ADR-0019.1"] }
  )

  it.effect("say what they are about in ids that never change, under the order's correlation id", () =>
    story((world) =>
      Effect.gen(function* () {
        yield* world.tell(create(1))
        yield* hear(world)
        const [row] = world.calls()
        const { orderId, binId } = Field
        assert.deepStrictEqual(JSON.parse(row?.request.bodySnippet ?? "null"), {
          type: "service-order.notification",
          orderId,
          binId,
          kind: "pickup",
          notification: 0
        })
        assert.deepStrictEqual(row?.request.headers, { "content-type": "application/json" })
        assert.strictEqual(row?.correlationId, Field.origin.correlationId)
        assert.isTrue(Schema.is(Tags)(row?.tags))
        assert.include(row?.tags ?? [], `order:${orderId}`)
        const submitted = world.dump().events.find(({ event }) => event.type === "ServiceCallSubmitted")
        assert.deepStrictEqual(submitted?.event.metadata.actor, { kind: "system", id: "order-calls" })
      })
    )
  )

  it.effect(
    "that must not be sent are a dead letter that says why, and stop no other",
    () =>
      story((world) =>
        Effect.gen(function* () {
          const leads = [Sample.hour, 2 * Sample.hour]
          const urls = ["https://refused.example.com/", Sample.urlOf(1)]
          yield* world.tell(Sample.create({ window: Sample.windowAt(10), leads, urls }))
          const verdict = yield* hear(world)
          assert.deepStrictEqual(verdict, {
            _tag: "Dead",
            reason: "notification 0: url egress_denied: Not this one."
          })
          assert.deepStrictEqual(callsOf(world), ["Scheduled 8"])
          yield* world.tell(cancel)
          assert.deepStrictEqual(yield* hear(world), { _tag: "Ack" })
          assert.deepStrictEqual(callsOf(world), ["Cancelled 8"])
        })
      ),
    { tags: ["ADR-0019.4"] }
  )

  it.effect("of an order that nobody knows are a dead letter, and for a store that is away they wait", () =>
    story((world) =>
      Effect.gen(function* () {
        yield* world.tell(create(1))
        const [message] = world.messages()
        if (message === undefined) return yield* Effect.die("nothing was published")
        const away = yield* world.start(message)
        yield* world.release(world.waiting[0], "fails")
        assert.deepStrictEqual(world.verdictOf(away), { _tag: "Wait", reason: "StoreUnavailable" })
        const unanswered = yield* world.start(message)
        yield* TestClock.adjust("40 seconds")
        assert.deepStrictEqual(world.verdictOf(unanswered), { _tag: "Wait", reason: "no answer within 40 seconds" })
        assert.deepStrictEqual(yield* world.deliver(message), { _tag: "Ack" })
        assert.deepStrictEqual(callsOf(world), ["Scheduled 9"])
        const other = StreamId.make(Field.binId)
        const verdict = yield* world.deliver({ ...message, streamId: other })
        assert.deepStrictEqual(verdict, { _tag: "Dead", reason: `there is no order ${other}` })
      })
    )
  )
})

describe("a delivery that was overtaken", () => {
  for (const reads of [0, 1, 2, readsBefore]) {
    it.effect(
      `does not take a call back to where an older order had it: stopped after ${reads} reads, and it dies after its command`,
      () =>
        story((world) =>
          Effect.gen(function* () {
            yield* world.tell(create(1))
            yield* hear(world)
            yield* world.tell(move(20))
            const { goesOn, pass } = yield* stopped(world, reads)
            yield* world.tell(move(30))
            yield* hear(world)
            yield* goesOn
            yield* world.kill(pass)
            assert.deepStrictEqual(callsOf(world), ["Scheduled 29"])
          })
        ),
      { tags: ["ADR-0019.3"] }
    )
  }

  it.effect(
    "makes no call for an order that has ended, even if it dies right after its command",
    () =>
      story((world) =>
        Effect.gen(function* () {
          yield* world.tell(create(1))
          const { goesOn, pass } = yield* stopped(world)
          yield* world.tell(cancel)
          yield* hear(world)
          yield* goesOn
          assert.lengthOf(world.calls(), 1)
          assert.strictEqual(world.calls()[0]?.status, "Cancelled")
          yield* world.kill(pass)
        })
      ),
    { tags: ["ADR-0019.3"] }
  )

  it.effect(
    "repairs what it did when the order had gone away and come back meanwhile",
    () =>
      story((world) =>
        Effect.gen(function* () {
          yield* world.tell(create(1))
          yield* hear(world)
          yield* world.tell(move(20))
          const { goesOn, pass } = yield* stopped(world)
          yield* world.tell(move(10))
          yield* hear(world)
          yield* goesOn
          assert.deepStrictEqual(callsOf(world), ["Scheduled 19"])
          yield* world.drain
          assert.deepStrictEqual(world.verdictOf(pass), { _tag: "Ack" })
          assert.deepStrictEqual(callsOf(world), ["Scheduled 9"])
        })
      ),
    { tags: ["ADR-0019.2"] }
  )
})
