/**
 * All events of all streams in one order, for readers that follow along.
 *
 * The order is (transaction, position): positions alone are drawn before commit, so a transaction that commits late would appear behind
 * a reader that has passed. Only transactions below every one still running are shown (`pg_snapshot_xmin`), hence nothing can ever
 * appear before a mark that was handed out. Transaction ids are the server's own: after a dump is restored elsewhere, readers start over.
 */
import type { RecordedEvent } from "@dueline/contracts/Envelope"
import type { StreamId, TenantId } from "@dueline/contracts/Ids"
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { Context, Effect, Layer } from "effect"
import { Database } from "../Database.ts"
import { asking } from "../SqlFailure.ts"

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

export const layer: Layer.Layer<EventLog, never, Database> = Layer.effect(
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
