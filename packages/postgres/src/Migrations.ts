/**
 * Brings a database to the schema this program knows: forward only, each step in a transaction of its own, one program at a time,
 * every applied step recorded with its checksum; then its functions, where their text is another (ADR-0025). Running it again changes
 * nothing.
 */
import { Effect, Schedule } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import {
  applied,
  type DatabaseSchema,
  type Missing,
  MigrationRefused,
  missing,
  programSchema,
  stepsIn
} from "./migrations/DatabaseSchema.ts"
import { checksumOf, type Migration } from "./migrations/Migration.ts"
import { replaceFunctions } from "./migrations/replaceFunctions.ts"
import { ensureRoles } from "./Roles.ts"
import { serverWords } from "./SqlFailure.ts"

/** One number for the lock of all programs that would migrate the same database. */
const lockKey = 7_305_812_466_031

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
    create table if not exists dueline.repeatables (
      name text primary key, checksum text not null, signatures text[] not null,
      release text not null, serves text not null, applied_at timestamptz not null default now()
    );
    grant select on dueline.repeatables to dueline_writer, dueline_edge, dueline_worker;
  end $$`
]

/**
 * Programs may be at work meanwhile. Whoever waits for a table's lock makes everybody wait who comes after: so a step that does not get
 * its locks in this time is given up, lets them through, and is tried again.
 */
const usualLockPatience = "3s"
const lockNotAvailable = "55P03"
const again = { schedule: Schedule.spaced("1 second"), times: 60 }

/** In a transaction, as the owner of the schema. `dueline_append` may create in it only while it is being handed its functions. */
const asOwner = <E>(sql: SqlClient, lockPatience: string, change: Effect.Effect<unknown, E | SqlError>) =>
  sql
    .withTransaction(
      Effect.gen(function* () {
        yield* sql.unsafe(`set local lock_timeout = '${lockPatience}'`)
        yield* sql.unsafe("set local role dueline_owner")
        yield* sql.unsafe("grant create on schema dueline to dueline_append")
        yield* change
        yield* sql.unsafe("revoke create on schema dueline from dueline_append")
      })
    )
    .pipe(
      Effect.retry({ ...again, while: (error) => isSqlError(error) && serverWords(error).code === lockNotAvailable })
    )

const apply = (sql: SqlClient, lockPatience: string, migration: Migration) =>
  asOwner(
    sql,
    lockPatience,
    Effect.andThen(
      Effect.forEach(migration.statements, (statement) => sql.unsafe(statement), { discard: true }),
      sql.unsafe("insert into dueline.migrations (id, name, checksum) values ($1, $2, $3)", [
        migration.id,
        migration.name,
        checksumOf(migration)
      ])
    )
  )

const lookedUp = (sql: SqlClient, schema: DatabaseSchema): Effect.Effect<Missing, MigrationRefused | SqlError> =>
  Effect.flatMap(applied(sql), (has) => {
    const lacks = missing(schema, has)
    return lacks instanceof MigrationRefused ? Effect.fail(lacks) : Effect.succeed(lacks)
  })

export interface MigrateOptions {
  /** Whether the program's roles log in as themselves, as on the embedded server. */
  readonly canLogIn: boolean
  readonly schema?: DatabaseSchema
  /** As PostgreSQL's `lock_timeout` has it. */
  readonly lockPatience?: string
}

const underLock = (sql: SqlClient, schema: DatabaseSchema, options: MigrateOptions) =>
  Effect.gen(function* () {
    const { canLogIn, lockPatience = usualLockPatience } = options
    yield* ensureRoles(sql, canLogIn)
    yield* Effect.forEach(bootstrap, (statement) => sql.unsafe(statement), { discard: true })
    const lacks = yield* lookedUp(sql, schema)
    yield* Effect.forEach(lacks.migrations, (migration) => apply(sql, lockPatience, migration), { discard: true })
    const functions = lacks.functions.length > 0 || lacks.release
    if (functions) yield* asOwner(sql, lockPatience, replaceFunctions(sql, schema, lacks.functions))
    return [...lacks.migrations.map(({ name }) => name), ...(functions ? ["functions"] : [])]
  })

/**
 * `sql` must be a client of one connection, since the lock belongs to a session, logged in as somebody who may create roles and
 * schemas. Answers with the names of what it applied; costs two statements when there is nothing to do.
 */
export const migrate = (
  sql: SqlClient,
  options: MigrateOptions
): Effect.Effect<ReadonlyArray<string>, MigrationRefused | SqlError> =>
  Effect.gen(function* () {
    const schema = options.schema ?? programSchema
    if (stepsIn(yield* lookedUp(sql, schema)) === 0) return []
    return yield* Effect.acquireUseRelease(
      sql.unsafe(`select pg_advisory_lock(${lockKey})`),
      () => underLock(sql, schema, options),
      () => Effect.ignore(sql.unsafe(`select pg_advisory_unlock(${lockKey})`))
    )
  })
