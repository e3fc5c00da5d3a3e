/** Product events: what was answered with 200 is stored once, as what it was reported, and its own tenant alone sees it. */
import type { Check, Evidence, Found } from "../Evidence.ts"

const found = (detail: string): Found => ({ callId: null, detail })

/** By tenant's name and event id: the same id is another event with another tenant. */
const nameOf = (tenant: string | undefined, eventId: string): string => `${tenant}/${eventId}`

const answers = ({ history }: Evidence): ReadonlyArray<Found> =>
  history.productReports.flatMap(({ eventIds, results, status, tenant, tries }) => {
    const heard = results.map(({ eventId }) => eventId)
    const taken = results.every(({ status }) => status === "stored" || status === "duplicate")
    if (status === 200 && taken && JSON.stringify(heard) === JSON.stringify(eventIds)) return []
    const said = `${status} ${JSON.stringify(results)} after ${tries} tries`
    return [found(`${eventIds.join(", ")} of ${tenant} was answered ${said}`)]
  })

/** An answer may be lost, and the next says that it is known: but one event cannot be stored for two requests. */
const storedFor = ({ history }: Evidence): ReadonlyArray<Found> => {
  const stored = history.productReports.flatMap(({ results, tenant }) =>
    results.flatMap(({ eventId, status }) => (status === "stored" ? [nameOf(tenant, eventId)] : []))
  )
  return [...Map.groupBy(stored, (name) => name)].flatMap(([name, times]) =>
    times.length === 1 ? [] : [found(`${name} was answered ${times.length} times that it is stored now`)]
  )
}

const rows = ({ history }: Evidence): ReadonlyArray<Found> => {
  const names = new Map(history.tenants.map(({ id, name }) => [id, name]))
  const stored = Map.groupBy(history.productEvents, ({ eventId, tenantId }) => nameOf(names.get(tenantId), eventId))
  const told = new Set(
    history.productReports.flatMap(({ eventIds, tenant }) => eventIds.map((eventId) => nameOf(tenant, eventId)))
  )
  const taken = new Set(
    history.productReports.flatMap(({ results, tenant }) => results.map(({ eventId }) => nameOf(tenant, eventId)))
  )
  return [
    ...[...taken].flatMap((name) => (stored.has(name) ? [] : [found(`${name} was taken in and is not stored`)])),
    ...[...stored].flatMap(([name, times]) => [
      ...(times.length === 1 ? [] : [found(`${name} is stored ${times.length} times`)]),
      ...(told.has(name) ? [] : [found(`${name} is stored, and nobody reported it`)])
    ])
  ]
}

export const productEventsStored: Check = (evidence) => [
  ...answers(evidence),
  ...storedFor(evidence),
  ...rows(evidence)
]

export const productEventsApart: Check = ({ history, tenantIds }) => {
  const stored = Map.groupBy(history.productEvents, ({ tenantId }) => tenantId)
  const listed = Map.groupBy(history.listedProductEvents, ({ tenant }) => tenant)
  return [
    ...history.productEvents.flatMap(({ eventId, of, tenantId }) =>
      tenantIds.get(of ?? "") === tenantId ? [] : [found(`${eventId} of ${of} is stored for ${tenantId}`)]
    ),
    ...history.listedProductEvents.flatMap(({ eventId, of, tenant }) =>
      of === tenant ? [] : [found(`${tenant} sees ${eventId} of ${of}`)]
    ),
    ...history.tenants.flatMap(({ id, name }) => {
      const [seen, there] = [listed.get(name)?.length ?? 0, stored.get(id)?.length ?? 0]
      return seen === there ? [] : [found(`${name} sees ${seen} of its ${there} events`)]
    })
  ]
}
