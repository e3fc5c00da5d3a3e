/** An empty database beside the test's own, and what is asked of one that is being migrated. */
import { withSession } from "@dueline/postgres/Database"
import {
  type DatabaseSchema,
  type MigrationRefused,
  programSchema
} from "@dueline/postgres/schema/migrations/DatabaseSchema"
import { migrate } from "@dueline/postgres/schema/Migrations"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import { Effect, Result } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"

let count = 0

export type Session = <A, E>(use: (sql: SqlClient) => Effect.Effect<A, E>) => Effect.Effect<A, E | SqlError>

/** Dropped afterwards. */
const inDatabase = <A, E>(like: string, use: (session: Session) => Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const at = yield* TestDatabase.TestDatabase
    const database = `${at.database}_${++count}`
    yield* withSession(at, (sql) => sql.unsafe(TestDatabase.copied(database, like)))
    const result = yield* use((f) => withSession({ ...at, database }, f))
    yield* withSession(at, (sql) => sql.unsafe(`drop database ${database} with (force)`))
    return result
  })

export const inEmptyDatabase = <A, E>(use: (session: Session) => Effect.Effect<A, E>) => inDatabase("template1", use)

/** As this program's own `migrate` leaves it, in a tenth of the time. */
export const inMigratedDatabase = <A, E>(use: (session: Session) => Effect.Effect<A, E>) =>
  inDatabase(TestDatabase.template, use)

export const run =
  (schema: Partial<DatabaseSchema> = {}, options: { readonly lockPatience?: string } = {}) =>
  (sql: SqlClient) =>
    migrate(sql, { ...options, canLogIn: true, schema: { ...programSchema, ...schema } })

export const refusalOf = <A>(effect: Effect.Effect<A, MigrationRefused | SqlError>) =>
  Effect.map(Effect.result(effect), (result) =>
    Result.isFailure(result) && result.failure._tag === "MigrationRefused" ? result.failure.detail : "no refusal"
  )

export const namesIn =
  (statement: string) =>
  (sql: SqlClient): Effect.Effect<ReadonlyArray<string>, SqlError> =>
    Effect.map(sql.unsafe<{ readonly name: string }>(statement), (rows) => rows.map(({ name }) => name))

export const tablesOf = namesIn(
  "select relname as name from pg_class where relnamespace = 'dueline'::regnamespace and relkind = 'r'"
)

/** With the types of their arguments. */
export const functionsOf = namesIn(
  `select oid::regprocedure::text as name from pg_proc where pronamespace = 'dueline'::regnamespace order by 1`
)
