/** The Orchestrator port over the writers of this process: one for each kind of aggregate. */
import { DirectStarts, EventCommits, FiringCommits, type OfferFiring } from "@dueline/contracts/CommitCompanions"
import type { IngestionCommand, IngestionTopic } from "@dueline/contracts/ingestion/Ingestion"
import { categories, type Category, categoryOf } from "@dueline/contracts/kinds"
import { type OfferAny, Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import type { ShipmentOutcome } from "@dueline/contracts/shipment/Shipment"
import { Tracing } from "@dueline/contracts/telemetry/Tracing"
import type { ScheduleTopic } from "@dueline/contracts/schedule/Topic"
import { Effect, Exit, Layer, Option } from "effect"
import { aggregates } from "./aggregates.ts"
import type { Aggregate } from "./engine/Aggregate.ts"
import type { Companions } from "./engine/companions.ts"
import { tracedOffer } from "./engine/tracedOffer.ts"
import { defaultWriterOptions, makeWriter, type Writer, type WriterOptions } from "./engine/Writer.ts"

type Made = Writer<never, never, never>

/** Asks for the call of a firing, which it needs not when the call is in the same commit. */
const firedTopic: ScheduleTopic = "ops.schedule.fired"

const inOneCommit =
  (schedules: Made, calls: Made, traced: (offer: OfferAny) => OfferAny): OfferFiring =>
  ({ firing, settle, submission }) => {
    let isSubmitted = false
    const offer: OfferAny = (envelope, told) =>
      schedules.offer(envelope as never, told as never, {
        decide: () => calls.join({ ...submission, traceparent: envelope.traceparent } as never),
        topic: firedTopic,
        stored: () => {
          isSubmitted = true
        }
      })
    traced(offer)(firing, (exit) => settle(exit as Parameters<typeof settle>[0], isSubmitted))
  }

/** Asks for an event to be carried out, which it needs not when that is done in the same commit. */
const receivedTopic: IngestionTopic = "ops.ingestion.received"

/** Events with what becomes of their shipments. */
const withShipments = (
  { ask }: EventCommits["Service"],
  shipments: () => Made | undefined
): Companions<IngestionCommand> => ({
  topic: receivedTopic,
  of: (envelope) => {
    const asked = ask(envelope)
    if (asked === null) return null
    const { completion, isAll, recording } = asked
    return { next: completion, other: recording as never, accepts: ({ shipment }: ShipmentOutcome) => isAll(shipment) }
  },
  join: (companions, use) => {
    const others = companions.map(({ other }) => other)
    const accepts = (index: number, outcome: never) => companions[index]?.accepts(outcome) === true
    return shipments()?.joinAll(others, accepts, use) ?? Effect.die("no writer for shipments")
  }
})

/** The writers of this process, which end with the scope. */
export const make = Effect.fnUntraced(function* (
  options: Partial<WriterOptions> = {},
  kinds: typeof aggregates = aggregates
) {
  const settings = { ...defaultWriterOptions, ...options }
  const writers = new Map<Category, Made>()
  const direct = Option.getOrNull(yield* Effect.serviceOption(DirectStarts))
  const events = Option.getOrNull(yield* Effect.serviceOption(EventCommits))
  const shipments = () => writers.get("shipment")
  for (const category of categories) {
    // Each writer gets the commands of its own kind only, which the type of a map cannot say.
    const aggregate = kinds[category] as unknown as Aggregate<never, never, never, never, never>
    const nextOf = direct !== null && category === "service-call" ? direct.ask : null
    const companions = category === "ingestion" && events !== null ? withShipments(events, shipments) : null
    writers.set(category, yield* makeWriter(aggregate, settings, nextOf as never, companions as never))
  }
  const tracing = yield* Tracing
  const traced = (offer: OfferAny): OfferAny => (tracing === null ? offer : tracedOffer(tracing, offer))
  const [schedules, calls] = [writers.get("schedule"), writers.get("service-call")]
  const firings = Option.getOrNull(yield* Effect.serviceOption(FiringCommits))
  if (schedules !== undefined && calls !== undefined) firings?.by(inOneCommit(schedules, calls, traced))
  return Orchestrator.offering((envelope, settle) => {
    const offer = writers.get(categoryOf(envelope.command))?.offer as OfferAny | undefined
    if (offer === undefined) settle(Exit.die(`no writer for ${envelope.command._tag}`))
    else traced(offer)(envelope, settle)
  })
})

export const layer = (options: Partial<WriterOptions> = {}) => Layer.effect(Orchestrator, make(options))
