/** Couriers' events: what was taken in ends, once, and the shipments are where a fold over all that was taken in ends. */
import type { EventFacts } from "@dueline/contracts/ingestion/Ingestion"
import { expectedShipment } from "@dueline/simulation/checks/ShipmentModel"
import type { Check, Evidence, Found } from "../Evidence.ts"

const found = (detail: string): Found => ({ callId: null, detail })

const answers = ({ history }: Evidence): ReadonlyArray<Found> =>
  history.reports
    .filter(({ ingestionId }) => ingestionId === null)
    .map(({ event, status, tries }) => found(`${event.eventId} was answered ${status} after ${tries} tries`))

/** By tenant and the courier's id. */
const nameOf = (tenantId: string | undefined, eventId: string): string => `${tenantId}/${eventId}`

const ends = ({ history, tenantIds }: Evidence): ReadonlyArray<Found> => {
  const told = new Map(
    history.reports.map(({ event, tenant }) => [nameOf(tenantIds.get(tenant), event.eventId), event] as const)
  )
  const stored = Map.groupBy(history.ingestions, ({ eventId, tenantId }) => nameOf(tenantId, eventId))
  return [
    ...history.reports.flatMap(({ event: { eventId }, ingestionId, tenant }) => {
      const ids = stored.get(nameOf(tenantIds.get(tenant), eventId))?.map(({ id }) => id) ?? []
      if (ingestionId === null) return []
      return ids.length === 1 && ids[0] === ingestionId
        ? []
        : [found(`${eventId} was taken in as ${ingestionId}, and stored as ${ids.join(", ") || "nothing"}`)]
    }),
    ...history.ingestions.flatMap(({ eventId, id, status, tenantId }) => {
      const event = told.get(nameOf(tenantId, eventId))
      if (event === undefined) return [found(`${id} was taken in, and no courier sent it`)]
      // All orders that these couriers name are missing.
      const expected = event.orderId === null ? "Completed" : "Failed"
      return status === expected ? [] : [found(`${eventId} is ${status} and has to be ${expected}`)]
    })
  ]
}

const shipments = ({ history, tenantIds }: Evidence): ReadonlyArray<Found> => {
  const taken = new Set(history.ingestions.map(({ eventId, tenantId }) => nameOf(tenantId, eventId)))
  const events = new Map<string, EventFacts>()
  for (const { event, tenant } of history.reports) {
    const name = nameOf(tenantIds.get(tenant), event.eventId)
    if (taken.has(name)) events.set(name, event)
  }
  const byShipment = Map.groupBy([...events], ([name, { trackingReference }]) =>
    nameOf(name.split("/", 1)[0], trackingReference)
  )
  const expected = new Map(
    [...byShipment].map(([name, own]) => [name, JSON.stringify(expectedShipment(own.map(([, event]) => event)))])
  )
  const seen = new Map(
    history.shipments.map(({ orderId, status, statusAt, tenantId, trackingReference }) => [
      nameOf(tenantId, trackingReference),
      JSON.stringify({ status, statusAt, orderId })
    ])
  )
  return [...new Set([...expected.keys(), ...seen.keys()])].flatMap((name) =>
    expected.get(name) === seen.get(name) ? [] : [found(`${name} is ${seen.get(name)}, not ${expected.get(name)}`)]
  )
}

export const courierEventsEnd: Check = (evidence) => [...answers(evidence), ...ends(evidence), ...shipments(evidence)]
