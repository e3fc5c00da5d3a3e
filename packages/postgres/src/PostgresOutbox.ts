/** The outbox in its table: claimed in order of position, settled rows deleted, dead ones kept beside it. */
import { Outbox, type OutboxEntry, type Settlement } from "@dueline/contracts/ports/Outbox"
import { Clock, Effect, Layer } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { Database } from "./Database.ts"
import { asking } from "./SqlFailure.ts"

const claimStatement = `select json_build_object('position', entry_position, 'eventId', event_id, 'tenantId', tenant_id,
  'streamId', stream_id, 'topic', topic, 'payload', payload, 'failures', failures) as entry
  from dueline.claim_outbox($1::float8::bigint, $2::int4)`

const claim =
  (sql: SqlClient) =>
  ({ limit, now }: { readonly now: number; readonly limit: number }) =>
    sql.unsafe<{ readonly entry: OutboxEntry }>(claimStatement, [now, limit]).pipe(
      Effect.map((rows) => rows.map(({ entry }) => entry)),
      asking("claim the outbox")
    )

const storable = (text: string): string => text.toWellFormed().replaceAll("\0", "\uFFFD").slice(0, 2_000)

const encode = (settlement: Settlement) => ({
  k: settlement._tag,
  t: settlement.entry.tenantId,
  i: settlement.entry.eventId,
  f: settlement.entry.failures,
  r: settlement._tag === "Failed" ? settlement.retryAt : null,
  m: settlement._tag === "Delivered" ? null : storable(settlement.error)
})

const settle = (sql: SqlClient) => (settlements: ReadonlyArray<Settlement>) =>
  settlements.length === 0
    ? Effect.void
    : Clock.currentTimeMillis.pipe(
        Effect.flatMap((now) =>
          sql.unsafe("select dueline.settle_outbox($1::text::json, $2::float8::bigint)", [
            JSON.stringify(settlements.map(encode)),
            now
          ])
        ),
        Effect.asVoid,
        asking("settle the outbox")
      )

export const layer: Layer.Layer<Outbox, never, Database> = Layer.effect(
  Outbox,
  Effect.map(Database, ({ worker }) => Outbox.of({ claim: claim(worker), settle: settle(worker) }))
)
