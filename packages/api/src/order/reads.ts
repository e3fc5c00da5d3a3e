/** Service orders as lists and details show them, straight from the store. */
import { Principal } from "@dueline/contracts/api/Access"
import type { NotFound, Unavailable } from "@dueline/contracts/api/ProblemError"
import { parseInstant } from "@dueline/contracts/api/Wire"
import type { BinId, CustomerId, OrderId, TenantId } from "@dueline/contracts/Ids"
import { orderFields } from "@dueline/contracts/order/fields"
import type { OrderRow } from "@dueline/contracts/order/Row"
import type { OrderStatus } from "@dueline/contracts/order/Spec"
import { OpsQueries } from "@dueline/contracts/ports/OpsQueries"
import type { Specification } from "@dueline/contracts/specification/Specification"
import { Effect } from "effect"
import { makeAsOf } from "../asOf.ts"
import { makeNewestFirst, present, shownUnless } from "../fieldReads.ts"
import { equals, specificationOf } from "../lookup.ts"
import { orderNotFound } from "./refusal.ts"
import { orderOf } from "./view.ts"

interface ListQuery {
  readonly limit?: number
  readonly cursor?: string
  readonly filter?: string
  readonly status?: OrderStatus
  readonly binId?: BinId
  readonly customerId?: CustomerId
  readonly from?: string
  readonly to?: string
}

interface Asked {
  readonly params: { readonly id: OrderId }
  readonly query: { readonly asOf?: string }
  readonly headers: { readonly "if-none-match"?: string }
}

export const presentOrder = (
  queries: OpsQueries["Service"],
  tenantId: TenantId,
  orderId: OrderId
): Effect.Effect<OrderRow, NotFound | Unavailable> => present(queries.find("order", tenantId, orderId), orderNotFound)

export const makeOrderReads = Effect.gen(function* () {
  const queries = yield* OpsQueries
  const asOf = yield* makeAsOf("order", "OrderRow", orderNotFound)
  const page = yield* makeNewestFirst("orders", (options) => queries.list("order", options), orderOf)

  const list = Effect.fnUntraced(function* ({ query }: { readonly query: ListQuery }) {
    const { binId, customerId, status } = query
    const plain = [...equals({ status, binId, customerId }), ...overlapping(query)]
    return yield* page(yield* specificationOf(orderFields, query.filter, plain), query)
  })

  const get = Effect.fnUntraced(function* ({ headers, params, query }: Asked) {
    const { tenantId } = yield* Principal
    const row = yield* query.asOf === undefined
      ? presentOrder(queries, tenantId, params.id)
      : asOf(tenantId, params.id, query.asOf)
    return yield* shownUnless(headers["if-none-match"], orderOf(row))
  })

  return { get, list }
})

/** Whose window has a part in this time. Orders without one never do. */
const overlapping = ({ from, to }: ListQuery): ReadonlyArray<Specification> => [
  ...(from === undefined ? [] : [{ _tag: "Above", field: "windowTo", value: parseInstant(from, "down") } as const]),
  ...(to === undefined ? [] : [{ _tag: "Below", field: "windowFrom", value: parseInstant(to, "up") } as const])
]
