/** Live calls in their table, read along the index of due times, without their contents. */
import { type Abandoned, Backlog, type Holding } from "@dueline/contracts/ports/Backlog"
import type { Alarm } from "@dueline/contracts/ports/Timer"
import { Effect, Layer } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { Database } from "../Database.ts"
import { asking } from "../SqlFailure.ts"

const upcomingStatement = "select dueline.upcoming($1::float8::bigint, $2::float8::bigint, $3::uuid, $4::int4) as alarm"

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

/** Live calls that one statement walks past, and statements of one look. Those beyond come into reach as the ones before them end. */
const stretch = 10_000
const stretches = 100

/** A running call's due time lies behind it, on the clock that started it: no other clock is further from that one, in milliseconds. */
const skewMs = 120_000

/** A running call keeps the due time it was started for, so the index of due times leads to it. */
const reach = `from dueline.service_calls
  where wake_at is not null and wake_at <= $1::float8::bigint + ${skewMs}
    and (wake_at, call_id) > ($5::float8::bigint, $6::uuid)
  order by wake_at, call_id`

const abandonedStatement = `select
  (select coalesce(json_agg(holding), '[]'::json) from (
    select json_build_object('tenantId', tenant_id, 'callId', call_id, 'epoch', epoch, 'worker', worker, 'leaseUntil', lease_until) as holding
    from (select tenant_id, call_id, epoch, worker, status, lease_until ${reach} limit ${stretch}) live
    where status = 'Running' and (
      lease_until < $1::float8::bigint or worker <> $2::text
      or worker = any (array(select json_array_elements_text($3::text::json)))
    )
    limit $4::int4
  ) lost) as found,
  (select json_build_object('dueAt', wake_at, 'callId', call_id) ${reach} limit 1 offset ${stretch - 1}) as last`

interface Stretch {
  readonly found: ReadonlyArray<Abandoned>
  /** Null: there are no more live calls. */
  readonly last: typeof beforeAll | null
}

const abandoned = (sql: SqlClient): Backlogged["abandoned"] =>
  Effect.fnUntraced(function* ({ deadWorkers, limit, now, soleWorker }) {
    const found: Array<Abandoned> = []
    let mark = beforeAll
    for (let n = 0; n < stretches && found.length < limit; n += 1) {
      const left = limit - found.length
      const names = JSON.stringify(deadWorkers)
      const parameters = [now, soleWorker, names, left, mark.dueAt, mark.callId]
      const [walked] = yield* sql
        .unsafe<Stretch>(abandonedStatement, parameters)
        .pipe(asking("look for abandoned calls"))
      found.push(...(walked?.found ?? []))
      if (walked === undefined || walked.last === null) break
      mark = walked.last
    }
    return found
  })

const encode = ({ callId, epoch, tenantId }: Holding) => ({ t: tenantId, c: callId, e: epoch })

/** By their places in the list that was asked for. */
interface Renewal {
  readonly renewed: ReadonlyArray<number>
  readonly gone: ReadonlyArray<number>
}

const renewStatement = "select dueline.renew_leases($1::text, $2::float8::bigint, $3::text::json) as renewal"

const extend =
  (sql: SqlClient): Backlogged["extend"] =>
  ({ holdings, until, worker }) => {
    if (holdings.length === 0) return Effect.succeed({ renewed: [], gone: [] })
    const at = (places: ReadonlyArray<number> = []) =>
      places.flatMap((place): ReadonlyArray<Holding> => holdings.slice(place, place + 1))
    return sql
      .unsafe<{ readonly renewal: Renewal }>(renewStatement, [worker, until, JSON.stringify(holdings.map(encode))])
      .pipe(
        Effect.map(([row]) => ({ renewed: at(row?.renewal.renewed), gone: at(row?.renewal.gone) })),
        asking("extend leases")
      )
  }

export const layer: Layer.Layer<Backlog, never, Database> = Layer.effect(
  Backlog,
  Effect.map(Database, ({ worker }) =>
    Backlog.of({ upcoming: upcoming(worker), abandoned: abandoned(worker), extend: extend(worker) })
  )
)
