/** Service orders as lists and details show them, straight from the store. */
import { Principal } from "@dueline/contracts/api/Access"
import type { NotFound, Unavailable } from "@dueline/contracts/api/ProblemError"
import { etagOf, parseInstant } from "@dueline/contracts/api/Wire"
import type { BinId, CustomerId, OrderId, TenantId } from "@dueline/contracts/Ids"
import { orderFields } from "@dueline/contracts/order/fields"
import type { OrderRow } from "@dueline/contracts/order/Row"
import type { OrderStatus } from "@dueline/contracts/order/Spec"
import { FieldQueries } from "@dueline/contracts/ports/FieldQueries"
import type { Specification } from "@dueline/contracts/specification/Specification"
import { Effect } from "effect"
import { HttpApiSchema } from "effect/http-api"
import { makeAsOf } from "../asOf.ts"
import { equals, specificationOf } from "../lookup.ts"
import { rowMark } from "../marks.ts"
import { defaultLimit, makePaging } from "../paging.ts"
import { isKnown, unchanged } from "../preconditions.ts"
import { storeUnavailable } from "../refusal.ts"
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

/** The same answer for an order of another tenant as for one that does not exist. */
export const presentOrder = (
  queries: FieldQueries["Service"],
  tenantId: TenantId,
  orderId: OrderId
): Effect.Effect<OrderRow, NotFound | Unavailable> =>
  Effect.flatMap(queries.order(tenantId, orderId).pipe(Effect.catch(storeUnavailable)), (row) =>
    row === null ? orderNotFound : Effect.succeed(row)
  )

export const makeOrderReads = Effect.gen(function* () {
  const queries = yield* FieldQueries
  const asOf = yield* makeAsOf("order", "OrderRow", orderNotFound)
  const paging = yield* makePaging(rowMark)

  const list = Effect.fnUntraced(function* ({ query }: { readonly query: ListQuery }) {
    const { tenantId } = yield* Principal
    const { binId, cursor, customerId, limit = defaultLimit, status } = query
    const plain = [...equals({ status, binId, customerId }), ...overlapping(query)]
    const filter = yield* specificationOf(orderFields, query.filter, plain)
    const about = { list: "orders", filter }
    const after = yield* paging.after(tenantId, about, cursor)
    const page = yield* queries.orders({ tenantId, filter, after, limit }).pipe(Effect.catch(storeUnavailable))
    return { items: page.rows.map(orderOf), nextCursor: paging.next(tenantId, about, page.next) }
  })

  const get = Effect.fnUntraced(function* ({ headers, params, query }: Asked) {
    const { tenantId } = yield* Principal
    const row = yield* query.asOf === undefined
      ? presentOrder(queries, tenantId, params.id)
      : asOf(tenantId, params.id, query.asOf)
    if (yield* isKnown(headers["if-none-match"], row.version)) return unchanged(row.version)
    return HttpApiSchema.withHeaders({ body: orderOf(row), headers: { etag: etagOf(row.version) } })
  })

  return { get, list }
})

/** Whose window has a part in this time. Orders without one never do. */
const overlapping = ({ from, to }: ListQuery): ReadonlyArray<Specification> => [
  ...(from === undefined ? [] : [{ _tag: "Above", field: "windowTo", value: parseInstant(from) } as const]),
  ...(to === undefined ? [] : [{ _tag: "Below", field: "windowFrom", value: parseInstant(to) } as const])
]
