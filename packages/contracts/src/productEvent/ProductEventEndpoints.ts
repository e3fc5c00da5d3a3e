/** The HTTP operations on product events: reported one at a time, in batches or by Segment's clients, and read. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { BearerAuth, RequestChecks, RequiredScope } from "../api/Access.ts"
import { described, NextCursor, paged, parameter } from "../api/conventions.ts"
import { FieldProblem } from "../api/Problem.ts"
import { bodyErrors, problems } from "../api/ProblemError.ts"
import { CountedAs, RateLimit } from "../api/RateLimit.ts"
import { Instant, Timestamp } from "../api/Wire.ts"
import { ApiKeyId, defaultWorkspace, WorkspaceName } from "../apiKey/ApiKey.ts"
import { CorrelationId } from "../Ids.ts"
import {
  batchLimit,
  defaultSchemaVersion,
  EventName,
  GivenEventId,
  Identify,
  ProductEventBatch,
  ProductEventId,
  ProductEventType,
  SchemaVersion,
  SegmentBatch,
  segmentLimits,
  SegmentMessage,
  Track,
  UserName
} from "./ProductEvent.ts"

/** A duplicate's first is not looked up: it has the same event id. */
const receipt = {
  status: Schema.Literals(["stored", "duplicate"]),
  eventId: Schema.String,
  id: Schema.NullOr(ProductEventId).annotate({
    description: "Null for a duplicate: the stored one has the same `eventId`"
  })
}

export const ProductEventReceipt = Schema.Struct(receipt).annotate({ identifier: "ProductEventReceipt" })
export type ProductEventReceipt = typeof ProductEventReceipt.Type

export const ProductEventResult = Schema.Struct({
  index: Schema.Int,
  status: Schema.Literals(["stored", "duplicate", "refused"]),
  eventId: Schema.NullOr(Schema.String),
  id: receipt.id,
  errors: Schema.Array(FieldProblem).annotate({ description: "What to correct; empty unless it was refused" })
}).annotate({ identifier: "ProductEventResult" })
export type ProductEventResult = typeof ProductEventResult.Type

export const ProductEventResults = Schema.Struct({
  stored: Schema.Int,
  duplicates: Schema.Int,
  refused: Schema.Int,
  items: Schema.Array(ProductEventResult)
}).annotate({ identifier: "ProductEventResults" })
export type ProductEventResults = typeof ProductEventResults.Type

export const ProductEventView = Schema.Struct({
  id: ProductEventId,
  eventId: Schema.String,
  type: ProductEventType,
  name: Schema.NullOr(Schema.String),
  userId: Schema.NullOr(Schema.String),
  anonymousId: Schema.NullOr(Schema.String),
  occurredAt: Timestamp,
  receivedAt: Timestamp,
  schemaVersion: Schema.String,
  workspace: Schema.String,
  apiKeyId: Schema.NullOr(ApiKeyId),
  correlationId: CorrelationId,
  document: Schema.Json.annotate({ description: "Properties, traits, context and what else was sent" })
}).annotate({ identifier: "ProductEvent" })
export type ProductEventView = typeof ProductEventView.Type

const ProductEventPage = Schema.Struct({ items: Schema.Array(ProductEventView), nextCursor: NextCursor }).annotate({
  identifier: "ProductEventPage"
})

const versioned = {
  "x-event-schema-version": parameter(
    Schema.optionalKey(SchemaVersion),
    `How you call the form of these events, stored with each; \`${defaultSchemaVersion}\` when left out`
  )
}

const id = "0198c0de-0f01-7000-8000-00000000f001" as ProductEventId
const eventId = "order-42-shipped"
const track: Track = {
  event: "Order Shipped",
  event_id: eventId,
  userId: "user-7",
  properties: { orderId: "42", total: 19.9 },
  timestamp: "2026-01-31T09:00:00Z"
}
const stored: ProductEventReceipt = { status: "stored", eventId, id }
const results: ProductEventResults = {
  stored: 1,
  duplicates: 0,
  refused: 1,
  items: [
    { index: 0, status: "stored", eventId, id, errors: [] },
    {
      index: 1,
      status: "refused",
      eventId: null,
      id: null,
      errors: [{ path: "body.batch[1].event", message: "is missing" }]
    }
  ]
}
const view: ProductEventView = {
  id,
  eventId,
  type: "track",
  name: "Order Shipped",
  userId: "user-7",
  anonymousId: null,
  occurredAt: "2026-01-31T09:00:00.000Z",
  receivedAt: "2026-01-31T09:00:01.000Z",
  schemaVersion: defaultSchemaVersion,
  workspace: defaultWorkspace,
  apiKeyId: "3c1f5a90-7b2e-8d44-b6a1-0e9d2c7f4b13" as ApiKeyId,
  correlationId: "1y2p0ij32e8e7" as CorrelationId,
  document: { properties: { orderId: "42", total: 19.9 } }
}

const reporting = { headers: versioned, error: [...bodyErrors, problems.Unavailable] } as const
const durable =
  "200 once it is durable. The same `event_id` again, also at the same time, is a duplicate and stored once. Gzip is read."

const trackOne = HttpApiEndpoint.post("track", "/events/track", {
  ...reporting,
  payload: Track,
  success: ProductEventReceipt
})
  .annotate(RequiredScope, "ops:events.write")
  .annotateMerge(described("Report what happened", durable, { request: track, 200: stored }))

const identify = HttpApiEndpoint.post("identify", "/events/identify", {
  ...reporting,
  payload: Identify,
  success: ProductEventReceipt
})
  .annotate(RequiredScope, "ops:events.write")
  .annotateMerge(
    described("Report who somebody is", durable, {
      request: { userId: "user-7", traits: { plan: "pro" } },
      200: { ...stored, eventId: id }
    })
  )

const batch = HttpApiEndpoint.post("batch", "/events/batch", {
  ...reporting,
  payload: ProductEventBatch,
  success: ProductEventResults
})
  .annotate(RequiredScope, "ops:events.write")
  .annotateMerge(
    described(
      "Report several events",
      `1 to ${batchLimit} of them, each for itself: one that is refused, or larger than 32 KiB, holds up none of the others. ${durable}`,
      { request: { batch: [{ type: "track", ...track }] }, 200: results }
    )
  )

const segment = HttpApiEndpoint.post("segment", "/batch", {
  ...reporting,
  payload: SegmentBatch,
  success: ProductEventResults
})
  .annotate(RequiredScope, "ops:events.write")
  .annotateMerge(
    described(
      "Report events as Segment's clients do",
      `For a Segment client with its \`host\` set here and an API key as its write key: up to ${segmentLimits.items} messages and ` +
        `${segmentLimits.bytes / 1024} KiB, whatever the type of the body. \`messageId\` is the event id; with \`sentAt\`, times are ` +
        "corrected by how far the sender's clock is off. Fields that are not known are left out.",
      {
        request: { batch: [{ type: "track", messageId: eventId, event: "Order Shipped", userId: "user-7" }] },
        200: results
      }
    )
  )

/** Of each type one path, as Segment's HTTP API has them. */
const single = <const Name extends string>(name: Name, type: ProductEventType) =>
  HttpApiEndpoint.post(name, `/${type}`, { ...reporting, payload: SegmentMessage, success: ProductEventReceipt })
    .annotate(RequiredScope, "ops:events.write")
    .annotateMerge(
      described(
        `Report one event of the type ${type} as Segment's HTTP API takes it`,
        "As `/v1/batch`, for one; the type of the body does not matter.",
        {
          request: { messageId: eventId, userId: "user-7", ...(type === "track" ? { event: "Order Shipped" } : {}) },
          200: stored
        }
      )
    )

const list = HttpApiEndpoint.get("list", "/events", {
  query: {
    ...paged,
    workspace: parameter(Schema.optionalKey(WorkspaceName), "Only those of this workspace"),
    type: parameter(Schema.optionalKey(ProductEventType), "Only those of this type"),
    event: parameter(Schema.optionalKey(EventName), "Only those with this name"),
    userId: parameter(Schema.optionalKey(UserName), "Only those of this user"),
    anonymousId: parameter(Schema.optionalKey(UserName), "Only those of this visitor"),
    eventId: parameter(Schema.optionalKey(GivenEventId), "Only the one with this event id"),
    from: parameter(Schema.optionalKey(Instant), "Only those received then or later"),
    to: parameter(Schema.optionalKey(Instant), "Only those received then or before")
  },
  success: ProductEventPage,
  error: problems.Unavailable
})
  .annotate(RequiredScope, "ops:events.read")
  .annotateMerge(
    described("List product events, newest first", "By when they were received. Filters are joined by *and*.", {
      200: { items: [view], nextCursor: null }
    })
  )

const reports = HttpApiGroup.make("product-events")
  .add(
    trackOne,
    identify,
    batch,
    segment,
    single("segmentTrack", "track"),
    single("segmentIdentify", "identify"),
    single("segmentPage", "page"),
    single("segmentScreen", "screen"),
    single("segmentGroup", "group"),
    single("segmentAlias", "alias")
  )
  .middleware(RateLimit)

/** Those that report: all that a process has of the group which only takes in. */
export class ProductEventReports extends reports
  .prefix("/v1")
  .middleware(RequestChecks)
  .middleware(BearerAuth)
  .annotate(CountedAs, "events") {}

export class ProductEventOperations extends reports
  .add(list)
  .prefix("/v1")
  .middleware(RequestChecks)
  .middleware(BearerAuth)
  .annotate(CountedAs, "events")
  .annotateMerge(
    OpenApi.annotations({
      title: "Product events",
      description: "What products report of what their users do, stored as it came, for as many days as are configured."
    })
  ) {}
