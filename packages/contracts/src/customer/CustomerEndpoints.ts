/** The HTTP operations on customers: what is sent, what is answered, and an example of each. */
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
  written
} from "../api/conventions.ts"
import type { OperationParts } from "../api/OperationParts.ts"
import { ETag, Timestamp, Version } from "../api/Wire.ts"
import { CorrelationId, CustomerId } from "../Ids.ts"
import { CustomerProfile, CustomerStatus } from "./Customer.ts"

export const RegisterCustomer = Schema.Struct({ profile: CustomerProfile }).annotate({ identifier: "RegisterCustomer" })
export type RegisterCustomer = typeof RegisterCustomer.Type

const { address, email, name, notes, phone } = CustomerProfile.fields
const removable = <S extends Schema.Constraint>(field: S) => Schema.optionalKey(Schema.NullOr(field))

export const ProfileChanges = Schema.Struct({
  name: Schema.optionalKey(name),
  email: removable(email.schema),
  phone: removable(phone.schema),
  address: removable(address.schema),
  notes: removable(notes.schema)
}).annotate({
  identifier: "ProfileChanges",
  description: "What is left out stays as it is; null takes a field away. A name there is always"
})
export type ProfileChanges = typeof ProfileChanges.Type

export const UpdateCustomer = Schema.Struct({ profile: ProfileChanges }).annotate({ identifier: "UpdateCustomer" })
export type UpdateCustomer = typeof UpdateCustomer.Type

const state = {
  id: CustomerId,
  status: CustomerStatus,
  createdAt: Timestamp,
  updatedAt: Timestamp,
  version: Version,
  links: Schema.Struct({ self: Schema.String })
}

/** The answer to a command: follows from its outcome alone, so that a repeat is answered with the same bytes. Kept, so without profile. */
export const CustomerState = Schema.Struct(state).annotate({ identifier: "CustomerState" })
export type CustomerState = typeof CustomerState.Type

const summary = { ...state, erasedAt: Schema.NullOr(Timestamp), correlationId: CorrelationId }

/** As lists show it: without personal data. */
export const CustomerSummary = Schema.Struct(summary).annotate({ identifier: "CustomerSummary" })
export type CustomerSummary = typeof CustomerSummary.Type

export const Customer = Schema.Struct({
  ...summary,
  profile: Schema.NullOr(CustomerProfile).annotate({
    description: "Null when a past state is asked for: personal data has no history"
  })
}).annotate({ identifier: "Customer" })
export type Customer = typeof Customer.Type

export const CustomerPage = Schema.Struct({ items: Schema.Array(CustomerSummary), nextCursor: NextCursor }).annotate({
  identifier: "CustomerPage"
})

const id = "6d1f0a52-7c3e-8b1d-a94f-0e5c2b7d9a13" as CustomerId

const registration: RegisterCustomer = {
  profile: { name: "Jo Novak", email: "jo@example.com", phone: "+420 601 123 456", address: "Long Street 1, Prague" }
}
const change: UpdateCustomer = { profile: { address: "Short Street 2, Prague", phone: null } }

const first: CustomerState = {
  id,
  status: "Active",
  createdAt: "2026-01-31T09:00:00.000Z",
  updatedAt: "2026-01-31T09:00:00.000Z",
  version: 1,
  links: { self: `/ops/customers/${id}` }
}
const listed = { ...first, erasedAt: null, correlationId: "1y2p0ij32e8e7" as CorrelationId }
const customer: Customer = { ...listed, profile: registration.profile }

const params = { id: idParameter(CustomerId) }

export const customerOperations = (parts: OperationParts) => {
  const {
    BearerAuth,
    ChecksAttributes,
    bodyErrors,
    changeErrors,
    commandErrors,
    CountedAs,
    problems,
    RateLimit,
    RequestChecks,
    RequiredScope
  } = parts
  const register = HttpApiEndpoint.post("register", "/", {
    headers: idempotent,
    payload: RegisterCustomer,
    success: HttpApiSchema.WithHeaders(CustomerState.pipe(HttpApiSchema.status(201)), created),
    error: [...bodyErrors, problems.Unavailable]
  })
    .annotate(RequiredScope, "ops:customers.write")
    .annotate(ChecksAttributes, true)
    .annotateMerge(
      described(
        "Register a customer",
        "The profile is encrypted with a key of the customer's own before it is stored, and shown by the detail alone. No event, message " +
          "or log holds any of it. Under an `Idempotency-Key` the customer's id follows from tenant and key.",
        { request: registration, 201: first }
      )
    )

  const list = HttpApiEndpoint.get("list", "/", {
    query: { ...paged, ...filtered, status: parameter(Schema.optionalKey(CustomerStatus), "Only those in this state") },
    success: CustomerPage,
    error: problems.Unavailable
  })
    .annotate(RequiredScope, "ops:customers.read")
    .annotate(ChecksAttributes, true)
    .annotateMerge(
      described(
        "List customers, newest first",
        "Without their profiles. A cursor is good for the filter and tenant it was issued for.",
        { 200: { items: [listed], nextCursor: null } }
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
        "410 once the customer was erased; 500 `profile_lost` when the profile of one that was not erased is gone or damaged. With `asOf` the state as it was, also of an erased customer, and never a profile.",
        { 200: customer }
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
        "`If-Match` is required: 428 without it, 412 with the present ETag when it is stale.",
        { request: change, 200: { ...first, version: 2, updatedAt: "2026-02-01T10:00:00.000Z" } }
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
          "confirmed orders: cancel or complete them first. Erasing what is erased is a success that changes nothing.",
        { 200: { ...first, status: "Erased", version: 3, updatedAt: "2026-03-01T10:00:00.000Z" } }
      )
    )

  return HttpApiGroup.make("customers")
    .add(register, update, erase)
    .middleware(RateLimit)
    .add(list, get)
    .prefix("/ops/customers")
    .middleware(RequestChecks)
    .middleware(BearerAuth)
    .annotate(CountedAs, "customers")
    .annotateMerge(
      OpenApi.annotations({ title: "Customers", description: "Whom something is delivered to or taken from." })
    )
}
