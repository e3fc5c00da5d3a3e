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
import { replaceFunctions } from "./migrations/functions.ts"
import { ensureRoles } from "./Roles.ts"
import { serverWords } from "../SqlFailure.ts"

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
/** A lock that did not come, and a circle of locks that this one was chosen to break. */
const tryAgain: ReadonlyArray<string> = ["55P03", "40P01"]
const again = { schedule: Schedule.spaced("1 second"), times: 60 }

/** In a transaction, as the owner of the schema. */
const asOwner = <E>(sql: SqlClient, lockPatience: string, change: Effect.Effect<unknown, E | SqlError>) =>
  sql
    .withTransaction(
      Effect.gen(function* () {
        yield* sql.unsafe(`set local lock_timeout = '${lockPatience}'`)
        yield* sql.unsafe("set local role dueline_owner")
        yield* change
      })
    )
    .pipe(Effect.retry({ ...again, while: (error) => isSqlError(error) && tryAgain.includes(serverWords(error).code) }))

/** `dueline_append` may create in the schema only while it is being handed its functions. */
const handingOver = <E>(sql: SqlClient, change: Effect.Effect<unknown, E | SqlError>) =>
  Effect.gen(function* () {
    yield* sql.unsafe("grant create on schema dueline to dueline_append")
    yield* change
    yield* sql.unsafe("revoke create on schema dueline from dueline_append")
  })

const note = (sql: SqlClient, migration: Migration) =>
  sql.unsafe("insert into dueline.migrations (id, name, checksum) values ($1, $2, $3)", [
    migration.id,
    migration.name,
    checksumOf(migration)
  ])

/** Within a transaction. */
const apply = (sql: SqlClient, migration: Migration) =>
  Effect.andThen(
    Effect.forEach(migration.statements, (statement) => sql.unsafe(statement), { discard: true }),
    note(sql, migration)
  )

/** Said now and then: a large table takes minutes. */
const stepsBetweenWords = 100

const applyInSteps = (sql: SqlClient, lockPatience: string, migration: Migration) =>
  Effect.gen(function* () {
    const [statement = ""] = migration.statements
    const told = (words: string, rows: number) =>
      Effect.annotateLogs(Effect.logInfo(words), { step: migration.name, rows })
    let done = 0
    for (let steps = 1; ; steps += 1) {
      let moved = 0
      const step = Effect.map(sql.unsafe<Readonly<Record<string, unknown>>>(statement), ([row]) => {
        moved = Number(Object.values(row ?? {})[0] ?? 0)
      })
      yield* asOwner(sql, lockPatience, step)
      if (moved === 0) break
      done += moved
      if (steps % stepsBetweenWords === 0) yield* told("migrating the database, in steps", done)
    }
    if (done > 0) yield* told("migrated the database, in steps", done)
    yield* asOwner(sql, lockPatience, note(sql, migration))
  })

/** The server lets these statements into no transaction; they wait for others, and nobody waits for them. */
const applyConcurrently = (sql: SqlClient, lockPatience: string, migration: Migration) =>
  Effect.acquireUseRelease(
    sql.unsafe("set role dueline_owner"),
    () => Effect.forEach(migration.statements, (statement) => sql.unsafe(statement), { discard: true }),
    () => Effect.ignore(sql.unsafe("reset role"))
  ).pipe(
    Effect.retry({ ...again, while: (error) => isSqlError(error) && tryAgain.includes(serverWords(error).code) }),
    Effect.andThen(asOwner(sql, lockPatience, note(sql, migration)))
  )

const isConcurrent = ({ manner }: Migration): boolean => manner === "concurrently"

/**
 * The steps that are applied before the functions, and those that are applied with them: from the first of those that ask for it, unless one
 * comes later that is done in steps. Only programs of the release before may be at work, so what asked for it earlier finds none. Indexes that
 * are made concurrently come before all that happens with the functions.
 */
const together = (missing: ReadonlyArray<Migration>) => {
  const afterSteps = missing.findLastIndex(({ manner }) => manner === "in steps") + 1
  const first = missing.findIndex(({ manner }, at) => at >= afterSteps && manner === "with the functions")
  const at = first === -1 ? missing.length : first
  const rest = missing.slice(at)
  return {
    alone: [...missing.slice(0, at), ...rest.filter(isConcurrent)],
    withFunctions: rest.filter((migration) => !isConcurrent(migration))
  }
}

const lockEvery = "100 millis"

/** Asked again and again: who waited in a statement would hold a view of the tables that an index made concurrently has to wait for. */
const takeLock = (sql: SqlClient) =>
  sql
    .unsafe<{ readonly taken: boolean }>(`select pg_try_advisory_lock(${lockKey}) as taken`)
    .pipe(Effect.repeat({ schedule: Schedule.spaced(lockEvery), until: ([row]) => row?.taken === true }))

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
    // From now on the database is this release's: one of before that starts meanwhile takes nothing back (ADR-0025).
    const ours = sql.unsafe("update dueline.repeatables set release = $1, serves = $2", [schema.release, schema.serves])
    if (lacks.migrations.length > 0) yield* asOwner(sql, lockPatience, ours)
    const { alone, withFunctions } = together(lacks.migrations)
    yield* Effect.forEach(
      alone,
      (migration) =>
        migration.manner === "in steps"
          ? applyInSteps(sql, lockPatience, migration)
          : isConcurrent(migration)
            ? applyConcurrently(sql, lockPatience, migration)
            : asOwner(sql, lockPatience, handingOver(sql, apply(sql, migration))),
      { discard: true }
    )
    const functions = lacks.functions.length > 0 || lacks.release
    if (withFunctions.length > 0 || functions)
      yield* asOwner(
        sql,
        lockPatience,
        handingOver(
          sql,
          Effect.andThen(
            Effect.forEach(withFunctions, (migration) => apply(sql, migration), { discard: true }),
            functions ? replaceFunctions(sql, schema, lacks.functions) : Effect.void
          )
        )
      )
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
      takeLock(sql),
      () => underLock(sql, schema, options),
      () => Effect.ignore(sql.unsafe(`select pg_advisory_unlock(${lockKey})`))
    )
  })
