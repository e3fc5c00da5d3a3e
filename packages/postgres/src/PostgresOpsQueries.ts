/** What the edge reads of rows that are documents, under row-level security, at a cost that does not grow with the tables. */
import type { OpsCategory } from "@dueline/contracts/kinds"
import type { OrderRow } from "@dueline/contracts/order/Row"
import { OpsQueries } from "@dueline/contracts/ports/OpsQueries"
import { Effect, Layer } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { Database } from "./Database.ts"
import { type Listed, list } from "./fieldLists.ts"
import { binColumns, binJson, customerColumns, customerJson, orderColumns, orderJson } from "./fieldRows.ts"
import { binsNear } from "./PostgresBinsNear.ts"
import { reading } from "./SqlFailure.ts"

type Queries = OpsQueries["Service"]

const find =
  (sql: SqlClient) =>
  <A>(what: OpsCategory | "profile", tenantId: string, id: string) =>
    sql
      .unsafe<{ readonly found: A | null }>(`select dueline.find_${what}($1::uuid, $2::uuid) as found`, [tenantId, id])
      .pipe(
        Effect.map(([row]) => row?.found ?? null),
        reading(`find a ${what}`)
      )

const holding =
  (sql: SqlClient): Queries["holding"] =>
  ({ binId, limit, tenantId, window }) =>
    sql
      .unsafe<{ readonly held: OrderRow }>(
        "select held from dueline.orders_holding($1::uuid, $2::uuid, $3::float8::bigint, $4::float8::bigint, $5::int4) as held",
        [tenantId, binId, window.from, window.to, limit]
      )
      .pipe(
        Effect.map((rows) => rows.map(({ held }) => held)),
        reading("list the orders that hold a bin")
      )

const listed: { readonly [K in OpsCategory]: Listed } = {
  customer: { table: "customers", id: "customer_id", json: customerJson, columns: customerColumns },
  bin: { table: "bins", id: "bin_id", json: binJson, columns: binColumns },
  order: { table: "orders", id: "order_id", json: orderJson, columns: orderColumns }
}

export const layer: Layer.Layer<OpsQueries, never, Database> = Layer.effect(
  OpsQueries,
  Effect.map(Database, ({ edge }) =>
    OpsQueries.of({
      find: find(edge),
      list: (kind, options) => list(edge, listed[kind], options),
      profile: (tenantId, customerId) => find(edge)<string>("profile", tenantId, customerId),
      near: binsNear(edge),
      holding: holding(edge)
    })
  )
)
