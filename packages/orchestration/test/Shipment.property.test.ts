/** What is known of a shipment, whatever order its courier's events come in and however often: held against a plain fold over all of them. */
import { assert, describe, it } from "@effect/vitest"
import { CourierSourceId } from "@dueline/contracts/courierSource/CourierSource"
import type { EventFacts } from "@dueline/contracts/ingestion/Ingestion"
import { propertyRuns } from "@dueline/port-contracts/propertyRuns"
import { ShipmentIdTaken, type ShipmentStatus } from "@dueline/contracts/shipment/Shipment"
import { Result, Schema } from "effect"
import { Shipment } from "../src/aggregates/Shipment.ts"
import { aggregateLaws } from "./aggregateLaws.ts"
import { AggregateUnderTest } from "./AggregateUnderTest.ts"
import * as Field from "./FieldSample.ts"
import * as Steps from "./IngestionSteps.ts"

const { envelope, t0 } = Field
const { factsOf, record, shipmentId } = Steps

aggregateLaws({
  aggregate: Shipment,
  story: Steps.ShipmentStory,
  commandsOf: Steps.shipmentCommands,
  envelope: (command) => envelope(command),
  opening: "ShipmentEventRecorded"
})

interface Known {
  readonly status: ShipmentStatus | null
  readonly since: number
  readonly orderId: string | null
}

const ranks: Readonly<Record<string, number>> = { LabelCreated: 0, PickedUp: 1, InTransit: 2, Exception: 2 }

/** The next status, one event after the other in the order of the courier's time. */
const next = ({ status }: Known, type: EventFacts["type"]): ShipmentStatus | null => {
  if (status === "Returned") return null
  if (type === "shipment.returned") return "Returned"
  if (status === "Delivered") return null
  if (type === "shipment.delivered") return "Delivered"
  const wanted = {
    "label.created": "LabelCreated",
    "pickup.completed": "PickedUp",
    "shipment.in_transit": "InTransit",
    "shipment.exception": "Exception"
  } as const
  const to = wanted[type]
  const [from, rank] = [status === null ? -1 : (ranks[status] ?? 0), ranks[to] ?? 0]
  return rank > from || (rank === 2 && from === 2) ? to : null
}

const model = (events: ReadonlyArray<EventFacts>): Known => {
  const sorted = [...events].sort((a, b) => a.occurredAt - b.occurredAt || (a.eventId < b.eventId ? -1 : 1))
  return sorted.reduce<Known>(
    (known, { occurredAt, orderId, type }) => {
      const to = next(known, type)
      return {
        status: to ?? known.status,
        since: to === null ? known.since : occurredAt,
        orderId: orderId ?? known.orderId
      }
    },
    { status: null, since: 0, orderId: null }
  )
}

const played = (events: ReadonlyArray<EventFacts>) => {
  const on = new AggregateUnderTest(Shipment, (command) => envelope(command))
  for (const [at, event] of events.entries()) on.ask(record(event, at))
  const { row } = on
  if (row?._tag !== "ShipmentRow") return assert.fail("no row")
  return { status: row.status, since: row.statusAt as number, orderId: row.orderId as string | null }
}

const Story = Schema.Array(Steps.Told).check(Schema.isMinLength(1))
const runs = { arbitrary: { ...propertyRuns, size: 100 } }

describe("a shipment", () => {
  it.prop(
    "stands where a fold over all events in the courier's order ends, in whatever order they came",
    { story: Story, seed: Schema.Int },
    ({ seed, story }) => {
      const events = story.map(factsOf)
      const shuffled = events
        .map((event, at) => [Math.sin(seed + at * 7_919), event] as const)
        .sort(([a], [b]) => a - b)
        .map(([, event]) => event)
      const expected = model(events)
      assert.deepStrictEqual<unknown>(played(events), expected)
      assert.deepStrictEqual<unknown>(played(shuffled), expected)
    },
    { ...runs, tags: ["ADR-0030.5"] }
  )

  it.prop(
    "is not changed by events that come again",
    { story: Story },
    ({ story }) => {
      const events = story.map(factsOf)
      const on = new AggregateUnderTest(Shipment, (command) => envelope(command))
      for (const event of events) on.ask(record(event))
      for (const event of [...events].reverse()) assert.isNull(on.trial(record(event, 9)).commit)
    },
    { ...runs, tags: ["ADR-0030.5"] }
  )

  it("takes no event of another source or reference", () => {
    const event = factsOf({ eventId: "e1", type: "label.created", minutes: 0, names: false })
    const on = new AggregateUnderTest(Shipment, (command) => envelope(command))
    on.ask(record(event))
    const other = CourierSourceId.make("00000000-0000-7000-8000-e00000000009")
    for (const command of [
      record(event, 1, { courierSourceId: other }),
      record({ ...event, trackingReference: "other" }, 1)
    ]) {
      assert.deepStrictEqual<unknown>(on.trial(command).answer, Result.fail(new ShipmentIdTaken({ shipmentId })))
    }
  })

  it("was known as it was before an event that came late", () => {
    const event = (type: EventFacts["type"], minutes: 0 | 1 | 2) =>
      factsOf({ eventId: "e1", type, minutes, names: false })
    const moved = played([event("shipment.in_transit", 2)])
    assert.deepStrictEqual(moved, { status: "InTransit", since: t0 + 120_000, orderId: null })
    const late = played([event("shipment.in_transit", 2), event("pickup.completed", 1), event("shipment.exception", 0)])
    assert.deepStrictEqual(late, moved)
  })
})
