/** What the edge reads of rows that are documents, under row-level security, at a cost that does not grow with the tables. */
import type { OrderRow } from "@dueline/contracts/order/Order"
import { OpsQueries } from "@dueline/contracts/ports/Queries"
import { Effect, Layer } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { Database } from "../Database.ts"
import { list } from "./fieldLists.ts"
import { binsNear } from "./PostgresBinsNear.ts"
import { reading } from "../SqlFailure.ts"

type Queries = OpsQueries["Service"]

const one = <A>(sql: SqlClient, what: string, statement: string, parameters: ReadonlyArray<string>) =>
  sql.unsafe<{ readonly found: A | null }>(statement, parameters).pipe(
    Effect.map(([row]) => row?.found ?? null),
    reading(`find a ${what}`)
  )

const find =
  (sql: SqlClient): Queries["find"] =>
  (kind, tenantId, id) =>
    one(sql, kind, "select dueline.find_row($1, $2::uuid, $3::uuid) as found", [kind, tenantId, id])

const sealed =
  (sql: SqlClient): Queries["sealed"] =>
  (_kind, tenantId, id) =>
    one(sql, "sealed text", "select dueline.find_profile($1::uuid, $2::uuid) as found", [tenantId, id])

type ScheduleRequests = Effect.Success<ReturnType<Queries["scheduleRequests"]>>

const scheduleRequests =
  (sql: SqlClient): Queries["scheduleRequests"] =>
  ({ ids, longest, tenantId }) =>
    sql
      .unsafe<{ readonly found: ScheduleRequests[number] }>(
        "select dueline.schedule_requests($1::uuid, $2::text::uuid[], $3::int4) as found",
        [tenantId, `{${ids.join()}}`, longest]
      )
      .pipe(
        Effect.map((rows) => rows.map(({ found }) => found)),
        reading("find the requests of schedules")
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

export const layer: Layer.Layer<OpsQueries, never, Database> = Layer.effect(
  OpsQueries,
  Effect.map(Database, ({ edge }) =>
    OpsQueries.of({
      find: find(edge),
      list: (kind, options) => list(edge, kind, options),
      sealed: sealed(edge),
      scheduleRequests: scheduleRequests(edge),
      near: binsNear(edge),
      holding: holding(edge)
    })
  )
)
