/** The HTTP operations on bins: what is sent, what is answered, and an example of each. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import {
  conditional,
  conditionalRead,
  created,
  described,
  filtered,
  idempotent,
  idParameter,
  NextCursor,
  paged,
  parameter,
  readAnswers,
  written
} from "../api/conventions.ts"
import type { OperationParts } from "../api/OperationParts.ts"
import { idAsSent, Timestamp, Version } from "../api/Wire.ts"
import { BinId, CorrelationId, CustomerId } from "../Ids.ts"
import {
  BinCategory,
  BinChanges,
  BinStatus,
  CapacityLitres,
  Location,
  nearRadiusMetres,
  SerialNumber,
  SizeLitres
} from "./Bin.ts"

export const CreateBin = Schema.Struct({
  serialNumber: SerialNumber,
  category: BinCategory,
  sizeLitres: SizeLitres,
  capacityLitres: Schema.optionalKey(CapacityLitres.annotate({ description: "As much as the size when left out" })),
  location: Schema.optionalKey(Schema.NullOr(Location)),
  customerId: Schema.optionalKey(Schema.NullOr(idAsSent(CustomerId)))
}).annotate({ identifier: "CreateBin" })
export type CreateBin = typeof CreateBin.Type

export const UpdateBin = Schema.Struct({
  ...BinChanges.fields,
  customerId: Schema.optionalKey(Schema.NullOr(idAsSent(CustomerId)))
}).annotate({
  identifier: "UpdateBin",
  description: "What is left out stays as it is; null takes the location or the customer away"
})
export type UpdateBin = typeof UpdateBin.Type

export const UpdateBinCapacity = Schema.Struct({ capacityLitres: CapacityLitres }).annotate({
  identifier: "UpdateBinCapacity"
})
export type UpdateBinCapacity = typeof UpdateBinCapacity.Type

const placePattern = /^(-?\d{1,2}(?:\.\d{1,12})?),(-?\d{1,3}(?:\.\d{1,12})?)$/u

/** Null for a text that names no place on the Earth. */
export const parsePlace = (text: string): Location | null => {
  const [, lat, lon] = placePattern.exec(text) ?? []
  if (lat === undefined || lon === undefined) return null
  const place = { lat: Number(lat), lon: Number(lon) }
  return Math.abs(place.lat) <= 90 && Math.abs(place.lon) <= 180 ? place : null
}

export const Place = Schema.String.annotate({
  description: "Latitude and longitude in degrees (WGS 84), e.g. `50.0755,14.4378`",
  examples: ["50.0755,14.4378"]
}).check(
  Schema.makeFilter(
    (text: string) => parsePlace(text) !== null || "must be latitude,longitude in degrees, e.g. 50.0755,14.4378"
  )
)

const state = {
  id: BinId,
  serialNumber: SerialNumber,
  category: BinCategory,
  sizeLitres: SizeLitres,
  capacityLitres: CapacityLitres,
  status: BinStatus,
  location: Schema.NullOr(Location),
  customerId: Schema.NullOr(CustomerId),
  createdAt: Timestamp,
  updatedAt: Timestamp,
  version: Version,
  links: Schema.Struct({ self: Schema.String })
}

/** The answer to a command: follows from its outcome alone, so that a repeat is answered with the same bytes. */
export const BinState = Schema.Struct(state).annotate({ identifier: "BinState" })
export type BinState = typeof BinState.Type

const found = { ...state, correlationId: CorrelationId }

export const Bin = Schema.Struct(found).annotate({ identifier: "Bin" })
export type Bin = typeof Bin.Type

export const BinListed = Schema.Struct({
  ...found,
  distanceMetres: Schema.optionalKey(
    Schema.Finite.annotate({ description: "From the place that `near` names, to a tenth of a metre; only with `near`" })
  )
}).annotate({ identifier: "BinListed" })
export type BinListed = typeof BinListed.Type

export const BinPage = Schema.Struct({ items: Schema.Array(BinListed), nextCursor: NextCursor }).annotate({
  identifier: "BinPage"
})

const id = "2b8e6c41-93d7-8f05-b6a2-4c1d7e9f3085" as BinId
const creation: CreateBin = {
  serialNumber: "SK-0042",
  category: "skip",
  sizeLitres: 7_000,
  location: { lat: 50.0755, lon: 14.4378 }
}
const change: UpdateBin = { status: "Maintenance", location: null }
const otherCapacity: UpdateBinCapacity = { capacityLitres: 6_000 }
const first: BinState = {
  id,
  serialNumber: "SK-0042",
  category: "skip",
  sizeLitres: 7_000,
  capacityLitres: 7_000,
  status: "Active",
  location: { lat: 50.0755, lon: 14.4378 },
  customerId: null,
  createdAt: "2026-01-31T09:00:00.000Z",
  updatedAt: "2026-01-31T09:00:00.000Z",
  version: 1,
  links: { self: `/ops/bins/${id}` }
}
const bin: Bin = { ...first, correlationId: "1y2p0ij32e8e7" as CorrelationId }
const later: BinState = { ...first, version: 2, updatedAt: "2026-02-01T10:00:00.000Z" }

const params = { id: idParameter(BinId) }

export const binOperations = (parts: OperationParts) => {
  const {
    BearerAuth,
    ChecksAttributes,
    changeErrors,
    commandErrors,
    CountedAs,
    creationErrors,
    problems,
    RateLimit,
    RequestChecks,
    RequiredScope
  } = parts
  const create = HttpApiEndpoint.post("create", "/", {
    headers: idempotent,
    payload: CreateBin,
    success: HttpApiSchema.WithHeaders(BinState.pipe(HttpApiSchema.status(201)), created),
    error: creationErrors
  })
    .annotate(RequiredScope, "ops:bins.write")
    .annotate(ChecksAttributes, true)
    .annotateMerge(
      described(
        "Create a bin",
        "409 when a bin of the tenant, be it a retired one, has this serial number already. Under an `Idempotency-Key` the bin's id " +
          "follows from tenant and key.",
        { request: creation, 201: first }
      )
    )

  const list = HttpApiEndpoint.get("list", "/", {
    query: {
      ...paged,
      ...filtered,
      status: parameter(Schema.optionalKey(BinStatus), "Only those in this state"),
      category: parameter(Schema.optionalKey(BinCategory), "Only bins of this kind"),
      serialNumber: parameter(Schema.optionalKey(SerialNumber), "Only the bin with this serial number"),
      customerId: parameter(Schema.optionalKey(idAsSent(CustomerId)), "Only those for this customer"),
      near: parameter(
        Schema.optionalKey(Place),
        "Latitude and longitude in degrees, e.g. `50.0755,14.4378`: nearest first. Goes with `radius`"
      ),
      radius: parameter(
        Schema.optionalKey(Schema.Finite.check(Schema.isBetween(nearRadiusMetres))),
        "Metres around `near`",
        { type: "number", ...nearRadiusMetres }
      )
    },
    success: BinPage,
    error: problems.Unavailable
  })
    .annotate(RequiredScope, "ops:bins.read")
    .annotate(ChecksAttributes, true)
    .annotateMerge(
      described(
        "List bins, newest first or nearest first",
        "With `near` and `radius` those within so many metres, nearest first, each with its distance. Filters are joined by *and*. A " +
          "cursor is good for the filter and tenant it was issued for.",
        { 200: { items: [{ ...bin, distanceMetres: 12.3 }], nextCursor: null } }
      )
    )

  const get = HttpApiEndpoint.get("get", "/:id", {
    params,
    ...conditionalRead,
    success: readAnswers(Bin),
    error: [problems.NotFound, problems.Unavailable]
  })
    .annotate(RequiredScope, "ops:bins.read")
    .annotateMerge(
      described("One bin", "304 when `If-None-Match` names the version. With `asOf` the bin as it was.", { 200: bin })
    )

  const update = HttpApiEndpoint.patch("update", "/:id", {
    params,
    headers: conditional,
    payload: UpdateBin,
    success: HttpApiSchema.WithHeaders(BinState, written),
    error: changeErrors
  })
    .annotate(RequiredScope, "ops:bins.write")
    .annotateMerge(
      described("Change a bin", "`If-Match` is required: 428 without it, 412 with the present ETag when it is stale.", {
        request: change,
        200: { ...later, status: "Maintenance", location: null }
      })
    )

  const capacity = HttpApiEndpoint.post("capacity", "/:id/capacity", {
    params,
    headers: conditional,
    payload: UpdateBinCapacity,
    success: HttpApiSchema.WithHeaders(BinState, written),
    error: changeErrors
  })
    .annotate(RequiredScope, "ops:bins.write")
    .annotateMerge(
      described(
        "Set a bin's capacity",
        "`If-Match` is required. Of several at once one wins, the others get 412 with the present ETag.",
        { request: otherCapacity, 200: { ...later, capacityLitres: 6_000 } }
      )
    )

  const retire = HttpApiEndpoint.delete("retire", "/:id", {
    params,
    headers: conditional,
    success: HttpApiSchema.WithHeaders(BinState, written),
    error: commandErrors
  })
    .annotate(RequiredScope, "ops:bins.write")
    .annotateMerge(
      described(
        "Retire a bin",
        "For good; the bin can still be read. 409 while scheduled or confirmed orders hold it. Retiring what is retired changes nothing.",
        { 200: { ...later, status: "Retired" } }
      )
    )

  return HttpApiGroup.make("bins")
    .add(create, update, capacity, retire)
    .middleware(RateLimit)
    .add(list, get)
    .prefix("/ops/bins")
    .middleware(RequestChecks)
    .middleware(BearerAuth)
    .annotate(CountedAs, "bins")
    .annotateMerge(
      OpenApi.annotations({ title: "Bins", description: "Containers that are put somewhere and taken away." })
    )
}
