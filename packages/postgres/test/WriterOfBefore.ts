/** How programs of 0.1.0 commit and list customers, bins and orders: rows by column, in parts by table, four requirements by name. */
import type { BinRow } from "@dueline/contracts/bin/Bin"
import type { CustomerRow } from "@dueline/contracts/customer/Customer"
import type { OrderRow } from "@dueline/contracts/order/Order"
import * as Sample from "@dueline/port-contracts/Sample"
import { serverWords } from "@dueline/postgres/SqlFailure"
import { Effect } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { readFileSync } from "node:fs"
import { join } from "node:path"

/** The kinds that there were. */
type RowOfBefore = CustomerRow | BinRow | OrderRow

const head = (row: RowOfBefore) => ({
  tenant_id: row.tenantId,
  version: row.version,
  status: row.status,
  created_at: row.createdAt,
  updated_at: row.updatedAt,
  correlation_id: row.correlationId
})

const customer = (row: CustomerRow) => ({ ...head(row), customer_id: row.customerId, erased_at: row.erasedAt })

const bin = (row: BinRow) => ({
  ...head(row),
  bin_id: row.binId,
  serial_number: row.serialNumber,
  category: row.category,
  size_litres: row.sizeLitres,
  capacity_litres: row.capacityLitres,
  lat: row.location?.lat ?? null,
  lon: row.location?.lon ?? null,
  customer_id: row.customerId
})

const order = (row: OrderRow) => ({
  ...head(row),
  order_id: row.orderId,
  customer_id: row.customerId,
  bin_id: row.binId,
  kind: row.kind,
  window_from: row.window?.from ?? null,
  window_to: row.window?.to ?? null,
  items: JSON.stringify(row.items),
  notifications: JSON.stringify(row.notifications),
  ended_at: row.endedAt
})

/** An active order takes hold of its bin; a retired bin and an erased customer must be free. */
const partsOf = (row: RowOfBefore): Readonly<Record<string, unknown>> => {
  const t = row.tenantId
  switch (row._tag) {
    case "CustomerRow":
      return {
        customers: [customer(row)],
        ...(row.status === "Erased" ? { idle: [{ t, i: row.customerId, c: null }] } : {})
      }
    case "BinRow":
      return { bins: [bin(row)], ...(row.status === "Retired" ? { unused: [{ t, i: row.binId, c: null }] } : {}) }
    case "OrderRow":
      return row.status === "Scheduled"
        ? {
            orders: [order(row)],
            active: [{ t, i: row.customerId, c: null }],
            fits: [{ t, i: row.binId, c: row.customerId }]
          }
        : { orders: [order(row)] }
  }
}

const categories = { CustomerRow: "customer", BinRow: "bin", OrderRow: "order" } as const
const idOf = (row: RowOfBefore): string =>
  row._tag === "CustomerRow" ? row.customerId : row._tag === "BinRow" ? row.binId : row.orderId

/** The names of the arguments as that release had them: of what a commit of one event leaves empty. */
const kept = readFileSync(join(import.meta.dirname, "..", "functions", "kept", "commit_batch.sql"), "utf8")
const empty = [...(/commit_batch\(([^)]*)\) returns/.exec(kept)?.[1] ?? "").matchAll(/\b([crokx]_\w+) (\w+\[\])/g)]
  .filter(([, name]) => !name?.startsWith("c_"))
  .map(([, name, type]) => `${name} => '{}'::${type}`)

const statement = `select dueline.commit_field($11::text::jsonb) from dueline.commit_batch(
  c_tenant => case when $3 > 1 then array[$1::uuid] else '{}' end, c_stream => case when $3 > 1 then array[$2::uuid] else '{}' end,
  c_version => case when $3 > 1 then array[$3::integer - 1] else '{}' end,
  e_tenant => array[$1::uuid], e_stream => array[$2::uuid], e_version => array[$3::integer], e_category => array[$4::text],
  e_id => array[$5::uuid], e_type => array[$6::text], e_type_version => array[$7::integer], e_payload => array[$8::text],
  e_metadata => array[$9::text], e_recorded => array[$10::float8], ${empty.join(", ")})`

/** A circle of locks that the server broke here; all of it is undone, and programs of that release do it again. */
const isRolledBack = (error: SqlError): boolean => serverWords(error).code.startsWith("40")

/** In a session that is the writer's. Answers with the rule that was broken, or null. */
export const commitAsBefore = (sql: SqlClient, row: RowOfBefore) =>
  sql
    .unsafe(statement, [
      row.tenantId,
      idOf(row),
      row.version,
      categories[row._tag],
      Sample.uuid(),
      "Sampled",
      1,
      "{}",
      "{}",
      Sample.now,
      JSON.stringify(partsOf(row))
    ])
    .pipe(
      Effect.retry({ times: 20, while: isRolledBack }),
      Effect.as<string | null>(null),
      Effect.catch((error) => {
        const { code, constraint, detail } = serverWords(error)
        if (code === "DL010") return Effect.succeed(detail)
        if (constraint === "bins_serial") return Effect.succeed("serial_taken")
        return constraint === "orders_window" ? Effect.succeed("window_taken") : Effect.fail(error)
      })
    )

/** The ids of a page of bins, in a session that is the edge's. */
export const listAsBefore = (sql: SqlClient, tenantId: string) =>
  sql.withTransaction(
    Effect.gen(function* () {
      yield* sql.unsafe("select set_config('app.current_tenant', $1::text, true)", [tenantId])
      const found = yield* sql.unsafe<{ readonly id: string }>(
        `select json_build_object('binId', r.bin_id, 'location', case when r.lat is not null then json_build_object('lat', r.lat) end) ->> 'binId' as id
          from (select * from dueline.bins where listed_under = $1::uuid and (created_at, bin_id) < ($2::float8::bigint, $3::uuid)
            order by created_at desc, bin_id desc limit 100) r where r.status = 'Active'`,
        [tenantId, Number.MAX_SAFE_INTEGER, "ffffffff-ffff-ffff-ffff-ffffffffffff"]
      )
      return found.map(({ id }) => id)
    })
  )
