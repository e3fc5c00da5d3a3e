/** Live calls in their table, read along the index of due times, without their contents. */
import type { WorkerId } from "@dueline/contracts/Ids"
import { type Abandoned, Backlog, type Holding } from "@dueline/contracts/ports/Backlog"
import type { Alarm } from "@dueline/contracts/ports/Timer"
import { Effect, Layer } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { Database } from "./Database.ts"
import { asking } from "./SqlFailure.ts"

const upcomingStatement = `select
    json_build_object('tenantId', tenant_id, 'callId', call_id, 'revision', revision, 'dueAt', due_at) as alarm
  from dueline.service_calls
  where wake_at is not null and wake_at <= $1::float8::bigint and (wake_at, call_id) > ($2::float8::bigint, $3::uuid)
    and status = 'Scheduled'
  order by wake_at, call_id limit $4::int4`

const beforeAll = { dueAt: Number.MIN_SAFE_INTEGER, callId: "00000000-0000-0000-0000-000000000000" }

type Backlogged = Backlog["Service"]

const upcoming =
  (sql: SqlClient): Backlogged["upcoming"] =>
  ({ after, before, limit }) => {
    const mark = after ?? beforeAll
    return sql.unsafe<{ readonly alarm: Alarm }>(upcomingStatement, [before, mark.dueAt, mark.callId, limit]).pipe(
      Effect.map((rows) => rows.map(({ alarm }) => alarm)),
      asking("read what is due")
    )
  }

/** How many live calls one look may walk past; those beyond come into reach as the ones before them end. */
const budget = 50_000

/** A running call keeps the due time it was started for, so the index of due times leads to it. */
const abandonedStatement = `select
    json_build_object('tenantId', tenant_id, 'callId', call_id, 'epoch', epoch, 'worker', worker) as holding
  from (
    select tenant_id, call_id, epoch, worker, status, lease_until from dueline.service_calls
    where wake_at is not null order by wake_at, call_id limit ${budget}
  ) live
  where status = 'Running' and (lease_until < $1::float8::bigint or worker <> $2::text)
  limit $3::int4`

const abandoned =
  (sql: SqlClient): Backlogged["abandoned"] =>
  ({ limit, now, soleWorker }) =>
    sql.unsafe<{ readonly holding: Abandoned }>(abandonedStatement, [now, soleWorker, limit]).pipe(
      Effect.map((rows) => rows.map(({ holding }) => holding)),
      asking("look for abandoned calls")
    )

const encode = ({ callId, epoch, tenantId }: Holding) => ({ t: tenantId, c: callId, e: epoch })

const extend =
  (sql: SqlClient) =>
  (options: { readonly worker: WorkerId; readonly holdings: ReadonlyArray<Holding>; readonly until: number }) =>
    options.holdings.length === 0
      ? Effect.void
      : sql
          .unsafe("select dueline.extend_leases($1::text, $2::float8::bigint, $3::text::json)", [
            options.worker,
            options.until,
            JSON.stringify(options.holdings.map(encode))
          ])
          .pipe(Effect.asVoid, asking("extend leases"))

export const layer: Layer.Layer<Backlog, never, Database> = Layer.effect(
  Backlog,
  Effect.map(Database, ({ worker }) =>
    Backlog.of({ upcoming: upcoming(worker), abandoned: abandoned(worker), extend: extend(worker) })
  )
)
