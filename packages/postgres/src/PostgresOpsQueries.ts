/** What the edge reads about customers, bins and orders, under row-level security, at a cost that does not grow with the tables. */
import type { BinRow } from "@dueline/contracts/bin/Row"
import type { CustomerRow } from "@dueline/contracts/customer/Row"
import type { OrderRow } from "@dueline/contracts/order/Row"
import { OpsQueries } from "@dueline/contracts/ports/OpsQueries"
import { Effect, Layer } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { Database } from "./Database.ts"
import { list } from "./fieldLists.ts"
import { binColumns, binJson, customerColumns, customerJson, orderColumns, orderJson } from "./fieldRows.ts"
import { binsNear } from "./PostgresBinsNear.ts"
import { reading } from "./SqlFailure.ts"

type Queries = OpsQueries["Service"]

const find =
  <A>(sql: SqlClient, what: "customer" | "profile" | "bin" | "order") =>
  (tenantId: string, id: string) =>
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

const customers = { table: "customers", id: "customer_id", json: customerJson, columns: customerColumns }
const bins = { table: "bins", id: "bin_id", json: binJson, columns: binColumns }
const orders = { table: "orders", id: "order_id", json: orderJson, columns: orderColumns }

export const layer: Layer.Layer<OpsQueries, never, Database> = Layer.effect(
  OpsQueries,
  Effect.map(Database, ({ edge }) =>
    OpsQueries.of({
      customer: find<CustomerRow>(edge, "customer"),
      profile: find<string>(edge, "profile"),
      bin: find<BinRow>(edge, "bin"),
      order: find<OrderRow>(edge, "order"),
      customers: list<CustomerRow>(edge, customers, ({ customerId }) => customerId),
      bins: list<BinRow>(edge, bins, ({ binId }) => binId),
      orders: list<OrderRow>(edge, orders, ({ orderId }) => orderId),
      binsNear: binsNear(edge),
      holding: holding(edge)
    })
  )
)
