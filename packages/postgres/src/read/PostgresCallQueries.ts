/** What the edge reads about calls, under row-level security, at a cost per page that does not grow with the table. */
import type { RecordedEvent } from "@dueline/contracts/Envelope"
import {
  type CallFilter,
  type CallPage,
  CallQueries,
  flowCountLimit,
  type FlowState,
  type PageMark
} from "@dueline/contracts/ports/Queries"
import type { ServiceCallRow } from "@dueline/contracts/serviceCall/Row"
import { Effect, Layer } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { Database } from "../Database.ts"
import { reading } from "../SqlFailure.ts"

/** Rows that one filtered page looks at. */
export const scanBudget = 2_000

const fromTheTop = { createdAt: Number.MAX_SAFE_INTEGER, callId: "ffffffff-ffff-ffff-ffff-ffffffffffff" }

const nul = "\0"

/** Nothing stored holds U+0000, and the database would not take the question. */
const matchesNothing = ({ search, tags }: CallFilter): boolean =>
  search?.includes(nul) === true || tags.some((tag) => tag.includes(nul))

const isNarrow = ({ dueFrom, dueTo, search, status, tags }: CallFilter): boolean =>
  tags.length > 0 ||
  dueFrom !== null ||
  dueTo !== null ||
  search !== null ||
  (status !== null && status !== "Failed" && status !== "Cancelled")

interface ListedRow {
  readonly calls: ReadonlyArray<ServiceCallRow>
  readonly walked: number
  readonly reached: PageMark | null
}

/** One row more than asked for was looked up, to know whether a next page exists. */
const pageOf = ({ calls, reached, walked }: ListedRow, limit: number, budget: number): CallPage => {
  const rows = calls.slice(0, limit)
  const last = rows.at(-1)
  if (calls.length > limit && last !== undefined)
    return { rows, next: { createdAt: last.createdAt, callId: last.callId } }
  return { rows, next: walked === budget ? reached : null }
}

const listStatement = `select calls, walked, reached from dueline.list_calls($1::uuid, $2::float8::bigint, $3::uuid, $4::text,
  (select array_agg(tag) from json_array_elements_text($5::text::json) tag), $6::float8::bigint, $7::float8::bigint, $8::text,
  $9::int4, $10::int4)`

type Queries = CallQueries["Service"]

const list =
  (sql: SqlClient): Queries["list"] =>
  ({ after, filter, limit, tenantId }) => {
    if (matchesNothing(filter)) return Effect.succeed({ rows: [], next: null })
    const mark = after ?? fromTheTop
    const budget = isNarrow(filter) ? Math.max(scanBudget, limit + 1) : limit + 1
    const tags = filter.tags.length === 0 ? null : JSON.stringify(filter.tags)
    const parameters = [
      tenantId,
      mark.createdAt,
      mark.callId,
      filter.status,
      tags,
      filter.dueFrom,
      filter.dueTo,
      filter.search,
      budget,
      limit + 1
    ]
    return sql.unsafe<ListedRow>(listStatement, parameters).pipe(
      Effect.map(([row]): CallPage => (row === undefined ? { rows: [], next: null } : pageOf(row, limit, budget))),
      reading("list calls")
    )
  }

const find =
  (sql: SqlClient): Queries["find"] =>
  (tenantId, callId) =>
    sql
      .unsafe<{ readonly call: ServiceCallRow | null }>("select dueline.find_call($1::uuid, $2::uuid) as call", [
        tenantId,
        callId
      ])
      .pipe(
        Effect.map(([row]) => row?.call ?? null),
        reading("find a call")
      )

const findMany =
  (sql: SqlClient): Queries["findMany"] =>
  (tenantId, callIds) =>
    sql
      .unsafe<{ readonly calls: ReadonlyArray<ServiceCallRow> }>(
        "select dueline.find_calls($1::uuid, string_to_array($2::text, ',')::uuid[]) as calls",
        [tenantId, callIds.join(",")]
      )
      .pipe(
        Effect.map(([row]) => row?.calls ?? []),
        reading("find calls")
      )

const flow =
  (sql: SqlClient): Queries["flow"] =>
  (tenantId, key, now) =>
    sql
      .unsafe<{ readonly state: FlowState }>(
        "select dueline.flow_state($1::uuid, $2::text, $3::float8::bigint, $4::int4) as state",
        [tenantId, key, now, flowCountLimit]
      )
      .pipe(
        Effect.map(([row]) => row?.state ?? { running: 0, waiting: 0 }),
        reading("look at a flow")
      )

const historyStatement =
  "select event from dueline.call_history($1::uuid, $2::uuid, $3::float8::int4, $4::int4) as event"

const history =
  (sql: SqlClient): Queries["history"] =>
  ({ after, callId, limit, tenantId }) =>
    sql
      .unsafe<{ readonly event: RecordedEvent }>(historyStatement, [
        tenantId,
        callId,
        Math.min(after, 2_147_483_647),
        limit
      ])
      .pipe(
        Effect.map((rows) => rows.map(({ event }) => event)),
        reading("read a history")
      )

export const layer: Layer.Layer<CallQueries, never, Database> = Layer.effect(
  CallQueries,
  Effect.map(Database, ({ edge }) =>
    CallQueries.of({
      list: list(edge),
      find: find(edge),
      findMany: findMany(edge),
      flow: flow(edge),
      history: history(edge)
    })
  )
)
