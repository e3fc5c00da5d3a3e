/** What a shipment is, as far as its courier has told; what may be recorded of it, its read model and its messages. */
import { Schema } from "effect"
import { CourierSourceId } from "../courierSource/CourierSource.ts"
import { CorrelationId, EpochMillis, OrderId, TenantId, uuid } from "../Ids.ts"
import { CourierEventType, EventFacts, EventId, TrackingReference } from "../ingestion/Ingestion.ts"
import type { Rules } from "../Rules.ts"
import { Origin } from "../serviceCall/Spec.ts"
import type { Fields } from "../specification/Specification.ts"
import { common, ids, minutesLater, topic } from "../topics/topic.ts"

/** A shipment; also the id of its stream. Follows from tenant, source and tracking reference. */
export const ShipmentId = uuid.pipe(Schema.brand("ShipmentId"))
export type ShipmentId = typeof ShipmentId.Type

/** The last two are final, but for a delivered one that is returned. */
export const ShipmentStatus = Schema.Literals([
  "LabelCreated",
  "PickedUp",
  "InTransit",
  "Exception",
  "Delivered",
  "Returned"
])
export type ShipmentStatus = typeof ShipmentStatus.Type

/** An event by which a shipment stands where it does. Ordered by the courier's time, then by the event's id. */
export const Mark = Schema.Struct({ eventId: EventId, type: CourierEventType, occurredAt: EpochMillis })
export type Mark = typeof Mark.Type

const mark = Schema.NullOr(Mark)

/** What is kept of all events, whatever order they came in: the first of what happens once, the latest of what goes on. */
export const Milestones = Schema.Struct({
  label: mark,
  pickup: mark,
  /** In transit, or an exception: the latest of both. */
  moving: mark,
  delivered: mark,
  returned: mark
})
export type Milestones = typeof Milestones.Type

/** All that is known of a shipment at one version. */
export const ShipmentFacts = Schema.Struct({
  courierSourceId: CourierSourceId,
  trackingReference: TrackingReference,
  /** What the latest event that named an order said. */
  orderId: Schema.NullOr(OrderId),
  status: ShipmentStatus,
  /** Since when, by the courier's time. */
  statusAt: EpochMillis,
  milestones: Milestones,
  createdAt: EpochMillis,
  updatedAt: EpochMillis
})
export type ShipmentFacts = typeof ShipmentFacts.Type

const told = { courierSourceId: CourierSourceId, event: EventFacts, origin: Origin }

/** What may be asked of a shipment. */
export const ShipmentCommand = Schema.TaggedUnion({
  RecordShipmentEvent: { shipmentId: ShipmentId, at: EpochMillis, ...told }
})
export type ShipmentCommand = typeof ShipmentCommand.Type

/** Facts about a shipment. Every case is stored for ever: add cases, never edit one. */
export const ShipmentEvent = Schema.TaggedUnion({ ShipmentEventRecorded: { ...told, recordedAt: EpochMillis } })
export type ShipmentEvent = typeof ShipmentEvent.Type

/** What an accepted command is answered with: the shipment as the command left it. */
export const ShipmentOutcome = Schema.TaggedUnion({
  ShipmentAccepted: { shipmentId: ShipmentId, shipment: ShipmentFacts }
})
export type ShipmentOutcome = typeof ShipmentOutcome.Type

/** The id was derived from another tracking reference or source. */
export class ShipmentIdTaken extends Schema.TaggedError<ShipmentIdTaken>()("ShipmentIdTaken", {
  shipmentId: ShipmentId
}) {}

/** Why the answer to a command about a shipment is no. Nothing was stored. */
export const ShipmentRejection = Schema.Union([ShipmentIdTaken])
export type ShipmentRejection = typeof ShipmentRejection.Type

/** None of its own: nobody but couriers tells of shipments. */
export const shipmentProblems = {} as const

/** The read model of a shipment: one row, in step with the events. */
export interface ShipmentRow extends ShipmentFacts {
  readonly _tag: "ShipmentRow"
  readonly tenantId: TenantId
  readonly shipmentId: ShipmentId
  readonly version: number
  readonly correlationId: string
}

/** What lists of shipments can be filtered by. */
export const shipmentFields = {
  courierSourceId: { type: "text", uuid: true, read: ({ courierSourceId }) => courierSourceId },
  trackingReference: { type: "text", read: ({ trackingReference }) => trackingReference },
  orderId: { type: "text", uuid: true, read: ({ orderId }) => orderId },
  status: { type: "text", read: ({ status }) => status, oneOf: ShipmentStatus.literals },
  statusAt: { type: "instant", read: ({ statusAt }) => statusAt },
  createdAt: { type: "instant", read: ({ createdAt }) => createdAt },
  updatedAt: { type: "instant", read: ({ updatedAt }) => updatedAt },
  version: { type: "number", read: ({ version }) => version }
} satisfies Fields<ShipmentRow>

/** None: a shipment is what its courier tells. */
export const shipmentRules = { required: [], unique: [], apart: [] } as const satisfies Rules<
  keyof typeof shipmentFields
>

/** Version 1 of the message on `ops.shipment.updated`. */
export const ShipmentChanged = Schema.Struct({
  schemaVersion: Schema.Literal(1),
  tenantId: TenantId,
  shipmentId: ShipmentId,
  /** The stream's version, so that a reader can tell which message is newer. */
  version: Schema.Int,
  shipment: ShipmentFacts,
  occurredAt: EpochMillis,
  correlationId: CorrelationId
}).annotate({ identifier: "ShipmentChanged" })
export type ShipmentChanged = typeof ShipmentChanged.Type

const pickup: Mark = { eventId: "evt-77", type: "pickup.completed", occurredAt: minutesLater(95) }

export const shipmentTopics = {
  "ops.shipment.updated": topic(ShipmentChanged, "An event of its courier changed what is known of a shipment.", {
    ...common,
    shipmentId: "0f4c2a6e-5b1d-8c3a-9e7f-2d6b8a4c1e88" as ShipmentId,
    version: 1,
    shipment: {
      courierSourceId: "0198c0de-0e01-7000-8000-00000000e001" as CourierSourceId,
      trackingReference: "NX-0042",
      orderId: ids.orderId,
      status: "PickedUp",
      statusAt: pickup.occurredAt,
      milestones: { label: null, pickup, moving: null, delivered: null, returned: null },
      createdAt: minutesLater(96),
      updatedAt: minutesLater(96)
    },
    occurredAt: minutesLater(96)
  })
} as const
export type ShipmentTopic = keyof typeof shipmentTopics
