/** The HTTP operations on customers. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { CustomerStatus } from "../customer/Spec.ts"
import { CustomerId } from "../Ids.ts"
import { BearerAuth, RequestChecks, RequiredScope } from "./Access.ts"
import {
  bodyErrors,
  changeErrors,
  commandErrors,
  conditional,
  conditionalRead,
  created,
  described,
  filtered,
  idempotent,
  paged,
  written
} from "./conventions.ts"
import { RegisterCustomer, UpdateCustomer } from "./CustomerRequest.ts"
import { Customer, CustomerPage, CustomerState } from "./CustomerView.ts"
import { problems } from "./ProblemError.ts"
import { CountedAs, RateLimit } from "./RateLimit.ts"
import { ETag, idAsSent } from "./Wire.ts"

const params = { id: idAsSent(CustomerId) }

const register = HttpApiEndpoint.post("register", "/", {
  headers: idempotent,
  payload: RegisterCustomer,
  success: HttpApiSchema.WithHeaders(CustomerState.pipe(HttpApiSchema.status(201)), created),
  error: [...bodyErrors, problems.Unavailable]
})
  .annotate(RequiredScope, "ops:customers.write")
  .annotateMerge(
    described(
      "Register a customer",
      "The profile is encrypted with a key of the customer's own before it is stored, and shown by the detail alone. No event, message " +
        "or log holds any of it. Under an `Idempotency-Key` the customer's id follows from tenant and key."
    )
  )

const list = HttpApiEndpoint.get("list", "/", {
  query: { ...paged, ...filtered, status: Schema.optionalKey(CustomerStatus) },
  success: CustomerPage,
  error: problems.Unavailable
})
  .annotate(RequiredScope, "ops:customers.read")
  .annotateMerge(
    described(
      "List customers, newest first",
      "Without their profiles. A cursor is good for the filter and tenant it was issued for."
    )
  )

const get = HttpApiEndpoint.get("get", "/:id", {
  params,
  ...conditionalRead,
  success: [
    HttpApiSchema.WithHeaders(Customer, { etag: ETag, "cache-control": Schema.Literal("no-store") }),
    HttpApiSchema.WithHeaders(HttpApiSchema.Empty(304), { etag: ETag })
  ],
  error: [problems.NotFound, problems.Gone, problems.Internal, problems.Unavailable]
})
  .annotate(RequiredScope, "ops:customers.read")
  .annotateMerge(
    described(
      "One customer with the profile",
      "410 once the customer was erased; 500 `profile_lost` when the profile of one that was not erased is gone or damaged. With `asOf` the state as it was, also of an erased customer, and never a profile."
    )
  )

const update = HttpApiEndpoint.patch("update", "/:id", {
  params,
  headers: conditional,
  payload: UpdateCustomer,
  success: HttpApiSchema.WithHeaders(CustomerState, written),
  error: [...changeErrors, problems.Gone, problems.Internal]
})
  .annotate(RequiredScope, "ops:customers.write")
  .annotateMerge(
    described(
      "Change a customer's profile",
      "`If-Match` is required: 428 without it, 412 with the present ETag when it is stale."
    )
  )

const erase = HttpApiEndpoint.delete("erase", "/:id", {
  params,
  headers: conditional,
  success: HttpApiSchema.WithHeaders(CustomerState, written),
  error: commandErrors
})
  .annotate(RequiredScope, "ops:customers.write")
  .annotateMerge(
    described(
      "Erase a customer",
      "The key and the profile are dropped for ever; id, times and events without personal data stay. 409 while there are scheduled or " +
        "confirmed orders: cancel or complete them first. Erasing what is erased is a success that changes nothing."
    )
  )

export class Customers extends HttpApiGroup.make("customers")
  .add(register, update, erase)
  .middleware(RateLimit)
  .add(list, get)
  .prefix("/ops/customers")
  .middleware(RequestChecks)
  .middleware(BearerAuth)
  .annotate(CountedAs, "customers")
  .annotateMerge(
    OpenApi.annotations({ title: "Customers", description: "Whom something is delivered to or taken from." })
  ) {}
