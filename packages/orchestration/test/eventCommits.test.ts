/** Couriers' events that are carried out in the commit that takes them in: what is in it, and what becomes of those that it cannot hold. */
import { EventCommits } from "@dueline/contracts/CommitCompanions"
import { type EventFacts, IngestionId, type IngestionRow } from "@dueline/contracts/ingestion/Ingestion"
import type { Command } from "@dueline/contracts/kinds"
import { OpsQueries } from "@dueline/contracts/ports/Queries"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import type { Commit } from "@dueline/contracts/ports/Persistence"
import { propertyRunsTimes } from "@dueline/port-contracts/propertyRuns"
import { ShipmentId, type ShipmentRow } from "@dueline/contracts/shipment/Shipment"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Schema } from "effect"
import { inOneCommit, type ShipmentIdOf } from "../src/DirectEvents.ts"
import { makeHandler } from "../src/FieldEvents.ts"
import { FaultyStore } from "./FaultyStore.ts"
import * as Field from "./FieldSample.ts"
import * as Steps from "./IngestionSteps.ts"
import { askAll, said, writersOn } from "./WritersUnderTest.ts"

const id = (n: number) => IngestionId.make(`00000000-0000-7000-8000-e200000001${n.toString(16).padStart(2, "0")}`)
const idOfShipment = (n: string | number) => ShipmentId.make(`00000000-0000-7000-8000-e3000000000${n}`)
/** One for each digit that a tracking reference ends with. */
const shipmentIdOf: ShipmentIdOf = (_tenant, _source, reference) => idOfShipment(reference.at(-1) ?? "")

/** The event of this number, of shipment 1 unless it says otherwise. */
const receive = (n: number, event: Partial<EventFacts> = {}, digest = `d${n}`): Command => {
  const command = Steps.receive(digest)
  if (command._tag !== "ReceiveIngestion") throw new Error("no event")
  const told = { ...command.event, eventId: `e${n}`, trackingReference: "S-1", orderId: null, ...event }
  return { ...command, ingestionId: id(n), event: told }
}
/** As the edge names it. */
const asked = (command: Command) => ({
  ...Field.envelope(command),
  ...(command._tag === "ReceiveIngestion"
    ? { commandId: `receive-ingestion:${command.ingestionId}:${command.digest}` as never }
    : {})
})

const turns = Effect.promise(async () => {
  for (let turn = 0; turn < 50; turn += 1) await new Promise((next) => setImmediate(next))
})

const summary = (batch: ReadonlyArray<Commit>) =>
  batch.flatMap(({ events }) => events.map(({ type }) => type)).toSorted()

/** `inOne`: whether anything is carried out with its commit. */
const world = Effect.fnUntraced(function* (store: FaultyStore = new FaultyStore(), inOne: boolean = true) {
  const committed: Array<ReadonlyArray<Commit>> = []
  const commit: typeof store.persistence.commit = (batch) =>
    Effect.suspend(() => {
      committed.push(batch)
      return store.persistence.commit(batch)
    })
  const ask = inOne ? inOneCommit(shipmentIdOf) : () => null
  const commits = EventCommits.of({ ask, by: () => Effect.void })
  const writers = yield* Effect.provideService(
    writersOn({ persistence: { ...store.persistence, commit } }),
    EventCommits,
    commits
  )
  const { carriedOut } = yield* makeHandler(shipmentIdOf).pipe(
    Effect.provideService(Orchestrator, writers),
    Effect.provideService(OpsQueries, store.memory.opsQueries)
  )
  const rows = () => store.memory.dump().rows
  const ingestions = () => rows().filter((row): row is IngestionRow => row._tag === "IngestionRow")
  const shipments = () => rows().filter((row): row is ShipmentRow => row._tag === "ShipmentRow")
  return {
    store,
    committed,
    ask: (...commands: ReadonlyArray<Command>) =>
      Effect.map(askAll(writers, commands.map(asked)), (all) => all.map(said)),
    writers,
    ingestions,
    shipments,
    statuses: () => ingestions().map(({ status }) => status),
    heard: () => store.memory.dump().outbox.filter(({ topic }) => topic === "ops.ingestion.received"),
    /** As whoever takes over what was not carried out with its commit. */
    finish: Effect.suspend(() =>
      Effect.forEach(
        ingestions().filter(({ endedAt }) => endedAt === null),
        carriedOut
      )
    )
  }
})

const inOne = ["IngestionCompleted", "IngestionReceived", "ShipmentEventRecorded"]

describe("an event that is about its shipment alone", { tags: ["ADR-0030.10"] }, () => {
  it.effect(
    "is taken in, recorded and completed in one commit, its row is written once, and no message asks for it",
    () =>
      Effect.gen(function* () {
        const here = yield* world()
        assert.deepStrictEqual(yield* here.ask(receive(1)), ["IngestionAccepted 1"])
        assert.deepStrictEqual(here.committed.map(summary), [inOne])
        assert.deepStrictEqual(
          here.ingestions().map(({ endedAt, status, version }) => [status, version, endedAt]),
          [["Completed", 2, Field.t0]]
        )
        assert.deepInclude(here.shipments()[0], { status: "PickedUp", version: 1 })
        assert.isEmpty(here.heard())
        assert.lengthOf(Object.keys(here.store.memory.dump().sealed), 1)
      })
  )

  it.effect("has one effect when it comes twice at once and again, and another body under its id has none", () =>
    Effect.gen(function* () {
      const here = yield* world()
      const other = receive(1, { type: "shipment.returned" }, "another body")
      assert.deepStrictEqual(yield* here.ask(receive(1), other, receive(1)), [
        "IngestionAccepted 1",
        "IngestionIdTaken",
        "IngestionAccepted 2"
      ])
      assert.deepStrictEqual(here.committed.map(summary), [inOne])
      assert.deepStrictEqual(yield* here.ask(other, receive(1), receive(2, { type: "shipment.in_transit" })), [
        "IngestionIdTaken",
        "IngestionAccepted 2",
        "IngestionAccepted 1"
      ])
      yield* here.finish
      assert.deepStrictEqual(here.statuses(), ["Completed", "Completed"])
      assert.deepInclude(here.shipments()[0], { status: "InTransit", version: 2 })
      // Once events were repeated it is looked up first which are there.
      here.committed.length = 0
      yield* here.ask(receive(2, { type: "shipment.in_transit" }), receive(3, { type: "shipment.delivered" }))
      assert.deepStrictEqual(here.committed.map(summary), [inOne])
    })
  )

  it.effect("moves the shipment with those of its round, which is one commit, whatever order they came in", () =>
    Effect.gen(function* () {
      const types = ["label.created", "pickup.completed", "shipment.delivered"] as const
      const told = (order: ReadonlyArray<number>) =>
        order.map((n) => receive(n, { type: types[n] ?? "label.created", occurredAt: Field.ms(Field.t0 + n) }))
      const seen: Array<unknown> = []
      for (const order of [
        [0, 1, 2],
        [2, 0, 1],
        [1, 2, 0]
      ]) {
        const here = yield* world()
        yield* here.ask(...told(order))
        assert.lengthOf(here.committed, 1)
        assert.lengthOf(here.committed[0] ?? [], 4)
        assert.deepStrictEqual(here.statuses(), Array(3).fill("Completed"))
        const [{ milestones, status, version } = assert.fail("no shipment")] = here.shipments()
        seen.push({ milestones, status, version })
      }
      assert.deepInclude(seen[0], { status: "Delivered", version: 3 })
      assert.deepStrictEqual([seen[1], seen[2]], [seen[0], seen[0]])
    })
  )
})

describe("an event whose commit cannot hold all of it", { tags: ["ADR-0030.10"] }, () => {
  it.effect(
    "is taken in first when it names an order or its shipment is for one; the others of its round are not",
    () =>
      Effect.gen(function* () {
        const here = yield* world()
        yield* here.ask(receive(1, { orderId: Field.orderId }))
        assert.deepStrictEqual([here.statuses(), here.heard().length], [["Received"], 1])
        yield* here.finish
        assert.strictEqual(here.shipments()[0]?.orderId, Field.orderId)
        here.committed.length = 0
        yield* here.ask(receive(2, { type: "shipment.in_transit" }), receive(3, { trackingReference: "S-2" }))
        assert.deepStrictEqual(here.statuses(), ["Failed", "Received", "Completed"])
        assert.deepStrictEqual(here.committed.map(summary), [[...inOne, "IngestionReceived"].toSorted()])
      })
  )

  it.effect("is taken in first when another has moved its shipment meanwhile, and nothing is half done", () =>
    Effect.gen(function* () {
      const here = yield* world()
      yield* here.ask(receive(1, { type: "label.created" }))
      const elsewhere = yield* world(here.store)
      yield* elsewhere.ask(receive(2))
      assert.deepStrictEqual(yield* here.ask(receive(3, { type: "shipment.in_transit" })), ["IngestionAccepted 1"])
      assert.deepStrictEqual(here.statuses(), ["Completed", "Completed", "Received"])
      assert.deepInclude(here.shipments()[0], { status: "PickedUp", version: 2 })
      assert.lengthOf(here.heard(), 1)
      yield* here.finish
      assert.deepStrictEqual(here.statuses(), Array(3).fill("Completed"))
      assert.deepInclude(here.shipments()[0], { status: "InTransit", version: 3 })
    })
  )

  it.effect("waits for what is being committed about shipments, and is one commit then", () =>
    Effect.gen(function* () {
      const here = yield* world()
      const gate = yield* Deferred.make<void>()
      here.store.gate = gate
      const record = Steps.record(Steps.factsOf({ eventId: "e6", type: "label.created", minutes: 0, names: false }))
      if (record._tag !== "RecordShipmentEvent") return assert.fail("no shipment")
      const { shipmentId, trackingReference } = { shipmentId: idOfShipment(1), trackingReference: "S-1" }
      const event = { ...record.event, trackingReference }
      const first = yield* Effect.forkChild(here.ask({ ...record, shipmentId, event }), { startImmediately: true })
      const second = yield* Effect.forkChild(here.ask(receive(1)), { startImmediately: true })
      // The first waits in the store, and the second has had its turns.
      yield* turns
      assert.deepStrictEqual(here.committed.map(summary), [["ShipmentEventRecorded"]])
      here.store.gate = null
      yield* Deferred.succeed(gate, undefined)
      assert.deepStrictEqual(yield* Fiber.join(first), ["ShipmentAccepted 1"])
      assert.deepStrictEqual(yield* Fiber.join(second), ["IngestionAccepted 1"])
      assert.deepStrictEqual(here.committed.map(summary), [["ShipmentEventRecorded"], inOne])
    })
  )

  it.effect("is what it was before or all of it when the store gives no answer, and has one effect", () =>
    Effect.gen(function* () {
      for (const fault of ["before", "after"] as const) {
        const here = yield* world()
        here.store.commitFaults.push(fault)
        assert.deepStrictEqual(yield* here.ask(receive(1)), [`IngestionAccepted ${fault === "before" ? 1 : 2}`])
        assert.deepStrictEqual(here.statuses(), [fault === "before" ? "Received" : "Completed"])
        yield* here.finish
        assert.deepStrictEqual(here.statuses(), ["Completed"])
        assert.deepInclude(here.shipments()[0], { status: "PickedUp", version: 1 })
        assert.deepStrictEqual(yield* here.ask(receive(2, { type: "shipment.in_transit" })), ["IngestionAccepted 1"])
        assert.deepInclude(here.shipments()[0], { status: "InTransit", version: 2 })
      }
    })
  )
})

const Story = Schema.Array(
  Schema.Struct({
    n: Schema.Literals([1, 2, 3, 4, 5, 6]),
    again: Schema.Boolean,
    fault: Schema.Literals(["none", "none", "none", "before", "after", "conflict"])
  })
).check(Schema.isMaxLength(8))

it.effect.prop(
  "whatever commits come to, and however events are repeated, shipments are as if each event had been carried out by itself",
  { story: Story },
  ({ story }) =>
    Effect.gen(function* () {
      const types = ["label.created", "shipment.in_transit", "pickup.completed", "shipment.delivered"] as const
      const commandOf = (n: number) =>
        receive(n, {
          type: types[n % 4] ?? "label.created",
          occurredAt: Field.ms(Field.t0 + 7 * (n % 3)),
          trackingReference: `S-${n % 2}`,
          orderId: n === 5 ? Field.orderId : null
        })
      const [here, plain] = [yield* world(), yield* world(new FaultyStore(), false)]
      for (const { again, fault, n } of story) {
        here.store.commitFaults.push(fault)
        yield* here.ask(commandOf(n), ...(again ? [commandOf(n), commandOf((n % 6) + 1)] : []))
        here.store.commitFaults.length = 0
        if (again) yield* here.finish
        yield* plain.ask(commandOf(n), ...(again ? [commandOf((n % 6) + 1)] : []))
        yield* plain.finish
      }
      yield* here.finish
      const shown = ({ ingestions, shipments }: typeof here) => ({
        // Whether one fails hangs on whether its shipment was known to be for an order by then.
        ended: ingestions()
          .filter(({ endedAt }) => endedAt !== null)
          .map(({ ingestionId }) => ingestionId)
          .toSorted(),
        shipments: new Map(
          shipments().map(({ milestones, orderId, shipmentId }) => [shipmentId, { milestones, orderId }])
        )
      })
      assert.deepStrictEqual(shown(here), shown(plain))
      assert.lengthOf(shown(here).ended, here.ingestions().length)
    }),
  { arbitrary: propertyRunsTimes(0.6), tags: ["ADR-0030.10"] }
)
