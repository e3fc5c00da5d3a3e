/** How a payload for an order comes in over HTTP: with the request, or lying where an address says. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { created, described, idempotent } from "../api/conventions.ts"
import type { OperationParts } from "../api/OperationParts.ts"
import { CreateOrder, WindowAsked } from "../order/OrderBodies.ts"
import { PayloadDigest } from "./Dropbin.ts"
import { IngestionReceipt } from "./IngestionEndpoints.ts"
import type { IngestionId } from "./Ingestion.ts"

const { binId, customerId, items, kind, notifications } = CreateOrder.fields

/** The payload itself, also where an address leads to it. */
export const DropbinOrder = Schema.Struct({
  customerId,
  binId,
  kind,
  window: WindowAsked,
  items,
  notifications
}).annotate({ identifier: "DropbinOrder", description: "An order to be scheduled at once" })
export type DropbinOrder = typeof DropbinOrder.Type

const PayloadRef = Schema.Struct({
  uri: Schema.String.check(Schema.isMinCodePoints(1), Schema.isMaxCodePoints(4_000)).annotate({
    description:
      "Where the payload lies: https, on a host that the installation allows (`DUELINE_PAYLOAD_HOSTS`). Asked for by GET without credentials; " +
      "the address may hold a secret, which is sealed and not shown"
  }),
  digest: PayloadDigest
}).annotate({ identifier: "PayloadRef" })

export const Dropbin = Schema.Struct({
  payload: Schema.optionalKey(DropbinOrder),
  payloadRef: Schema.optionalKey(PayloadRef)
})
  .check(
    Schema.makeFilter(
      ({ payload, payloadRef }) =>
        (payload === undefined) !== (payloadRef === undefined) || "send one of `payload` and `payloadRef`"
    )
  )
  .annotate({ identifier: "Dropbin", description: "One of `payload` and `payloadRef`" })
export type Dropbin = typeof Dropbin.Type

/** The name that the payload's schema is known by, also in files. A field may be added within a version. */
export const payloadSchemaName = "dropbin-order.v1"

/** Of the payload, for whoever writes one: what it allows and the program does not says the program in its answer. */
export const payloadSchema = (): Readonly<Record<string, unknown>> => {
  const { definitions, schema: root } = Schema.toJsonSchemaDocument(DropbinOrder, { onExcessProperty: "error" })
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: `urn:dueline:${payloadSchemaName}`,
    title: payloadSchemaName,
    ...root,
    $defs: definitions,
    examples: [dropbinExample.payload]
  }
}

const id = "0f4c2a6e-5b1d-8c3a-9e7f-2d6b8a4c1e77" as IngestionId
/** Stands in docs/ingestion.md too. */
export const dropbinExample = {
  payload: {
    customerId: "6d1f0a52-7c3e-8b1d-a94f-0e5c2b7d9a13",
    binId: "2b8e6c41-93d7-8f05-b6a2-4c1d7e9f3085",
    kind: "pickup",
    window: { from: "2026-02-02T08:00:00Z", to: "2026-02-02T10:00:00Z" },
    items: [{ material: "rubble", quantity: 3, unit: "piece" }],
    notifications: [{ url: "https://example.com/hooks/arrivals", lead: "30m" }]
  }
}
const receipt: IngestionReceipt = { id, status: "Received", version: 1, links: { self: `/ops/ingestions/${id}` } }

export const dropbinOperations = ({
  BearerAuth,
  CountedAs,
  creationErrors,
  RateLimit,
  RequestChecks,
  RequiredScope
}: OperationParts) => {
  const drop = HttpApiEndpoint.post("drop", "/dropbin", {
    headers: idempotent,
    payload: Dropbin,
    success: HttpApiSchema.WithHeaders(IngestionReceipt.pipe(HttpApiSchema.status(202)), created),
    error: creationErrors
  })
    .annotate(RequiredScope, "ops:ingestions.write")
    .annotateMerge(
      described(
        "Take in a payload for an order",
        "202 once it is stored; `Location` says what becomes of it: `Completed` with the order's id, or `Failed` with what to do, for a " +
          "schedule conflict with the nearest free windows. Under an `Idempotency-Key` the same request is the same ingestion and one order.",
        { request: dropbinExample, 202: receipt }
      )
    )

  return HttpApiGroup.make("dropbin")
    .add(drop)
    .middleware(RateLimit)
    .prefix("/ops/ingest")
    .middleware(RequestChecks)
    .middleware(BearerAuth)
    .annotate(CountedAs, "ingestion")
    .annotateMerge(
      OpenApi.annotations({
        title: "Drop-bin",
        description: "Payloads that become scheduled orders in the background."
      })
    )
}
