/**
 * The read models beside the log they come from, across tenants: for whoever compares the two, or puts rows right.
 *
 * A page is read as it comes, so under a writer's hands a row may be older or newer than the events beside it: `look` says how things
 * stand at one moment. Everything is done with the rights of the writer.
 */
import type { Category, ReadModelRow } from "@dueline/contracts/kinds"
import type { StreamKey } from "@dueline/contracts/Envelope"
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { PgTypes } from "@effect/sql-pg"
import { Context, Effect, Layer, Result } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { Database } from "./Database.ts"
import type { KeptSnapshot, LogPage, LogPlace, PlacedEvent, Sight } from "./LogPage.ts"
import {
  estimateStatement,
  eventsStatement,
  lookStatement,
  overlapsStatement,
  pageStatement,
  rowsStatement,
  snapshotsStatement
} from "./readModelStatements.ts"
import { rowTables } from "./rowTables.ts"
import { asking, retryable } from "./SqlFailure.ts"

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
>()("@dueline/postgres/ReadModels") {}

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

/** It walks a table, so neither the bound on a statement nor the pinned plans of the program's sessions suit it. */
const overlaps = (sql: SqlClient): ReadModels["Service"]["overlaps"] =>
  sql
    .withTransaction(
      Effect.andThen(
        sql.unsafe(
          `select set_config('statement_timeout', '0', true), set_config('enable_seqscan', 'on', true),
            set_config('enable_bitmapscan', 'on', true)`
        ),
        sql.unsafe<StreamKey & { readonly other: string }>(overlapsStatement)
      )
    )
    .pipe(retryable("look for overlapping windows"))

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
