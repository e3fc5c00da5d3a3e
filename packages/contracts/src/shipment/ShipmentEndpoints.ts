/** The HTTP operations on shipments: read only, since couriers tell what becomes of them. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import {
  conditionalRead,
  described,
  filtered,
  idParameter,
  NextCursor,
  paged,
  parameter,
  readAnswers
} from "../api/conventions.ts"
import type { OperationParts } from "../api/OperationParts.ts"
import { idAsSent, Timestamp, Version } from "../api/Wire.ts"
import { CourierSourceId } from "../courierSource/CourierSource.ts"
import { CorrelationId, OrderId } from "../Ids.ts"
import { TrackingReference } from "../ingestion/Ingestion.ts"
import { ShipmentId, ShipmentStatus } from "./Shipment.ts"

const at = Schema.NullOr(Timestamp)

export const ShipmentView = Schema.Struct({
  id: ShipmentId,
  sourceId: CourierSourceId,
  trackingReference: TrackingReference,
  orderId: Schema.NullOr(OrderId),
  status: ShipmentStatus,
  statusAt: Timestamp.annotate({ description: "Since when, by the courier's time" }),
  milestones: Schema.Struct({ label: at, pickup: at, moving: at, delivered: at, returned: at }).annotate({
    description: "By the courier's time: the first of each, of `moving` the latest"
  }),
  createdAt: Timestamp,
  updatedAt: Timestamp,
  version: Version,
  correlationId: CorrelationId,
  links: Schema.Struct({ self: Schema.String, ingestions: Schema.String })
}).annotate({ identifier: "Shipment" })
export type ShipmentView = typeof ShipmentView.Type

const ShipmentPage = Schema.Struct({ items: Schema.Array(ShipmentView), nextCursor: NextCursor }).annotate({
  identifier: "ShipmentPage"
})

const id = "0f4c2a6e-5b1d-8c3a-9e7f-2d6b8a4c1e88" as ShipmentId
const sourceId = "7d2a4c81-5b0e-8e93-a1f6-3c9d0e7b2a54" as CourierSourceId
const shipment: ShipmentView = {
  id,
  sourceId,
  trackingReference: "NX-0042",
  orderId: "4a7d0c93-15e8-8b2f-9c64-7f1e3d5b8a20" as OrderId,
  status: "PickedUp",
  statusAt: "2026-01-31T09:35:00.000Z",
  milestones: { label: null, pickup: "2026-01-31T09:35:00.000Z", moving: null, delivered: null, returned: null },
  createdAt: "2026-01-31T09:36:00.000Z",
  updatedAt: "2026-01-31T09:36:00.000Z",
  version: 1,
  correlationId: "1y2p0ij32e8e7" as CorrelationId,
  links: { self: `/ops/shipments/${id}`, ingestions: `/ops/ingestions?sourceId=${sourceId}&trackingReference=NX-0042` }
}

export const shipmentOperations = (parts: OperationParts) => {
  const { BearerAuth, CountedAs, problems, RequestChecks, RequiredScope } = parts
  const list = HttpApiEndpoint.get("list", "/", {
    query: {
      ...paged,
      ...filtered,
      sourceId: parameter(Schema.optionalKey(idAsSent(CourierSourceId)), "Only those of this source"),
      trackingReference: parameter(Schema.optionalKey(TrackingReference), "Only those that are called so"),
      orderId: parameter(Schema.optionalKey(idAsSent(OrderId)), "Only those for this order"),
      status: parameter(Schema.optionalKey(ShipmentStatus), "Only those in this state")
    },
    success: ShipmentPage,
    error: problems.Unavailable
  })
    .annotate(RequiredScope, "ops:shipments.read")
    .annotateMerge(
      described("List shipments, newest first", "Filters are joined by *and*.", {
        200: { items: [shipment], nextCursor: null }
      })
    )

  const get = HttpApiEndpoint.get("get", "/:id", {
    params: { id: idParameter(ShipmentId) },
    ...conditionalRead,
    success: readAnswers(ShipmentView),
    error: [problems.NotFound, problems.Unavailable]
  })
    .annotate(RequiredScope, "ops:shipments.read")
    .annotateMerge(
      described("One shipment", "304 when `If-None-Match` names the version. With `asOf` as it was known then.", {
        200: shipment
      })
    )

  return HttpApiGroup.make("shipments")
    .add(list, get)
    .prefix("/ops/shipments")
    .middleware(RequestChecks)
    .middleware(BearerAuth)
    .annotate(CountedAs, "shipments")
    .annotateMerge(OpenApi.annotations({ title: "Shipments", description: "What couriers carry, as they tell it." }))
}
