/**
 * Brings a database to the schema this program knows: forward only, each step in a transaction of its own, one program at a time,
 * every applied step recorded with its checksum. Running it again changes nothing.
 */
import { Effect, Schema } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { checksumOf, type Migration } from "./migrations/Migration.ts"
import { migrations } from "./migrations/migrations.ts"
import { ensureRoles } from "./Roles.ts"
import { serverWords } from "./SqlFailure.ts"

/** The database is not one this program may touch: newer than it, or its history differs. */
export class MigrationRefused extends Schema.TaggedError<MigrationRefused>()("MigrationRefused", {
  detail: Schema.String
}) {
  override get message(): string {
    return this.detail
  }
}

interface Applied {
  readonly id: number
  readonly checksum: string
}

/** One number for the lock of all programs that would migrate the same database. */
const lockKey = 7_305_812_466_031

/** Why this program may not touch a database with this history; null when it may. */
export const refusal = (known: ReadonlyArray<Migration>, applied: ReadonlyArray<Applied>): MigrationRefused | null => {
  for (const { checksum, id } of applied) {
    const migration = known.find((candidate) => candidate.id === id)
    if (migration === undefined) {
      return new MigrationRefused({
        detail: `the database has migration ${id}, this program ends at ${known.length}: use a newer program`
      })
    }
    if (checksumOf(migration) !== checksum) {
      return new MigrationRefused({
        detail:
          `this database was made by another version of the program (its step ${id}, ${migration.name}, has other contents): ` +
          "use that version, or start with another DUELINE_HOME"
      })
    }
  }
  return null
}

/** What was applied to the database, in order; nothing when it is empty. */
export const applied = (sql: SqlClient): Effect.Effect<ReadonlyArray<Applied>, SqlError> =>
  sql.unsafe<Applied>("select id, checksum from dueline.migrations order by id").pipe(
    Effect.catchIf(
      (error) => ["42P01", "3F000"].includes(serverWords(error).code),
      () => Effect.succeed([])
    )
  )

const bootstrap = [
  `do $$ begin
    if not exists (select from pg_namespace where nspname = 'dueline') then
      create schema dueline authorization dueline_owner;
    end if;
  end $$`,
  `do $$ begin
    set local role dueline_owner;
    create table if not exists dueline.migrations (
      id integer primary key, name text not null, checksum text not null, applied_at timestamptz not null default now()
    );
  end $$`
]

/** `dueline_append` may create in the schema only while it is being handed its functions. */
const apply = (sql: SqlClient, migration: Migration) =>
  sql.withTransaction(
    Effect.forEach(
      [
        "set local role dueline_owner",
        "grant create on schema dueline to dueline_append",
        ...migration.statements,
        "revoke create on schema dueline from dueline_append",
        `insert into dueline.migrations (id, name, checksum) values (${migration.id}, '${migration.name}', '${checksumOf(migration)}')`
      ],
      (statement) => sql.unsafe(statement),
      { discard: true }
    )
  )

const underLock = (sql: SqlClient, known: ReadonlyArray<Migration>, canLogIn: boolean) =>
  Effect.gen(function* () {
    yield* ensureRoles(sql, canLogIn)
    yield* Effect.forEach(bootstrap, (statement) => sql.unsafe(statement), { discard: true })
    const before = yield* applied(sql)
    const refused = refusal(known, before)
    if (refused !== null) return yield* Effect.fail(refused)
    const missing = known.filter((migration) => !before.some(({ id }) => id === migration.id))
    yield* Effect.forEach(missing, (migration) => apply(sql, migration), { discard: true })
    return missing.map(({ name }) => name)
  })

/**
 * `sql` must be a client of one connection, since the lock belongs to a session, logged in as somebody who may create roles and
 * schemas. Answers with the names of what it applied; costs one statement when there is nothing to do.
 */
export const migrate = (
  sql: SqlClient,
  options: { readonly canLogIn: boolean; readonly known?: ReadonlyArray<Migration> }
): Effect.Effect<ReadonlyArray<string>, MigrationRefused | SqlError> =>
  Effect.gen(function* () {
    const known = options.known ?? migrations
    const before = yield* applied(sql)
    const refused = refusal(known, before)
    if (refused !== null) return yield* Effect.fail(refused)
    if (before.length === known.length) return []
    return yield* Effect.acquireUseRelease(
      sql.unsafe(`select pg_advisory_lock(${lockKey})`),
      () => underLock(sql, known, options.canLogIn),
      () => Effect.ignore(sql.unsafe(`select pg_advisory_unlock(${lockKey})`))
    )
  })
