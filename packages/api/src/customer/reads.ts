/** Customers as lists and details show them. The detail is the one place where a profile is opened to be shown. */
import { Principal } from "@dueline/contracts/api/Access"
import type { Customer } from "@dueline/contracts/api/CustomerView"
import type { Gone, Internal, NotFound, Unavailable } from "@dueline/contracts/api/ProblemError"
import { etagOf } from "@dueline/contracts/api/Wire"
import { customerFields } from "@dueline/contracts/customer/fields"
import type { CustomerRow } from "@dueline/contracts/customer/Row"
import type { CustomerProfile, CustomerStatus } from "@dueline/contracts/customer/Spec"
import type { CustomerId, TenantId } from "@dueline/contracts/Ids"
import { OpsQueries } from "@dueline/contracts/ports/OpsQueries"
import { PersonalDataVault } from "@dueline/contracts/ports/PersonalDataVault"
import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import { makeAsOf } from "../asOf.ts"
import { makeNewestFirst, present } from "../fieldReads.ts"
import { equals, specificationOf } from "../lookup.ts"
import { isKnown, unchanged } from "../preconditions.ts"
import { storeUnavailable } from "../refusal.ts"
import { customerErased, customerNotFound, profileLost } from "./refusal.ts"
import { customerOf, summaryOf } from "./view.ts"

interface ListQuery {
  readonly limit?: number
  readonly cursor?: string
  readonly filter?: string
  readonly status?: CustomerStatus
}

interface Asked {
  readonly params: { readonly id: CustomerId }
  readonly query: { readonly asOf?: string }
  readonly headers: { readonly "if-none-match"?: string }
}

export const presentCustomer = (
  queries: OpsQueries["Service"],
  tenantId: TenantId,
  customerId: CustomerId
): Effect.Effect<CustomerRow, NotFound | Unavailable> =>
  present(queries.find("customer", tenantId, customerId), customerNotFound)

const lost = (tenantId: TenantId, customerId: CustomerId, reason: string) =>
  Effect.andThen(Effect.logError("a customer's profile is lost", { tenantId, customerId, reason }), profileLost)

/**
 * There was none to be had: the customer was erased just now, or it is lost. Erasing is final, so that a row which is still active says
 * what was the case before too.
 */
export const withoutProfile = Effect.fnUntraced(function* (
  queries: OpsQueries["Service"],
  tenantId: TenantId,
  customerId: CustomerId
): Effect.fn.Return<never, Gone | Internal | NotFound | Unavailable> {
  const { status } = yield* presentCustomer(queries, tenantId, customerId)
  return yield* status === "Erased" ? customerErased : lost(tenantId, customerId, "it is not in the store")
})

/** What was sealed and does not open any more is lost too. */
export const openProfile = (
  vault: PersonalDataVault["Service"],
  tenantId: TenantId,
  customerId: CustomerId,
  sealed: string
): Effect.Effect<CustomerProfile, Internal> =>
  Effect.catch(vault.open(tenantId, customerId, sealed), ({ detail }) => lost(tenantId, customerId, detail))

export const makeCustomerReads = Effect.gen(function* () {
  const queries = yield* OpsQueries
  const vault = yield* PersonalDataVault
  const asOf = yield* makeAsOf("customer", "CustomerRow", customerNotFound)
  const page = yield* makeNewestFirst("customers", (options) => queries.list("customer", options), summaryOf)

  const list = Effect.fnUntraced(function* ({ query }: { readonly query: ListQuery }) {
    const { status } = query
    return yield* page(yield* specificationOf(customerFields, query.filter, equals({ status })), query)
  })

  const profileOf = Effect.fnUntraced(function* ({ customerId, status, tenantId }: CustomerRow) {
    if (status === "Erased") return yield* customerErased
    const sealed = yield* queries.profile(tenantId, customerId).pipe(Effect.catch(storeUnavailable))
    return sealed === null
      ? yield* withoutProfile(queries, tenantId, customerId)
      : yield* openProfile(vault, tenantId, customerId, sealed)
  })

  const get = Effect.fnUntraced(function* ({ headers, params, query }: Asked) {
    const { tenantId } = yield* Principal
    if (query.asOf !== undefined) {
      const past = yield* asOf(tenantId, params.id, query.asOf)
      return (yield* isKnown(headers["if-none-match"], past.version))
        ? unchanged(past.version)
        : shown(customerOf(past, null))
    }
    // The row first: a profile newer than its version makes the next change stale, an older one would be overwritten.
    const row = yield* presentCustomer(queries, tenantId, params.id)
    const profile = yield* profileOf(row)
    return (yield* isKnown(headers["if-none-match"], row.version))
      ? unchanged(row.version)
      : shown(customerOf(row, profile))
  })

  return { get, list }
})

/** Nobody on the way keeps a copy. By hand, so that a profile sealed under milder rules than today's can be shown too. */
const shown = (customer: Customer): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(JSON.stringify(customer), {
    headers: { etag: etagOf(customer.version), "cache-control": "no-store" },
    contentType: "application/json"
  })
