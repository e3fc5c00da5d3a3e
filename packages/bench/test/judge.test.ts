/** The load proof's checks: a sound run passes them all, and each finds the fault that it is there for. */
import { assert, describe, it } from "@effect/vitest"
import type { OrderId } from "@dueline/contracts/Ids"
import type { EventFacts } from "@dueline/contracts/ingestion/Ingestion"
import { Courier } from "@dueline/simulation/clients/Courier"
import { Dice } from "@dueline/simulation/world/Dice"
import { carriedOut, expectedShipment } from "@dueline/simulation/checks/ShipmentModel"
import type { Evidence, Phase, SeenIngestion, SeenShipment, Sent } from "../src/courier/Evidence.ts"
import { judge } from "../src/courier/judge.ts"
import { plan } from "../src/courier/plan.ts"

const orders = Array.from({ length: 8 }, (_, n) => `00000000-0000-7000-8000-0d000000000${n}` as OrderId)
const limits = { p95Ms: 100 }

/** What a program that does everything right would leave behind. */
const soundRun = (): Evidence => {
  const courier = new Courier(new Dice(5), { name: "T", orders, at: 1_893_456_000_000 })
  const phases: ReadonlyArray<Phase> = ["steady", "burst", "recovery"]
  const sent = phases.flatMap((phase) =>
    plan(new Dice(6).fork(phase), courier, { rate: 40, seconds: 3, duplicates: 0.3, volley: 1 }).map(
      ({ event, repeat }, n): Sent => ({
        phase,
        event,
        repeat,
        plannedAt: n,
        answeredAt: n + 5,
        tries: phase === "recovery" && n % 7 === 0 ? 3 : 1,
        status: 202,
        ingestionId: `i-${event.eventId}`
      })
    )
  )
  const events = [...new Map(sent.map(({ event }) => [event.eventId, event])).values()]
  const shipments = [...Map.groupBy(events, ({ trackingReference }) => trackingReference)]
  const known = (orderId: OrderId | null) => orderId === null || orders.includes(orderId)
  return {
    sent,
    ingestions: events.map(
      ({ eventId, orderId }): SeenIngestion => ({
        id: `i-${eventId}`,
        eventId,
        status: known(orderId) ? "Completed" : "Failed",
        failures: 0,
        createdAt: "2026-01-01T00:00:00.000Z",
        endedAt: "2026-01-01T00:00:01.000Z"
      })
    ),
    shipments: shipments.map(([trackingReference, told]): SeenShipment => {
      const { orderId, status, statusAt } = expectedShipment(told) ?? assert.fail("no event")
      return { trackingReference, status, statusAt: new Date(statusAt).toISOString(), orderId }
    }),
    orders: orders.map((id) => {
      const told = shipments.find(([, all]) => all.some(({ orderId }) => orderId === id))?.[1] ?? []
      const done = carriedOut(told, "pickup")
      return { id, kind: "pickup" as const, status: done ? "Completed" : "Scheduled", completions: done ? 1 : 0 }
    }),
    verified: { code: 0, output: "" }
  }
}

const foundIn = (evidence: Evidence): ReadonlyArray<string> =>
  judge(evidence, limits)
    .filter(({ findings }) => findings.length > 0)
    .map(({ sentence }) => sentence)

const changed = <A>(items: ReadonlyArray<A>, which: (item: A) => boolean, changes: Partial<A>): ReadonlyArray<A> => {
  const at = items.findIndex(which)
  assert.isAtLeast(at, 0)
  return items.map((item, index) => (index === at ? { ...item, ...changes } : item))
}

const faults: Readonly<Record<string, readonly [RegExp, (sound: Evidence) => Partial<Evidence>]>> = {
  "a request that was refused": [/answered 202/u, ({ sent }) => ({ sent: changed(sent, () => true, { status: 503 }) })],
  "an event that was taken in twice": [
    /one ingestion/u,
    ({ sent }) => ({ sent: changed(sent, ({ repeat }) => repeat, { ingestionId: "another" }) })
  ],
  "an ingestion that nobody asked for": [
    /one ingestion/u,
    ({ ingestions }) => ({
      ingestions: [...ingestions, { ...(ingestions[0] as SeenIngestion), eventId: null, id: "i-x" }]
    })
  ],
  "an accepted event that is gone": [/came to the end/u, ({ ingestions }) => ({ ingestions: ingestions.slice(1) })],
  "an event that never ends": [
    /came to the end/u,
    ({ ingestions }) => ({
      ingestions: changed(ingestions, ({ status }) => status === "Completed", { status: "Processing" })
    })
  ],
  "an event that failed although it could be carried out": [
    /came to the end/u,
    ({ ingestions }) => ({
      ingestions: changed(ingestions, ({ status }) => status === "Completed", { status: "Failed" })
    })
  ],
  "a shipment that stands where none of its events puts it": [
    /shipment is where/u,
    ({ shipments }) => ({ shipments: changed(shipments, () => true, { statusAt: "1999-01-01T00:00:00.000Z" }) })
  ],
  "a shipment that is missing": [/shipment is where/u, ({ shipments }) => ({ shipments: shipments.slice(1) })],
  "an order that was completed twice": [
    /completed once/u,
    (sound) => ({ orders: changed(sound.orders, ({ completions }) => completions === 1, { completions: 2 }) })
  ],
  "an order that was forgotten": [
    /completed once/u,
    (sound) => ({
      orders: changed(sound.orders, ({ completions }) => completions === 1, { status: "Scheduled", completions: 0 })
    })
  ],
  "a log that does not agree": [/verify/u, () => ({ verified: { code: 1, output: "a row differs" } })],
  "answers that take too long": [
    /Burst: the 95th/u,
    ({ sent }) => ({
      sent: sent.map((each) => (each.phase === "burst" ? { ...each, answeredAt: each.plannedAt + 101 } : each))
    })
  ],
  "faults that nobody felt": [/Recovery/u, ({ sent }) => ({ sent: sent.map((each) => ({ ...each, tries: 1 })) })]
}

describe("the load proof", () => {
  it("finds nothing in a sound run with repeats, events out of order and orders that are not there", () => {
    const sound = soundRun()
    assert.deepStrictEqual(foundIn(sound), [])
    assert.isTrue(sound.sent.some(({ repeat }) => repeat))
    assert.isTrue(sound.ingestions.some(({ status }) => status === "Failed"))
  })

  it.each(Object.entries(faults))("finds %s", (_, [sentence, fault]) => {
    const sound = soundRun()
    const found = foundIn({ ...sound, ...fault(sound) })
    assert.isTrue(
      found.some((name) => sentence.test(name)),
      JSON.stringify(found)
    )
  })

  it("plans the same requests from the same seed, with the rate and the share of repeats that were asked for", () => {
    const planned = (seed: number) => {
      const courier = new Courier(new Dice(seed), { name: "T", orders, at: 0 })
      return plan(new Dice(seed), courier, { rate: 100, seconds: 20, duplicates: 0.2, volley: 50 })
    }
    const one = planned(3)
    assert.deepStrictEqual(one, planned(3))
    assert.notDeepEqual(one, planned(4))
    assert.lengthOf(one, 2_000)
    assert.closeTo(one.filter(({ repeat }) => repeat).length / one.length, 0.2, 0.05)
    assert.strictEqual(new Set(one.map(({ afterMs }) => afterMs)).size, 40)
    const first = new Set<EventFacts["eventId"]>()
    for (const { event, repeat } of one) {
      assert.strictEqual(first.has(event.eventId), repeat)
      first.add(event.eventId)
    }
  })
})
