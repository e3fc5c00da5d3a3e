/** What lies sealed in the database, page by page, with what it is bound to: for whoever holds the keys and wants to know if all of it opens. */
import type { StreamKey } from "@dueline/contracts/Envelope"
import type { RowOf } from "@dueline/contracts/kinds"
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import type { ServiceCallRow } from "@dueline/contracts/serviceCall/Row"
import { Effect } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { callJson } from "../schema/callColumns.ts"
import { Database } from "../Database.ts"
import { beginning } from "./ReadModels.ts"
import { rowsTable } from "../schema/rowTables.ts"
import { retryable } from "../SqlFailure.ts"

export interface SealedCall extends StreamKey {
  readonly sealed: string | null
  readonly row: ServiceCallRow
}

export interface SealedProfile extends StreamKey {
  readonly sealed: string | null
  readonly status: string
}

/** Kinds whose rows say what has to be sealed beside them. */
type Attaching = "courier-source" | "ingestion" | "schedule" | "subscription"

export interface SealedAttachment<K extends Attaching> extends StreamKey {
  readonly sealed: string | null
  readonly row: RowOf<K>
}

/** Small enough to be held, also when every request is as long as one may be. */
const pageSize = 100

/** A call that may still be made, by itself or by hand, and every other one that has a sealed request all the same. */
const callsStatement = `select c.tenant_id as "tenantId", c.call_id as "streamId", c.sealed, ${callJson("c")} as row
  from dueline.service_calls c
  where (c.tenant_id, c.call_id) > ($1::uuid, $2::uuid) and (c.sealed is not null or c.status not in ('Succeeded', 'Cancelled'))
  order by c.tenant_id, c.call_id limit $3::int4`

const profilesStatement = `select c.tenant_id as "tenantId", c.id as "streamId", c.status, d.data_key || '.' || d.profile as sealed
  from dueline.customer_rows c left join dueline.personal_data d on d.tenant_id = c.tenant_id and d.customer_id = c.id
  where (c.tenant_id, c.id) > ($1::uuid, $2::uuid) order by c.tenant_id, c.id limit $3::int4`

const attachedStatement = (
  kind: Attaching
) => `select r.tenant_id as "tenantId", r.id as "streamId", r.row, d.data_key || '.' || d.profile as sealed
  from dueline.${rowsTable(kind)} r left join dueline.personal_data d on d.tenant_id = r.tenant_id and d.customer_id = r.id
  where (r.tenant_id, r.id) > ($1::uuid, $2::uuid) order by r.tenant_id, r.id limit $3::int4`

/** A page may walk past any number of calls that need nothing, so it has no bound in time. */
const unhurried = <Row extends object>(sql: SqlClient, statement: string, after: StreamKey) =>
  sql
    .withTransaction(
      Effect.andThen(
        sql.unsafe("select set_config('statement_timeout', '0', true)"),
        sql.unsafe<Row>(statement, [after.tenantId, after.streamId, pageSize])
      )
    )
    .pipe(retryable("read what is sealed"))

const pages = Effect.fnUntraced(function* <Row extends StreamKey, R>(
  statement: string,
  use: (row: Row) => Effect.Effect<void, never, R>
): Effect.fn.Return<number, StoreUnavailable, R | Database> {
  const { writer } = yield* Database
  let seen = 0
  for (let after: StreamKey = beginning; ; ) {
    const page = yield* unhurried<Row>(writer, statement, after)
    for (const row of page) yield* use(row)
    seen += page.length
    const last = page.at(-1)
    if (last === undefined || page.length < pageSize) return seen
    after = last
  }
})

/** Holds one page, however many there are; answers how many it showed. */
export const eachSealedCall = <R>(use: (call: SealedCall) => Effect.Effect<void, never, R>) =>
  pages(callsStatement, use)

/** Every customer, erased ones too, with the profile that is kept. */
export const eachProfile = <R>(use: (profile: SealedProfile) => Effect.Effect<void, never, R>) =>
  pages(profilesStatement, use)

/** Every one of the kind, with what is sealed of it. */
export const eachAttached = <K extends Attaching, R>(
  kind: K,
  use: (attached: SealedAttachment<K>) => Effect.Effect<void, never, R>
) => pages(attachedStatement(kind), use)
