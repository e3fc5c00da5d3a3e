/** How couriers' events come in over HTTP, without a token and under the signature of their source, and how what came in is read. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import {
  conditionalRead,
  described,
  filtered,
  HeaderText,
  idParameter,
  NextCursor,
  paged,
  parameter,
  readAnswers,
  written
} from "../api/conventions.ts"
import type { OperationParts } from "../api/OperationParts.ts"
import { idAsSent, Instant, Timestamp, Version } from "../api/Wire.ts"
import { CourierSourceId } from "../courierSource/CourierSource.ts"
import { CorrelationId, OrderId } from "../Ids.ts"
import { orderConflict } from "../order/OrderBodies.ts"
import { DropbinFailureCode, PayloadReference } from "./Dropbin.ts"
import {
  CourierEventType,
  EventId,
  IngestionId,
  IngestionSource,
  IngestionStatus,
  RejectionReason,
  TrackingReference
} from "./Ingestion.ts"

export const CourierEvent = Schema.Struct({
  id: EventId,
  type: CourierEventType,
  trackingReference: TrackingReference,
  occurredAt: Instant,
  orderId: Schema.optionalKey(Schema.NullOr(idAsSent(OrderId))),
  details: Schema.optionalKey(
    Schema.Json.annotate({ description: "Anything else: kept under seal with the rest of the body, and not looked at" })
  )
}).annotate({ identifier: "CourierEvent" })
export type CourierEvent = typeof CourierEvent.Type

const links = Schema.Struct({ self: Schema.String })

/** The answer to an event or a payload that was taken in: durable, and not processed yet. */
export const IngestionReceipt = Schema.Struct({
  id: IngestionId,
  status: IngestionStatus,
  version: Version,
  links
}).annotate({ identifier: "IngestionReceipt" })
export type IngestionReceipt = typeof IngestionReceipt.Type

const conflict = { orders: orderConflict.orders, freeWindows: orderConflict.freeWindows }

export const IngestionView = Schema.Struct({
  id: IngestionId,
  source: IngestionSource,
  sourceId: Schema.NullOr(CourierSourceId).annotate({ description: "Null for the drop-bin" }),
  status: IngestionStatus,
  bodyBytes: Schema.Int,
  event: Schema.NullOr(
    Schema.Struct({
      id: EventId,
      type: CourierEventType,
      trackingReference: TrackingReference,
      occurredAt: Timestamp,
      orderId: Schema.NullOr(OrderId)
    })
  ),
  delivery: Schema.NullOr(Schema.String).annotate({
    description: "What the sender calls this delivery, where its scheme names a header for that"
  }),
  rejection: Schema.NullOr(
    Schema.Struct({
      reason: RejectionReason,
      advice: Schema.String,
      unrecorded: Schema.Int.annotate({ description: "Refused before this one and not recorded: too many in a minute" })
    })
  ),
  failures: Schema.Int,
  attempts: Schema.Array(Schema.Struct({ at: Timestamp, reason: Schema.String })).annotate({
    description: "The latest attempts that failed"
  }),
  dropbin: Schema.NullOr(
    Schema.Struct({
      reference: Schema.NullOr(PayloadReference).annotate({ description: "Null: the payload came with the request" }),
      orderId: Schema.NullOr(OrderId).annotate({ description: "The order that was made" }),
      nextAttemptAt: Schema.NullOr(Timestamp).annotate({ description: "Null once it has ended" }),
      failure: Schema.NullOr(
        Schema.Struct({
          code: DropbinFailureCode,
          detail: Schema.String,
          errors: Schema.Array(Schema.Struct({ path: Schema.String, message: Schema.String })),
          ...conflict
        })
      )
    })
  ).annotate({ description: "Null for a courier's event" }),
  createdAt: Timestamp,
  updatedAt: Timestamp,
  endedAt: Schema.NullOr(Timestamp),
  version: Version,
  correlationId: CorrelationId,
  links
}).annotate({ identifier: "Ingestion" })
export type IngestionView = typeof IngestionView.Type

const IngestionPage = Schema.Struct({ items: Schema.Array(IngestionView), nextCursor: NextCursor }).annotate({
  identifier: "IngestionPage"
})

const id = "0f4c2a6e-5b1d-8c3a-9e7f-2d6b8a4c1e77" as IngestionId
const sourceId = "7d2a4c81-5b0e-8e93-a1f6-3c9d0e7b2a54" as CourierSourceId
const orderId = "4a7d0c93-15e8-8b2f-9c64-7f1e3d5b8a20" as OrderId
const event: CourierEvent = {
  id: "evt-77",
  type: "pickup.completed",
  trackingReference: "NX-0042",
  occurredAt: "2026-01-31T09:35:00Z",
  orderId
}
const receipt: IngestionReceipt = { id, status: "Received", version: 1, links: { self: `/ops/ingestions/${id}` } }
const ingestion: IngestionView = {
  id,
  source: "courier",
  sourceId,
  status: "Received",
  bodyBytes: 187,
  event: { ...event, occurredAt: "2026-01-31T09:35:00.000Z", orderId },
  delivery: "msg-1",
  rejection: null,
  failures: 0,
  attempts: [],
  dropbin: null,
  createdAt: "2026-01-31T09:36:00.000Z",
  updatedAt: "2026-01-31T09:36:00.000Z",
  endedAt: null,
  version: 1,
  correlationId: "1y2p0ij32e8e7" as CorrelationId,
  links: { self: `/ops/ingestions/${id}` }
}

export const ingestionOperations = (parts: OperationParts) => {
  const { BearerAuth, CountedAs, problems, RequestChecks, RequiredScope } = parts
  const list = HttpApiEndpoint.get("list", "/", {
    query: {
      ...paged,
      ...filtered,
      source: parameter(Schema.optionalKey(IngestionSource), "Only those that came this way"),
      sourceId: parameter(Schema.optionalKey(idAsSent(CourierSourceId)), "Only those of this source"),
      status: parameter(Schema.optionalKey(IngestionStatus), "Only those in this state"),
      eventId: parameter(Schema.optionalKey(EventId), "Only those of the event that the sender calls so"),
      trackingReference: parameter(Schema.optionalKey(TrackingReference), "Only those about this shipment")
    },
    success: IngestionPage,
    error: problems.Unavailable
  })
    .annotate(RequiredScope, "ops:ingestions.read")
    .annotateMerge(
      described("List what came in, newest first", "Accepted and refused alike. Filters are joined by *and*.", {
        200: { items: [ingestion], nextCursor: null }
      })
    )

  const get = HttpApiEndpoint.get("get", "/:id", {
    params: { id: idParameter(IngestionId) },
    ...conditionalRead,
    success: readAnswers(IngestionView),
    error: [problems.NotFound, problems.Unavailable]
  })
    .annotate(RequiredScope, "ops:ingestions.read")
    .annotateMerge(
      described(
        "One ingestion",
        "What became of an event or a payload, or why a request was refused. Never with its contents.",
        {
          200: ingestion
        }
      )
    )

  return HttpApiGroup.make("ingestions")
    .add(list, get)
    .prefix("/ops/ingestions")
    .middleware(RequestChecks)
    .middleware(BearerAuth)
    .annotate(CountedAs, "ingestions")
    .annotateMerge(
      OpenApi.annotations({
        title: "Ingestions",
        description: "Events and payloads that came in, and what became of each."
      })
    )
}

/** The header that names the source where the address does not. */
export const sourceHeader = "x-dueline-source"

/** A source that is not there is answered as a wrong signature is: any text may stand for one. */
const SourceText = Schema.String.check(Schema.isMaxCodePoints(100))

const refusedAlike =
  "Signed over the bytes of the body by the source's scheme; no token. A signature or time that is wrong and a source that is not there get one " +
  "and the same 401; the record of an ingestion says which it was. 202 once it is stored: the same event again is the same ingestion."

export const courierEventOperations = ({ problems, RequestChecks, tooManyRequests }: OperationParts) => {
  const answers = {
    payload: CourierEvent,
    success: HttpApiSchema.WithHeaders(IngestionReceipt.pipe(HttpApiSchema.status(202)), {
      ...written,
      location: Schema.String
    }),
    error: [
      problems.Unauthenticated,
      problems.Forbidden,
      problems.Conflict,
      problems.PayloadTooLarge,
      problems.UnsupportedMediaType,
      tooManyRequests,
      problems.Unavailable
    ]
  } as const
  const receive = HttpApiEndpoint.post("receive", "/:source", {
    params: { source: parameter(SourceText, "The id of the courier source") },
    ...answers
  }).annotateMerge(described("Take in a courier's event", refusedAlike, { request: event, 202: receipt }))

  const receiveByHeader = HttpApiEndpoint.post("receiveByHeader", "/", {
    headers: { [sourceHeader]: parameter(HeaderText, "The id of the courier source") },
    ...answers
  }).annotateMerge(
    described("Take in a courier's event, the source in a header", refusedAlike, { request: event, 202: receipt })
  )

  return HttpApiGroup.make("courier-events")
    .add(receive, receiveByHeader)
    .prefix("/v1/events/courier")
    .middleware(RequestChecks)
    .annotateMerge(
      OpenApi.annotations({ title: "Courier events", description: "What couriers report, under their own signatures." })
    )
}
