/** What must hold after a run, sentence by sentence; pure, so that each can be tried on evidence that breaks it. */
import type { EventFacts } from "@dueline/contracts/ingestion/Ingestion"
import { carriedOut, expectedShipment } from "@dueline/simulation/checks/ShipmentModel"
import { quantile } from "../Figures.ts"
import { type Evidence, latencies, type Phase } from "./Evidence.ts"

export interface Limits {
  /** Bound of the 95th percentile of acknowledgements of the phases that no fault falls into, in milliseconds. */
  readonly p95Ms: number
}

export interface Verdict {
  readonly sentence: string
  /** Empty when it holds. */
  readonly findings: ReadonlyArray<string>
}

const eventsById = ({ sent }: Evidence): ReadonlyMap<string, EventFacts> =>
  new Map(sent.map(({ event }) => [event.eventId, event]))

const answered = ({ sent }: Evidence): ReadonlyArray<string> =>
  sent
    .filter(({ ingestionId, status }) => status !== 202 || ingestionId === null)
    .map(({ event, status, tries }) => `${event.eventId}: ${status} after ${tries} tries`)

const oneIngestion = ({ ingestions, sent }: Evidence): ReadonlyArray<string> => {
  const ids = new Map<string, Set<string>>()
  const add = (eventId: string, id: string) => ids.set(eventId, (ids.get(eventId) ?? new Set()).add(id))
  for (const { event, ingestionId } of sent) if (ingestionId !== null) add(event.eventId, ingestionId)
  for (const { eventId, id } of ingestions) add(eventId ?? `nobody's ${id}`, id)
  const unasked = ingestions.length - new Set(sent.map(({ event }) => event.eventId)).size
  return [
    ...[...ids].filter(([, all]) => all.size !== 1).map(([eventId, all]) => `${eventId}: ${[...all].join(", ")}`),
    ...(unasked > 0 ? [`${unasked} ingestions more than events`] : [])
  ]
}

/** A shipment for an order that is not there is the one thing that cannot be carried out. */
const ends = (evidence: Evidence): ReadonlyArray<string> => {
  const events = eventsById(evidence)
  const orders = new Set(evidence.orders.map(({ id }) => id))
  const seen = new Map(evidence.ingestions.map((each) => [each.id, each] as const))
  const taken = new Set(evidence.sent.flatMap(({ ingestionId }) => (ingestionId === null ? [] : [ingestionId])))
  return [...taken].flatMap((id) => {
    const found = seen.get(id)
    if (found === undefined) return [`${id}: was answered 202 and is not there`]
    const orderId = events.get(found.eventId ?? "")?.orderId ?? null
    const expected = orderId === null || orders.has(orderId) ? "Completed" : "Failed"
    return found.status === expected ? [] : [`${id}: ${found.status}, expected ${expected}`]
  })
}

const accepted = (evidence: Evidence): ReadonlyMap<string, ReadonlyArray<EventFacts>> => {
  const known = new Set(evidence.ingestions.map(({ eventId }) => eventId))
  const events = [...eventsById(evidence).values()].filter(({ eventId }) => known.has(eventId))
  return Map.groupBy(events, ({ trackingReference }) => trackingReference)
}

const shipmentsStand = (evidence: Evidence): ReadonlyArray<string> => {
  const expected = new Map([...accepted(evidence)].map(([name, events]) => [name, expectedShipment(events)]))
  const seen = evidence.shipments.map(({ orderId, status, statusAt, trackingReference }): [string, string] => [
    trackingReference,
    JSON.stringify({ status, statusAt: Date.parse(statusAt), orderId })
  ])
  const missing = [...expected.keys()].filter((name) => !seen.some(([known]) => known === name))
  return [
    ...seen.flatMap(([name, found]) => {
      const wanted = JSON.stringify(expected.get(name) ?? null)
      return found === wanted ? [] : [`${name}: ${found}, expected ${wanted}`]
    }),
    ...missing.map((name) => `${name}: is not there`),
    ...(seen.length > new Set(seen.map(([name]) => name)).size ? ["a shipment is there twice"] : [])
  ]
}

const ordersOnce = (evidence: Evidence): ReadonlyArray<string> => {
  const byOrder = new Map<string, ReadonlyArray<EventFacts>>()
  for (const events of accepted(evidence).values()) {
    const named = expectedShipment(events)?.orderId
    if (named) byOrder.set(named, events)
  }
  return evidence.orders.flatMap(({ completions, id, kind, status }) => {
    const expected = carriedOut(byOrder.get(id) ?? [], kind)
    const found = status === "Completed"
    return found === expected && completions === (expected ? 1 : 0)
      ? []
      : [`order ${id}: ${status}, completed ${completions} times, expected ${expected ? "once" : "never"}`]
  })
}

const inTime =
  (phase: Phase) =>
  ({ sent }: Evidence, { p95Ms }: Limits): ReadonlyArray<string> => {
    const p95 = quantile(latencies(sent, phase), 0.95)
    return p95 <= p95Ms ? [] : [`${phase}: p95 ${p95.toFixed(1)} ms, bound ${p95Ms} ms`]
  }

/** A phase of faults in which nobody was held up would prove nothing. */
const recovered = ({ sent }: Evidence): ReadonlyArray<string> => {
  const again = sent.filter(({ phase, tries }) => phase === "recovery" && tries > 1)
  if (again.length === 0) return ["no request of the recovery phase was sent again"]
  return again.filter(({ status }) => status !== 202).map(({ event, status }) => `${event.eventId}: ${status}`)
}

const agrees = ({ verified: { code, output } }: Evidence): ReadonlyArray<string> =>
  code === 0 ? [] : [output.slice(-500)]

type Rule = (evidence: Evidence, limits: Limits) => ReadonlyArray<string>

const always: Readonly<Record<string, Rule>> = {
  "Every request was answered 202 in the end": answered,
  "An event is one ingestion, however often it was sent": oneIngestion,
  "Every accepted event came to the end it had to come to": ends,
  "Every shipment is where a fold over its accepted events ends": shipmentsStand,
  "Every order that was carried out was completed once, and no other": ordersOnce,
  "`dueline verify` agrees": agrees
}

const ofPhase: Readonly<Partial<Record<Phase, readonly [string, Rule]>>> = {
  steady: ["Steady: the 95th percentile of acknowledgements is in its bound", inTime("steady")],
  burst: ["Burst: the 95th percentile of acknowledgements is in its bound", inTime("burst")],
  recovery: ["Recovery: what failed for a while was sent again and taken in", recovered]
}

/** In the order of the page. */
export const judge = (evidence: Evidence, limits: Limits): ReadonlyArray<Verdict> => {
  const phases = new Set(evidence.sent.map(({ phase }) => phase))
  const rules = [
    ...Object.entries(always),
    ...Object.entries(ofPhase).flatMap(([phase, rule]) => (phases.has(phase as Phase) ? [rule] : []))
  ]
  return rules.map(([sentence, rule]) => ({ sentence, findings: rule(evidence, limits) }))
}
