/** The HTTP operations on bins. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { nearRadiusMetres } from "../bin/distance.ts"
import { BinCategory, BinStatus, SerialNumber } from "../bin/Spec.ts"
import { BinId, CustomerId } from "../Ids.ts"
import { BearerAuth, RequestChecks, RequiredScope } from "./Access.ts"
import { CreateBin, Place, UpdateBin, UpdateBinCapacity } from "./BinRequest.ts"
import { Bin, BinPage, BinState } from "./BinView.ts"
import {
  changeErrors,
  commandErrors,
  conditional,
  conditionalRead,
  created,
  creationErrors,
  described,
  filtered,
  idempotent,
  paged,
  readAnswers,
  written
} from "./conventions.ts"
import { problems } from "./ProblemError.ts"
import { CountedAs, RateLimit } from "./RateLimit.ts"
import { idAsSent } from "./Wire.ts"

const params = { id: idAsSent(BinId) }

const create = HttpApiEndpoint.post("create", "/", {
  headers: idempotent,
  payload: CreateBin,
  success: HttpApiSchema.WithHeaders(BinState.pipe(HttpApiSchema.status(201)), created),
  error: creationErrors
})
  .annotate(RequiredScope, "ops:bins.write")
  .annotateMerge(
    described(
      "Create a bin",
      "409 when a bin of the tenant, be it a retired one, has this serial number already. Under an `Idempotency-Key` the bin's id " +
        "follows from tenant and key."
    )
  )

const list = HttpApiEndpoint.get("list", "/", {
  query: {
    ...paged,
    ...filtered,
    status: Schema.optionalKey(BinStatus),
    category: Schema.optionalKey(BinCategory),
    serialNumber: Schema.optionalKey(SerialNumber),
    customerId: Schema.optionalKey(idAsSent(CustomerId)),
    near: Schema.optionalKey(Place),
    radius: Schema.optionalKey(Schema.Finite.check(Schema.isBetween(nearRadiusMetres)))
  },
  success: BinPage,
  error: problems.Unavailable
})
  .annotate(RequiredScope, "ops:bins.read")
  .annotateMerge(
    described(
      "List bins, newest first or nearest first",
      "With `near` and `radius` those within so many metres, nearest first, each with its distance. Filters are joined by *and*. A " +
        "cursor is good for the filter and tenant it was issued for."
    )
  )

const get = HttpApiEndpoint.get("get", "/:id", {
  params,
  ...conditionalRead,
  success: readAnswers(Bin),
  error: [problems.NotFound, problems.Unavailable]
})
  .annotate(RequiredScope, "ops:bins.read")
  .annotateMerge(described("One bin", "304 when `If-None-Match` names the version. With `asOf` the bin as it was."))

const update = HttpApiEndpoint.patch("update", "/:id", {
  params,
  headers: conditional,
  payload: UpdateBin,
  success: HttpApiSchema.WithHeaders(BinState, written),
  error: changeErrors
})
  .annotate(RequiredScope, "ops:bins.write")
  .annotateMerge(
    described("Change a bin", "`If-Match` is required: 428 without it, 412 with the present ETag when it is stale.")
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
      "`If-Match` is required. Of several at once one wins, the others get 412 with the present ETag."
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
      "For good; the bin can still be read. 409 while scheduled or confirmed orders hold it. Retiring what is retired changes nothing."
    )
  )

export class Bins extends HttpApiGroup.make("bins")
  .add(create, update, capacity, retire)
  .middleware(RateLimit)
  .add(list, get)
  .prefix("/ops/bins")
  .middleware(RequestChecks)
  .middleware(BearerAuth)
  .annotate(CountedAs, "bins")
  .annotateMerge(
    OpenApi.annotations({ title: "Bins", description: "Containers that are put somewhere and taken away." })
  ) {}
