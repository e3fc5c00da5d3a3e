/**
 * The shipment aggregate. Its courier repeats events and sends them out of order, so the state is a join of what was told: for each thing that
 * happens once its first event, for what goes on its latest. Joining is commutative, associative and idempotent, so neither the order in which
 * events come nor how often matters, and no list of them has to be kept.
 */
import { CorrelationId, EpochMillis, OrderId, type StreamId } from "@dueline/contracts/Ids"
import {
  type CourierEventType,
  type EventFacts,
  EventId,
  TrackingReference
} from "@dueline/contracts/ingestion/Ingestion"
import { CourierSourceId } from "@dueline/contracts/courierSource/CourierSource"
import {
  type Mark,
  Milestones,
  type ShipmentChanged,
  type ShipmentCommand,
  ShipmentEvent,
  type ShipmentFacts,
  type ShipmentId,
  ShipmentIdTaken,
  type ShipmentOutcome,
  type ShipmentRejection,
  type ShipmentStatus
} from "@dueline/contracts/shipment/Shipment"
import { Result, Schema } from "effect"
import type { Aggregate } from "../engine/Aggregate.ts"

const known = {
  courierSourceId: CourierSourceId,
  trackingReference: TrackingReference,
  milestones: Milestones,
  /** The latest event that named an order, and the order. */
  named: Schema.NullOr(Schema.Struct({ eventId: EventId, occurredAt: EpochMillis, orderId: OrderId })),
  correlationId: CorrelationId,
  createdAt: EpochMillis,
  updatedAt: EpochMillis
}

/** In snapshots too: a changed shape needs another `form` there. */
const ShipmentState = Schema.TaggedUnion({ Unknown: {}, Known: known })
type ShipmentState = typeof ShipmentState.Type
type Known = Extract<ShipmentState, { readonly _tag: "Known" }>

const initial: ShipmentState = { _tag: "Unknown" }
const none: Milestones = { label: null, pickup: null, moving: null, delivered: null, returned: null }

const milestoneOf: Readonly<Record<CourierEventType, keyof Milestones>> = {
  "label.created": "label",
  "pickup.completed": "pickup",
  "shipment.in_transit": "moving",
  "shipment.exception": "moving",
  "shipment.delivered": "delivered",
  "shipment.returned": "returned"
}

interface Placed {
  readonly eventId: string
  readonly occurredAt: number
}

/** By the courier's time; of two at the same time the greater id comes later. */
const isLater = (a: Placed, b: Placed): boolean =>
  a.occurredAt === b.occurredAt ? a.eventId > b.eventId : a.occurredAt > b.occurredAt

const joined = (milestones: Milestones, { eventId, occurredAt, type }: EventFacts): Milestones => {
  const name = milestoneOf[type]
  const before = milestones[name]
  const mark: Mark = { eventId, type, occurredAt }
  const replaces = before === null || (name === "moving" ? isLater(mark, before) : isLater(before, mark))
  return replaces ? { ...milestones, [name]: mark } : milestones
}

const namedBy = (named: Known["named"], { eventId, occurredAt, orderId }: EventFacts): Known["named"] => {
  if (orderId === null) return named
  const one = { eventId, occurredAt, orderId }
  return named === null || isLater(one, named) ? one : named
}

/** What is final stands; else whatever has come furthest. */
const standing = ({ delivered, label, moving, pickup, returned }: Milestones): readonly [ShipmentStatus, Mark] => {
  if (returned !== null) return ["Returned", returned]
  if (delivered !== null) return ["Delivered", delivered]
  if (moving !== null) return [moving.type === "shipment.exception" ? "Exception" : "InTransit", moving]
  if (pickup !== null) return ["PickedUp", pickup]
  if (label !== null) return ["LabelCreated", label]
  throw new Error("a shipment without an event")
}

const factsOf = ({
  courierSourceId,
  createdAt,
  milestones,
  named,
  trackingReference,
  updatedAt
}: Known): ShipmentFacts => {
  const [status, { occurredAt: statusAt }] = standing(milestones)
  const orderId = named?.orderId ?? null
  return { courierSourceId, trackingReference, orderId, status, statusAt, milestones, createdAt, updatedAt }
}

/** Total: an event that tells nothing new changes nothing. */
const evolve = (
  state: ShipmentState,
  { courierSourceId, event, origin, recordedAt }: ShipmentEvent,
  at: EpochMillis
) => {
  if (state._tag === "Unknown") {
    const { trackingReference } = event
    const { correlationId } = origin
    const began = { courierSourceId, trackingReference, correlationId, createdAt: recordedAt, updatedAt: at }
    return { _tag: "Known", ...began, milestones: joined(none, event), named: namedBy(null, event) } as const
  }
  const milestones = joined(state.milestones, event)
  const named = namedBy(state.named, event)
  return milestones === state.milestones && named === state.named
    ? state
    : { ...state, milestones, named, updatedAt: at }
}

/** What tells nothing new is not recorded anew: the ingestion has it. */
const decide = (
  { at, courierSourceId, event, origin, shipmentId }: ShipmentCommand,
  state: ShipmentState
): Result.Result<ReadonlyArray<ShipmentEvent>, ShipmentRejection> => {
  if (
    state._tag === "Known" &&
    (state.courierSourceId !== courierSourceId || state.trackingReference !== event.trackingReference)
  )
    return Result.fail(new ShipmentIdTaken({ shipmentId }))
  const recorded: ShipmentEvent = { _tag: "ShipmentEventRecorded", courierSourceId, event, origin, recordedAt: at }
  return Result.succeed(evolve(state, recorded, at) === state ? [] : [recorded])
}

export const Shipment: Aggregate<ShipmentCommand, ShipmentState, ShipmentEvent, ShipmentRejection, ShipmentOutcome> = {
  category: "shipment",
  event: ShipmentEvent,
  upcasters: {},
  snapshot: { form: 1, state: ShipmentState },
  streamOf: ({ shipmentId }) => shipmentId as string as StreamId,
  opens: () => true,
  ended: (state) => state._tag === "Known" && state.milestones.returned !== null,
  initial,
  correlation: (state) => (state._tag === "Unknown" ? null : state.correlationId),
  evolve,
  decide,
  respond: ({ _tag, shipmentId }, after) => {
    if (after._tag === "Unknown") throw new Error(`an accepted ${_tag} left no shipment behind`)
    return { _tag: "ShipmentAccepted", shipmentId, shipment: factsOf(after) }
  },
  attachment: (_command, before) => before,
  ruled: false,
  requires: () => [],
  refuse: () => null,
  project: (after, { streamId, tenantId, version }) => {
    if (after._tag === "Unknown") return null
    const shipmentId = streamId as string as ShipmentId
    return { _tag: "ShipmentRow", tenantId, shipmentId, version, ...factsOf(after), correlationId: after.correlationId }
  },
  announce: (_event, after, { at, tenantId, version }, { shipmentId }) => {
    if (after._tag === "Unknown") return null
    const { correlationId } = after
    const shipment = factsOf(after)
    const payload: ShipmentChanged = {
      schemaVersion: 1,
      tenantId,
      shipmentId,
      version,
      shipment,
      occurredAt: at,
      correlationId
    }
    return { topic: "ops.shipment.updated", payload }
  },
  intend: () => []
}
