/**
 * One page of a list under a specification.
 *
 * The specification becomes a part of the statement, its values become parameters, so there is no function that could hold it: the
 * tenant is set and the page read in one transaction. A function that executes a condition it is handed would save three short round
 * trips, and would be a place where the text of a statement comes from outside.
 */
import { kinds, type OpsCategory, rowId, type RowOf } from "@dueline/contracts/kinds"
import type { ListOptions, RowMark, RowPage } from "@dueline/contracts/ports/Queries"
import { Effect } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { fieldColumns, rowsTable } from "../schema/rowTables.ts"
import { reading } from "../SqlFailure.ts"
import { specificationSql } from "./specificationSql.ts"

/** Rows that one filtered page looks at. */
export const scanBudget = 2_000

const fromTheTop: RowMark = { createdAt: Number.MAX_SAFE_INTEGER, id: "ffffffff-ffff-ffff-ffff-ffffffffffff" }

/**
 * Walks the list's index from the mark until it has $5 hits or has seen $4 rows. Where that was not enough the answer says at which row
 * the walk ended, if there is one so far on. Those rows are gone past twice, which is cheaper than to go past all of them every time.
 */
const statement = (table: string, condition: string): string => {
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
  const read = sql.unsafe<Page<Row>>(statement(rowsTable(kind), condition), parameters)
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
