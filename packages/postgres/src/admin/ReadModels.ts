/**
 * The read models beside the log they come from, across tenants: for whoever compares the two, or puts rows right.
 *
 * A page is read as it comes, so under a writer's hands a row may be older or newer than the events beside it: `look` says how things
 * stand at one moment. Everything is done with the rights of the writer.
 */
import type { RecordedEvent, StreamKey } from "@dueline/contracts/Envelope"
import type { Category, ReadModelRow } from "@dueline/contracts/kinds"
import type { Snapshot, StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { PgTypes } from "@effect/sql-pg"
import { Context, Effect, Layer, Result } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { Database } from "../Database.ts"
import { asking, retryable } from "../SqlFailure.ts"
import { type RowTable, rowTables } from "../schema/rowTables.ts"

const columns = `e.tenant_id as "tenantId", e.stream_id as "streamId", e.version, e.category, e.type, e.event_version as "eventVersion",
    (extract(epoch from e.recorded_at) * 1000)::bigint::float8 as "recordedAt"`

export const pageStatement = `select ${columns}, case when e.category = any($5) then e.payload end as payload from dueline.events e
  where (e.tenant_id, e.stream_id, e.version) > ($1::uuid, $2::uuid, $3::int4)
  order by e.tenant_id, e.stream_id, e.version limit $4::int4`

export const rowsStatement = (categories: ReadonlyArray<Category>): string =>
  rowTables
    .filter(({ category }) => categories.includes(category))
    .map(
      ({ id, json, table }) => `select ${json("r")} as row from dueline.${table} r
    where (r.tenant_id, r.${id}) > ($1::uuid, $2::uuid) and (r.tenant_id, r.${id}) <= ($3::uuid, $4::uuid)`
    )
    .join(" union all ")

export const eventsStatement = `select ${columns}, e.payload, e.metadata ->> 'commandId' as "commandId" from dueline.events e
  where e.tenant_id = $1::uuid and e.stream_id = $2::uuid and e.version > $3::int4 order by e.version limit $4::int4`

export const lookStatement = ({ id, json, table }: RowTable): string =>
  `select k.t as "tenantId", k.s as "streamId", coalesce((
      select e.version from dueline.events e where e.tenant_id = k.t and e.stream_id = k.s and e.category = $3
        order by e.version desc limit 1), 0) as version,
    (select ${json("r")} from dueline.${table} r where r.tenant_id = k.t and r.${id} = k.s) as row
  from unnest($1, $2) as k(t, s)`

export const snapshotsStatement = `select s.tenant_id as "tenantId", s.stream_id as "streamId", e.category, e.version as "streamVersion",
    json_build_object('version', s.version, 'form', s.form, 'state', s.state) as snapshot
  from dueline.snapshots s
    join lateral (select e.category, e.version from dueline.events e where e.tenant_id = s.tenant_id and e.stream_id = s.stream_id
      order by e.version desc limit 1) e on true
  where (s.tenant_id, s.stream_id) > ($1::uuid, $2::uuid) order by s.tenant_id, s.stream_id limit $3::int4`

export const overlapsStatement = `with held as (
    select o.*, max(o.window_to) over (partition by o.tenant_id, o.bin_id order by o.window_from, o.id
      rows between unbounded preceding and 1 preceding) as taken_to
    from dueline.order_rows o where o.status in ('Scheduled', 'Confirmed')
  )
  select h.tenant_id as "tenantId", h.id as "streamId", (
      select o.id from held o where o.tenant_id = h.tenant_id and o.bin_id = h.bin_id and o.id <> h.id
        and o.window_from <= h.window_from and o.window_to > h.window_from limit 1) as other
  from held h where h.window_from < h.taken_to limit 100`

export const estimateStatement = `select greatest(reltuples, 0)::float8 as events from pg_class where oid = 'dueline.events'::regclass`

type Answer<A> = Effect.Effect<A, StoreUnavailable>

export class ReadModels extends Context.Service<
  ReadModels,
  {
    /** How many events there are, from the server's own statistics: near enough for a progress bar. */
    readonly estimate: Answer<number>
    /** The log in the order of its streams. */
    readonly page: (after: LogPlace, limit: number, categories: ReadonlyArray<Category>) => Answer<LogPage>
    /** Those of a stream with `version > after`, with the commands that led to them. */
    readonly events: (
      stream: StreamKey,
      after: number,
      limit: number
    ) => Answer<ReadonlyArray<PlacedEvent & { readonly commandId: string }>>
    readonly look: (category: Category, streams: ReadonlyArray<StreamKey>) => Answer<ReadonlyArray<Sight>>
    /** Active orders whose window begins while an earlier one of their bin lasts: the first hundred, as the rows have it. */
    readonly overlaps: Answer<ReadonlyArray<StreamKey & { readonly other: string }>>
    /** Snapshots in the order of their streams, behind the given one. */
    readonly snapshots: (after: StreamKey, limit: number) => Answer<ReadonlyArray<KeptSnapshot>>
  }
>()("@dueline/postgres/admin/ReadModels") {}

const { text, uuid } = PgTypes.OID

/** Two columns of a statement: where the streams are. */
export const keyColumns = (streams: ReadonlyArray<StreamKey>) => [
  Result.getOrThrow(
    PgTypes.array(
      streams.map(({ tenantId }) => tenantId),
      uuid
    )
  ),
  Result.getOrThrow(
    PgTypes.array(
      streams.map(({ streamId }) => streamId),
      uuid
    )
  )
]

const theEnd = "ffffffff-ffff-ffff-ffff-ffffffffffff"

const page =
  (sql: SqlClient): ReadModels["Service"]["page"] =>
  (after, limit, categories) =>
    Effect.gen(function* () {
      const wanted = Result.getOrThrow(PgTypes.array([...categories], text))
      const from = [after.tenantId, after.streamId]
      const events = yield* sql.unsafe<PlacedEvent>(pageStatement, [...from, after.version, limit, wanted])
      const last = events.length < limit ? undefined : events.at(-1)
      const to = last === undefined ? [theEnd, theEnd] : [last.tenantId, last.streamId]
      const rows = yield* sql.unsafe<{ readonly row: ReadModelRow }>(rowsStatement(categories), [...from, ...to])
      return { events, rows: rows.map(({ row }) => row) }
    }).pipe(asking("read the log"))

/** One statement, so one moment. */
const look =
  (sql: SqlClient): ReadModels["Service"]["look"] =>
  (category, streams) => {
    const model = rowTables.find((each) => each.category === category)
    if (model === undefined || streams.length === 0) return Effect.succeed([])
    return sql
      .unsafe<Sight>(lookStatement(model), [...keyColumns(streams), category])
      .pipe(asking("look at the read model"))
  }

/** For a statement that walks a table: neither the bound on a statement nor the pinned plans of the program's sessions suit it. */
export const askWhole = <Row extends object>(
  sql: SqlClient,
  statement: string,
  parameters: ReadonlyArray<unknown> = []
) =>
  sql.withTransaction(
    Effect.andThen(
      sql.unsafe(
        `select set_config('statement_timeout', '0', true), set_config('enable_seqscan', 'on', true),
          set_config('enable_bitmapscan', 'on', true)`
      ),
      sql.unsafe<Row>(statement, parameters)
    )
  )

const overlaps = (sql: SqlClient): ReadModels["Service"]["overlaps"] =>
  askWhole<StreamKey & { readonly other: string }>(sql, overlapsStatement).pipe(
    retryable("look for overlapping windows")
  )

export const layer: Layer.Layer<ReadModels, never, Database> = Layer.effect(
  ReadModels,
  Effect.map(Database, ({ writer }) =>
    ReadModels.of({
      estimate: writer.unsafe<{ readonly events: number }>(estimateStatement).pipe(
        Effect.map(([row]) => row?.events ?? 0),
        asking("count the events")
      ),
      page: page(writer),
      events: ({ streamId, tenantId }, after, limit) =>
        writer
          .unsafe<PlacedEvent & { readonly commandId: string }>(eventsStatement, [tenantId, streamId, after, limit])
          .pipe(asking("read a stream")),
      look: look(writer),
      overlaps: overlaps(writer),
      snapshots: ({ streamId, tenantId }, limit) =>
        writer.unsafe<KeptSnapshot>(snapshotsStatement, [tenantId, streamId, limit]).pipe(asking("read the snapshots"))
    })
  )
)

/** What is seen of the log, and of the read models beside it. */
export interface LogPlace extends StreamKey {
  readonly version: number
}

/** Before the first event. */
export const beginning = {
  tenantId: "00000000-0000-0000-0000-000000000000",
  streamId: "00000000-0000-0000-0000-000000000000",
  version: 0
} as LogPlace

export interface PlacedEvent extends LogPlace, Pick<RecordedEvent, "type" | "eventVersion" | "recordedAt"> {
  readonly category: string
  /** Null in an event of another category than those asked for. */
  readonly payload: unknown
}

export interface LogPage {
  readonly events: ReadonlyArray<PlacedEvent>
  /** Of every stream behind that of the place asked from, up to that of the last event; after the last page's events, all that are left. */
  readonly rows: ReadonlyArray<ReadModelRow>
}

/** A stream and its row at one moment. */
export interface Sight extends StreamKey {
  /** 0 when there is no such stream. */
  readonly version: number
  readonly row: ReadModelRow | null
}

export interface KeptSnapshot extends StreamKey {
  readonly category: Category
  /** Of the stream. */
  readonly streamVersion: number
  readonly snapshot: Snapshot
}

/** Puts rows of the read models right, beside a writer that may be at work on the same ones. */
export class RowRepair extends Context.Service<
  RowRepair,
  {
    /** One transaction: what is done in it with the writer's connection happens as a whole. */
    readonly together: <A, E, R>(work: Effect.Effect<A, E, R>) => Effect.Effect<A, E | StoreUnavailable, R>
    /** Those of the rows that nobody is writing at this moment: until the transaction ends nobody can. */
    readonly hold: (
      category: Category,
      streams: ReadonlyArray<StreamKey>
    ) => Effect.Effect<ReadonlyArray<StreamKey>, StoreUnavailable>
    /** Takes away those of the rows that no event speaks of; says how many that were. */
    readonly drop: (category: Category, streams: ReadonlyArray<StreamKey>) => Effect.Effect<number, StoreUnavailable>
  }
>()("@dueline/postgres/admin/RowRepair") {}

const hold =
  (sql: SqlClient): RowRepair["Service"]["hold"] =>
  (category, streams) =>
    sql
      .unsafe<StreamKey>('select tenant_id as "tenantId", id as "streamId" from dueline.hold_rows($1, $2, $3)', [
        category,
        ...keyColumns(streams)
      ])
      .pipe(asking("hold rows"))

const drop =
  (sql: SqlClient): RowRepair["Service"]["drop"] =>
  (category, streams) =>
    sql
      .unsafe<{ readonly dropped: number }>("select dueline.drop_rows($1, $2, $3) as dropped", [
        category,
        ...keyColumns(streams)
      ])
      .pipe(
        Effect.map(([row]) => row?.dropped ?? 0),
        asking("drop rows")
      )

export const layerRowRepair: Layer.Layer<RowRepair, never, Database> = Layer.effect(
  RowRepair,
  Effect.map(Database, ({ writer }) =>
    RowRepair.of({
      together: (work) => writer.withTransaction(work).pipe(asking("repair rows")),
      hold: hold(writer),
      drop: drop(writer)
    })
  )
)
