/**
 * One statement of an operator, which reads. On the embedded server nobody has a client of its own, and the superuser's rights would be too
 * many for a look: there it runs as `dueline_reader`, who may read every table and change none.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect, type Redacted } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { withSession } from "../Database.ts"

/** The embedded server, entered as its superuser, or a server behind a URL, entered as the URL says. */
export type ReadOnlyPlace =
  | { readonly host: string; readonly port: number; readonly username: string; readonly database: string }
  | { readonly url: Redacted.Redacted }

export type ReadRow = Readonly<Record<string, unknown>>

/** Rows that nobody asked to see are not carried out of the server. */
export const readRowLimit = 1_000

/** Sees all tenants. Only the embedded server has it: a server that others use too gets no role that passes row-level security. */
const reader = "dueline_reader"
const makeReader = `do $$ begin
  if not exists (select from pg_roles where rolname = '${reader}') then
    create role ${reader} nologin bypassrls;
    grant pg_read_all_data to ${reader};
  end if;
end $$`

const ask = (sql: PgClient.PgClient, statement: string, asReader: boolean) =>
  sql.withTransaction(
    Effect.gen(function* () {
      yield* sql.unsafe("set transaction read only")
      yield* sql.unsafe("set local statement_timeout = '30s'")
      if (asReader) yield* sql.unsafe(`set local role ${reader}`)
      // A cursor takes nothing but a query, and the server lets no second statement follow it.
      yield* sql.unsafe(`declare asked no scroll cursor for ${statement}`)
      return yield* sql.unsafe<ReadRow>(`fetch ${readRowLimit + 1} from asked`)
    })
  )

/** Up to one row more than `readRowLimit`, which says that there are more. Takes a connection of its own, and at most 30 seconds. */
export const readOnly = (place: ReadOnlyPlace, statement: string): Effect.Effect<ReadonlyArray<ReadRow>, SqlError> =>
  withSession({ ...place, applicationName: "dueline sql" }, (sql) =>
    "url" in place ? ask(sql, statement, false) : Effect.andThen(sql.unsafe(makeReader), ask(sql, statement, true))
  )
