/**
 * The log for the edge, under row-level security: streams, and timelines by what caused them. * All events of all streams in one order, for readers
 * that follow along. * The order is (transaction, position): positions alone are drawn before commit, so a transaction that commits late would
 * appear behind a reader that has passed. Only transactions below every one still running are shown (`pg_snapshot_xmin`), hence nothing can ever
 * appear before a mark that was handed out. Transaction ids are the server's own: after a dump is restored elsewhere, readers start over.
 */
import type { Actor, RecordedEvent } from "@dueline/contracts/Envelope"
import type { StreamId, TenantId } from "@dueline/contracts/Ids"
import { EventSource, type TimelineEvent, type TimelineMark } from "@dueline/contracts/ports/History"
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { Context, Effect, Layer } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { Database } from "../Database.ts"
import { asking, reading } from "../SqlFailure.ts"

type Source = EventSource["Service"]

const streamStatement =
  "select event from dueline.stream_events($1::uuid, $2::text, $3::uuid, $4::float8::int4, $5::int4) as event"

const stream =
  (sql: SqlClient): Source["stream"] =>
  ({ after, category, limit, streamId, tenantId }) =>
    sql
      .unsafe<{ readonly event: RecordedEvent }>(streamStatement, [
        tenantId,
        category,
        streamId,
        Math.min(after, 2_147_483_647),
        limit
      ])
      .pipe(
        Effect.map((rows) => rows.map(({ event }) => event)),
        reading("read a stream")
      )

/** Before the first event; no stream has the nil id and a version below 1. */
const fromTheStart = { recordedAt: 0, streamId: "00000000-0000-0000-0000-000000000000", version: 0 }

const timelineStatement =
  "select event from dueline.timeline($1::uuid, $2::text, $3::float8, $4::uuid, $5::float8::int4, $6::int4) as event"

const correlated =
  (sql: SqlClient): Source["correlated"] =>
  ({ after, correlationId, limit, tenantId }) => {
    const { recordedAt, streamId, version }: TimelineMark | typeof fromTheStart = after ?? fromTheStart
    return sql
      .unsafe<{ readonly event: TimelineEvent }>(timelineStatement, [
        tenantId,
        correlationId,
        recordedAt,
        streamId,
        version,
        limit
      ])
      .pipe(
        Effect.map((rows) => rows.map(({ event }) => event)),
        reading("read a timeline")
      )
  }

const makers =
  (sql: SqlClient): Source["makers"] =>
  (tenantId, streamIds) =>
    sql
      .unsafe<{ readonly found: Readonly<Record<string, Actor>> }>(
        "select dueline.makers_of($1::uuid, $2::uuid[]) as found",
        [tenantId, streamIds]
      )
      .pipe(
        Effect.map(([row]) => new Map(Object.entries(row?.found ?? {}))),
        reading("tell who made something")
      )

export const layer: Layer.Layer<EventSource, never, Database> = Layer.effect(
  EventSource,
  Effect.map(Database, ({ edge }) =>
    EventSource.of({ stream: stream(edge), correlated: correlated(edge), makers: makers(edge) })
  )
)

/** Where a reader stands: everything up to and with this event has been read. */
export interface LogMark {
  /** A 64-bit number in decimal. */
  readonly transaction: string
  readonly position: number
}

export interface LoggedEvent extends RecordedEvent {
  readonly mark: LogMark
  readonly tenantId: TenantId
  readonly streamId: StreamId
  readonly category: string
}

/** Before the first event. */
export const start: LogMark = { transaction: "0", position: 0 }

export class EventLog extends Context.Service<
  EventLog,
  {
    /** Up to `limit` events after the mark. Fewer, or none, while an older transaction is still open. */
    readonly read: (after: LogMark, limit: number) => Effect.Effect<ReadonlyArray<LoggedEvent>, StoreUnavailable>
  }
>()("@dueline/postgres/read/EventLog") {}

const readStatement = "select dueline.read_log($1::text::bigint, $2::float8::bigint, $3::int4) as event"

export const layerEventLog: Layer.Layer<EventLog, never, Database> = Layer.effect(
  EventLog,
  Effect.map(Database, ({ writer }) =>
    EventLog.of({
      read: (after, limit) =>
        writer.unsafe<{ readonly event: LoggedEvent }>(readStatement, [after.transaction, after.position, limit]).pipe(
          Effect.map((rows) => rows.map(({ event }) => event)),
          asking("read the event log")
        )
    })
  )
)
