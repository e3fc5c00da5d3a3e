/** Events that came in, carried out: once, however often their message comes, and to an end, whatever fails on the way. */
import { assert, it } from "@effect/vitest"
import type { Command } from "@dueline/contracts/kinds"
import { type EventFacts, IngestionId, type IngestionRow } from "@dueline/contracts/ingestion/Ingestion"
import type { OrderRow } from "@dueline/contracts/order/Order"
import { DueIngestions } from "@dueline/contracts/ports/DueWork"
import type { Delivery, Verdict } from "@dueline/contracts/ports/EventBus"
import { OpsQueries } from "@dueline/contracts/ports/Queries"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import type { ShipmentRow } from "@dueline/contracts/shipment/Shipment"
import * as MemoryStore from "@dueline/port-contracts/memory/MemoryStore"
import { Effect, Schema } from "effect"
import { TestClock } from "effect/testing"
import type { ShipmentIdOf } from "../src/DirectEvents.ts"
import { makeHandler, makeSweep } from "../src/FieldEvents.ts"
import { inSteps, makeFates } from "./fated.ts"
import * as Field from "./FieldSample.ts"
import * as Steps from "./IngestionSteps.ts"
import { writersOn } from "./WritersUnderTest.ts"

const shipmentIdOf: ShipmentIdOf = () => Steps.shipmentId

const world = Effect.gen(function* () {
  const store = MemoryStore.make()
  const writers = yield* writersOn(store)
  const { ask } = writers
  const { fates, step } = makeFates()
  const { carriedOut, handler } = yield* makeHandler(shipmentIdOf).pipe(
    Effect.provideService(Orchestrator, inSteps(writers, step)),
    Effect.provideService(OpsQueries, {
      ...store.opsQueries,
      find: (kind, tenantId, id) => step(store.opsQueries.find(kind, tenantId, id))
    })
  )
  const rows = () => store.dump().rows
  const delivery: Delivery = {
    eventId: "m-1",
    tenantId: Field.tenantId,
    streamId: Steps.ingestionId as string as Delivery["streamId"],
    topic: "ops.ingestion.received",
    payload: null,
    attempt: 1
  }
  return {
    fates,
    tell: (command: Command) => ask(Field.envelope(command)),
    deliver: handler(delivery),
    handler,
    carriedOut,
    sweep: Effect.provideService(makeSweep(handler), DueIngestions, store.dueIngestions),
    deliverOf: (id: IngestionId) => handler({ ...delivery, streamId: id as string as Delivery["streamId"] }),
    ingestions: () => rows().filter((row): row is IngestionRow => row._tag === "IngestionRow"),
    events: () => store.dump().events.length,
    ingestion: () => rows().find((row): row is IngestionRow => row._tag === "IngestionRow"),
    shipment: () => rows().find((row): row is ShipmentRow => row._tag === "ShipmentRow"),
    order: () => rows().find((row): row is OrderRow => row._tag === "OrderRow")
  }
})

const receive = (event: Partial<EventFacts>): Command => {
  const command = Steps.receive()
  if (command._tag !== "ReceiveIngestion") throw new Error("no event")
  return { ...command, event: { ...command.event, ...event } }
}

/** A scheduled order to take a bin, and an event about it. */
const withOrder = Effect.fnUntraced(function* (event: Partial<EventFacts> = {}) {
  const here = yield* world
  yield* here.tell(Field.register())
  yield* here.tell(Field.createBin())
  yield* here.tell(Field.createOrder({ schedule: true, terms: Field.terms({ kind: "pickup" }) }))
  yield* here.tell(receive(event))
  return here
})

const ack: Verdict = { _tag: "Ack" }

it.effect(
  "a pickup is recorded with the shipment, completes the order, and ends the ingestion; the message again changes nothing",
  () =>
    Effect.gen(function* () {
      const here = yield* withOrder()
      assert.deepStrictEqual(yield* here.deliver, ack)
      assert.strictEqual(here.shipment()?.status, "PickedUp")
      assert.strictEqual(here.shipment()?.orderId, Field.orderId)
      assert.strictEqual(here.order()?.status, "Completed")
      assert.strictEqual(here.ingestion()?.status, "Completed")
      const events = here.events()
      assert.deepStrictEqual(yield* here.deliver, ack)
      assert.strictEqual(here.events(), events)
    }),
  { tags: ["ADR-0030.6"] }
)

it.effect("an event that is not the end of its order leaves that as it is", () =>
  Effect.gen(function* () {
    const here = yield* withOrder({ type: "shipment.delivered" })
    yield* here.deliver
    assert.deepStrictEqual([here.order()?.status, here.ingestion()?.status], ["Scheduled", "Completed"])
  })
)

it.effect(
  "an order is completed although the event that names it comes after the one that tells of its end",
  () =>
    Effect.gen(function* () {
      const here = yield* withOrder({ type: "label.created" })
      const earlier = Steps.record(Steps.factsOf({ eventId: "e2", type: "pickup.completed", minutes: 1, names: false }))
      yield* here.tell(earlier)
      assert.deepStrictEqual(yield* here.deliver, ack)
      assert.deepStrictEqual([here.order()?.status, here.ingestion()?.status], ["Completed", "Completed"])
    }),
  { tags: ["ADR-0030.5"] }
)

it.effect(
  "what can never be done ends the ingestion as failed, with the reason",
  () =>
    Effect.gen(function* () {
      const nowhere = yield* withOrder({ orderId: Field.order(9) })
      assert.deepStrictEqual(yield* nowhere.deliver, ack)
      assert.deepInclude(nowhere.ingestion(), { status: "Failed", failures: 1 })
      assert.include(nowhere.ingestion()?.attempts[0]?.reason, "there is no order")
      const cancelled = yield* withOrder()
      yield* cancelled.tell({ _tag: "CancelOrder", orderId: Field.orderId, at: Field.ms(Field.t0 + 1) })
      yield* cancelled.deliver
      assert.include(cancelled.ingestion()?.attempts[0]?.reason, "Cancelled")
    }),
  { tags: ["ADR-0030.6"] }
)

it.effect(
  "one that failed is carried out again for each replay, until it can be",
  () =>
    Effect.gen(function* () {
      const here = yield* withOrder({ orderId: Field.order(9) })
      yield* here.deliver
      yield* here.tell(Steps.replay(1))
      assert.deepStrictEqual(yield* here.deliver, ack)
      assert.deepInclude(here.ingestion(), { status: "Failed", failures: 2 })
      const window = Field.hours(20, 22)
      const terms = Field.terms({ kind: "pickup" })
      yield* here.tell(Field.createOrder({ orderId: Field.order(9), schedule: true, window, terms }))
      yield* here.tell(Steps.replay(2))
      assert.deepStrictEqual(yield* here.deliver, ack)
      assert.deepInclude(here.ingestion(), { status: "Completed", failures: 2 })
      assert.deepInclude(here.shipment(), { version: 1 })
    }),
  { tags: ["ADR-0033.6"] }
)

it.effect(
  "an event that has waited is settled with those that came soon after it, whose own messages then find them done without asking",
  () =>
    Effect.gen(function* () {
      const here = yield* withOrder()
      const id = (n: number) => IngestionId.make(`00000000-0000-7000-8000-e2000000010${n}`)
      const later = [10, 20, 240, 260]
      for (const [n, after] of later.entries()) {
        const command = receive({ eventId: `evt-1${n}`, type: "shipment.in_transit", orderId: null })
        yield* here.tell({ ...command, ingestionId: id(n), at: Field.ms(Field.t0 + after) } as Command)
      }
      const ended = () => here.ingestions().filter(({ status }) => status === "Completed").length
      yield* TestClock.setTime(Field.t0 + 5_000)
      assert.deepStrictEqual(yield* here.deliver, ack)
      assert.strictEqual(ended(), 1 + 3)
      const events = here.events()
      here.fates.push("fails")
      assert.deepStrictEqual(yield* here.deliverOf(id(0)), ack)
      assert.strictEqual(here.events(), events)
      assert.strictEqual(here.fates.shift(), "fails", "nothing was asked")
      assert.deepStrictEqual(yield* here.deliverOf(id(3)), ack)
      assert.strictEqual(ended(), 1 + 4)
    })
)

it.effect("an event whose message is lost is found when it has not ended for half a minute", () =>
  Effect.gen(function* () {
    const here = yield* withOrder()
    const sweep = yield* here.sweep
    yield* TestClock.setTime(Field.t0 + 20_000)
    yield* sweep
    assert.strictEqual(here.ingestion()?.status, "Received")
    yield* TestClock.setTime(Field.t0 + 40_000)
    yield* sweep
    assert.strictEqual(here.ingestion()?.status, "Completed")
    assert.strictEqual(here.order()?.status, "Completed")
    const events = here.events()
    yield* sweep
    assert.strictEqual(here.events(), events)
  })
)

it.effect("a failure that may pass is tried again and stands in the record", () =>
  Effect.gen(function* () {
    const here = yield* withOrder()
    here.fates.push("happens", "fails")
    assert.strictEqual((yield* here.deliver)._tag, "Wait")
    assert.deepInclude(here.ingestion(), { status: "Processing", failures: 1 })
    assert.deepStrictEqual(yield* here.deliver, ack)
    assert.deepInclude(here.ingestion(), { status: "Completed", failures: 1 })
  })
)

it.effect.prop(
  "whatever fails at any step, its message comes again until the event has come to the same end",
  { fates: Schema.Array(Schema.Literals(["happens", "fails", "is not heard of"])) },
  ({ fates }) =>
    Effect.gen(function* () {
      const here = yield* withOrder()
      here.fates.push(...fates)
      // As a bus does: again until it is acknowledged, and then no more.
      let verdict: Verdict = { _tag: "Wait", reason: "" }
      for (let turn = 0; verdict._tag !== "Ack" && turn <= fates.length + 1; turn += 1) verdict = yield* here.deliver
      assert.deepStrictEqual(verdict, ack)
      assert.strictEqual(here.ingestion()?.status, "Completed")
      assert.deepInclude(here.shipment(), { status: "PickedUp", version: 1 })
      assert.strictEqual(here.order()?.status, "Completed")
    }),
  { tags: ["ADR-0030.6"] }
)
