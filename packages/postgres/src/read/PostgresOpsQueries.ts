/**
 * * What the edge reads of rows that are documents, under row-level security, at a cost that does not grow with the tables. * One page of a list
 * under a specification. * The specification becomes a part of the statement, its values become parameters, so there is no function that could hold
 * it: the tenant is set and the page read in one transaction. A function that executes a condition it is handed would save three short round trips,
 * and would be a place where the text of a statement comes from outside. * Which bins are near a place, nearest first: ring by ring outwards, each
 * twice as wide as the one before, until there are enough. * So the cost follows the area that had to be looked at for one page, never the bins
 * beyond it nor those of other tenants. How the bins of a ring are found is the database's affair (`dueline.bins_within`); which of them the tenant
 * may see, and which the filter asks for, is decided on the rows themselves, under row-level security.
 */
import { kinds, type OpsCategory, rowId, type RowOf } from "@dueline/contracts/kinds"
import type { OrderRow } from "@dueline/contracts/order/Order"
import { type ListOptions, type Near, OpsQueries, type RowMark, type RowPage } from "@dueline/contracts/ports/Queries"
import { Effect, Layer } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { Database } from "../Database.ts"
import { reading } from "../SqlFailure.ts"
import { fieldColumns, rowsTable } from "../schema/rowTables.ts"
import { specificationSql } from "./specificationSql.ts"

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

/** Rows that one filtered page looks at. */
export const scanBudget = 2_000

const fromTheTop: RowMark = { createdAt: Number.MAX_SAFE_INTEGER, id: "ffffffff-ffff-ffff-ffff-ffffffffffff" }

/**
 * Walks the list's index from the mark until it has $5 hits or has seen $4 rows. Where that was not enough the answer says at which row
 * the walk ended, if there is one so far on. Those rows are gone past twice, which is cheaper than to go past all of them every time.
 */
const listStatement = (table: string, condition: string): string => {
  const walk = `select * from dueline.${table}
    where listed_under = $1::uuid and (created_at, id) < ($2::float8::bigint, $3::uuid)
    order by created_at desc, id desc`
  return `with hits as materialized (
    select * from (${walk} limit $4::int4) r where ${condition} order by r.created_at desc, r.id desc limit $5::int4
  )
  select
    coalesce((select json_agg(h.row order by h.created_at desc, h.id desc) from hits h), '[]') as hits,
    case when (select count(*) from hits) < $5::int4 then (
      select json_build_object('createdAt', w.created_at, 'id', w.id) from (${walk} offset $4::int4 - 1 limit 1) w
    ) end as reached`
}

interface Page<Row> {
  readonly hits: ReadonlyArray<Row>
  readonly reached: RowMark | null
}

export const list = <Row extends RowOf<OpsCategory>>(
  sql: SqlClient,
  kind: OpsCategory,
  { after, filter, limit, tenantId }: ListOptions
) => {
  const mark = after ?? fromTheTop
  const parameters: Array<unknown> = [tenantId, mark.createdAt, mark.id]
  const unfiltered = filter._tag === "And" && filter.all.length === 0
  const budget = unfiltered ? limit + 1 : Math.max(scanBudget, limit + 1)
  // One row more than asked for, to know whether there is a next page.
  parameters.push(budget, limit + 1)
  const condition = specificationSql(fieldColumns(kind, "r"), filter, parameters)
  const pageOf = ({ hits, reached }: Page<Row>): RowPage<Row> => {
    const rows = hits.slice(0, limit)
    const last = rows.at(-1)
    if (hits.length > limit && last !== undefined) {
      return { rows, next: { createdAt: last.createdAt, id: rowId(last) } }
    }
    return { rows, next: reached }
  }
  const read = sql.unsafe<Page<Row>>(listStatement(rowsTable(kind), condition), parameters)
  // Filters come in any number of forms: prepared, they would drive out the statements that are asked all the time.
  return asTenant(sql, tenantId, unfiltered ? read : read.unprepared).pipe(
    Effect.map(([page]): RowPage<Row> => (page === undefined ? { rows: [], next: null } : pageOf(page))),
    reading(`list ${kinds[kind].plural}`)
  )
}

/** In a transaction that sees this tenant's rows and no others. */
export const asTenant = <A, E, R>(sql: SqlClient, tenantId: string, read: Effect.Effect<A, E, R>) =>
  sql.withTransaction(
    Effect.andThen(sql.unsafe("select set_config('app.current_tenant', $1::text, true)", [tenantId]), read)
  )

/** Where the first ring ends, in metres. */
const firstRingMetres = 2_000

/** A row is found by its id or not at all: with the fence nobody plans a walk through all of a tenant's bins. */
const nearStatement = (condition: string): string => `with recursive ring (reached, found, hits) as (
    select $4::float8, 0, '[]'::json
    union all
    select next.edge, ring.found + part.found, part.hits
    from ring
    cross join lateral (select least($5::float8, greatest(ring.reached * 2, ${firstRingMetres})) as edge) next
    cross join lateral (
      select count(*)::integer as found,
        coalesce(json_agg(json_build_object('bin', n.bin, 'distanceMetres', n.distance) order by n.distance, n.bin_id), '[]') as hits
      from (
        select c.distance, c.bin_id, r.row as bin
        from dueline.bins_within($2::float8, $3::float8, ring.reached, next.edge) c
        cross join lateral (
          select * from dueline.bin_rows b where b.tenant_id = $1::uuid and b.id = c.bin_id offset 0
        ) r
        where (c.distance, c.bin_id) > ($6::float8, $7::uuid) and ${condition}
        order by c.distance, c.bin_id limit $8::integer - ring.found
      ) n
    ) part
    where ring.reached < $5::float8 and ring.found < $8::integer
  )
  select hits from ring order by reached`

/** Before every bin. A ring begins beyond where it is told to, so it is told a little less than the distance of the last bin. */
const fromTheCentre = { distanceMetres: -1, binId: "00000000-0000-0000-0000-000000000000" }
const aLittle = 0.001

export const binsNear =
  (sql: SqlClient): OpsQueries["Service"]["near"] =>
  ({ after, centre, filter, limit, radiusMetres, tenantId }) => {
    const mark = after ?? fromTheCentre
    const parameters: Array<unknown> = [
      tenantId,
      centre.lat,
      centre.lon,
      mark.distanceMetres - aLittle,
      radiusMetres,
      mark.distanceMetres,
      mark.binId,
      limit
    ]
    const condition = specificationSql(fieldColumns("bin", "r"), filter, parameters)
    const read = sql.unsafe<{ readonly hits: ReadonlyArray<Near> }>(nearStatement(condition), parameters).unprepared
    return asTenant(sql, tenantId, read).pipe(
      Effect.map((rings) => rings.flatMap(({ hits }) => hits)),
      reading("find bins near a place")
    )
  }
