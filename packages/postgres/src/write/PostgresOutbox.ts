/**
 * The outbox in its table: claimed in order of position, settled rows deleted, dead ones kept beside it.
 *
 * Deleted rows stay in the index until a vacuum takes them away, and an old transaction anywhere keeps it from doing so. So that a claim
 * need not walk past them, it begins behind a mark that follows what was settled; `outbox_floor` says how far it may go.
 */
import { storableReason } from "@dueline/contracts/deadLetter"
import { Outbox, type OutboxEntry, type Settlement } from "@dueline/contracts/ports/Outbox"
import { PgTypes } from "@effect/sql-pg"
import { Clock, Effect, Layer, Result } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { Database } from "../Database.ts"
import { asking } from "../SqlFailure.ts"

/** Entries settled between two moves of the mark; a claim walks past twice as many dead ones at the most, and those on their way. */
const markEvery = 1_000

const claimStatement = `select json_build_object('position', entry_position, 'eventId', event_id, 'tenantId', tenant_id,
  'streamId', stream_id, 'topic', topic, 'payload', payload, 'failures', failures) as entry
  from dueline.claim_outbox($1::float8::bigint, $2::int4, $3::float8::bigint, $4::float8[]::bigint[])`

const floorStatement = `select mark::float8 as mark, xact
  from dueline.outbox_floor($1::float8::bigint, $2::float8::bigint, $3::text)`

interface Floor {
  readonly mark: number
  readonly xact: string | null
}

/** What one dispatcher remembers of the index. A new one begins at the start and finds its way again. */
class Mark {
  /** No entry that never failed lies at or before this position. */
  position = 0
  /** The transaction that had not begun when `seenThen` was all that had been seen; null before the first look. */
  #xact: string | null = null
  #seenThen = 0
  #seen = 0
  #settled = 0

  saw(entries: ReadonlyArray<OutboxEntry>): void {
    this.#seen = Math.max(this.#seen, entries.at(-1)?.position ?? 0)
  }

  settled(count: number): void {
    this.#settled += count
  }

  /** Whoever has just begun walks past all there is, and wants to be done with that. */
  move(sql: SqlClient) {
    if (this.#settled < (this.position === 0 ? 1 : markEvery)) return Effect.void
    const seenNow = this.#seen
    return Effect.map(sql.unsafe<Floor>(floorStatement, [this.position, this.#seenThen, this.#xact]), ([floor]) => {
      if (floor === undefined) return
      this.#settled = 0
      if (floor.xact === null) return
      this.position = Math.max(this.position, floor.mark)
      this.#xact = floor.xact
      this.#seenThen = seenNow
    })
  }
}

const claim =
  (sql: SqlClient, mark: Mark): Outbox["Service"]["claim"] =>
  ({ held = [], limit, now }) =>
    Effect.suspend(() => mark.move(sql)).pipe(
      Effect.andThen(
        Effect.suspend(() => {
          const passed = Result.getOrThrow(PgTypes.array(held, PgTypes.OID.float8))
          return sql.unsafe<{ readonly entry: OutboxEntry }>(claimStatement, [now, limit, mark.position, passed])
        })
      ),
      Effect.map((rows) => rows.map(({ entry }) => entry)),
      Effect.tap((entries) => Effect.sync(() => mark.saw(entries))),
      asking("claim the outbox")
    )

const encode = (settlement: Settlement) => ({
  k: settlement._tag,
  t: settlement.entry.tenantId,
  i: settlement.entry.eventId,
  f: settlement.entry.failures,
  r: settlement._tag === "Failed" ? settlement.retryAt : null,
  m: settlement._tag === "Delivered" ? null : storableReason(settlement.error)
})

const settle = (sql: SqlClient, mark: Mark) => (settlements: ReadonlyArray<Settlement>) =>
  settlements.length === 0
    ? Effect.void
    : Clock.currentTimeMillis.pipe(
        Effect.flatMap((now) =>
          sql.unsafe("select dueline.settle_outbox($1::text::json, $2::float8::bigint)", [
            JSON.stringify(settlements.map(encode)),
            now
          ])
        ),
        Effect.map(() => mark.settled(settlements.length)),
        asking("settle the outbox")
      )

export const layer: Layer.Layer<Outbox, never, Database> = Layer.effect(
  Outbox,
  Effect.map(Database, ({ worker }) => {
    const mark = new Mark()
    return Outbox.of({ claim: claim(worker, mark), settle: settle(worker, mark) })
  })
)
