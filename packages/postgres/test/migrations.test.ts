/** How a database comes to its schema: once, whole, in order, and never backwards. */
import { migrate, type MigrationRefused } from "@dueline/postgres/Migrations"
import { migrations } from "@dueline/postgres/migrations/migrations"
import type { Migration } from "@dueline/postgres/migrations/Migration"
import { withSession } from "@dueline/postgres/Database"
import * as TestDatabase from "@dueline/postgres/TestDatabase"
import { assert, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"

let count = 0

type Session = <A, E>(use: (sql: SqlClient) => Effect.Effect<A, E>) => Effect.Effect<A, E | SqlError>

/** An empty database beside the test's own. */
const inEmptyDatabase = <A, E>(use: (session: Session) => Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const at = yield* TestDatabase.TestDatabase
    const database = `${at.database}_${++count}`
    yield* withSession(at, (sql) => sql.unsafe(`create database ${database}`))
    const result = yield* use((f) => withSession({ ...at, database }, f))
    yield* withSession(at, (sql) => sql.unsafe(`drop database ${database} with (force)`))
    return result
  })

const run = (sql: SqlClient, known?: ReadonlyArray<Migration>) =>
  migrate(sql, known === undefined ? { canLogIn: true } : { canLogIn: true, known })

const tablesOf = (sql: SqlClient) =>
  Effect.map(
    sql.unsafe<{ readonly name: string }>(
      "select relname as name from pg_class where relnamespace = 'dueline'::regnamespace and relkind = 'r'"
    ),
    (rows) => rows.map(({ name }) => name)
  )

const refusalOf = <A>(effect: Effect.Effect<A, MigrationRefused | SqlError>) =>
  Effect.map(Effect.result(effect), (result) =>
    Result.isFailure(result) && result.failure._tag === "MigrationRefused" ? result.failure.detail : "no refusal"
  )

const names = migrations.map(({ name }) => name)

it.layer(TestDatabase.layer, { excludeTestServices: true, timeout: "60 seconds" })("migrations", (it) => {
  it.effect("an empty database gets everything, and the second run finds nothing to do", () =>
    inEmptyDatabase((session) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* session(run), names)
        assert.deepStrictEqual(yield* session(run), [])
        assert.includeMembers(yield* session(tablesOf), ["events", "service_calls", "outbox", "receipts", "tenants"])
      })
    )
  )

  it.effect("two programs that start at once apply every migration once between them", () =>
    inEmptyDatabase((session) =>
      Effect.gen(function* () {
        const [one = [], two = []] = yield* Effect.all([session(run), session(run)], { concurrency: 2 })
        assert.deepStrictEqual([...one, ...two], names)
      })
    )
  )

  it.effect("a database that is newer than the program is refused and left alone", () =>
    inEmptyDatabase((session) =>
      Effect.gen(function* () {
        yield* session(run)
        assert.include(yield* refusalOf(session((sql) => run(sql, migrations.slice(0, 2)))), "newer program")
      })
    )
  )

  it.effect("a migration that was changed after it was applied is refused", () =>
    inEmptyDatabase((session) =>
      Effect.gen(function* () {
        yield* session(run)
        const changed = migrations.map((migration) =>
          migration.id === 2 ? { ...migration, statements: [...migration.statements, "select 1"] } : migration
        )
        assert.include(yield* refusalOf(session((sql) => run(sql, changed))), "other contents")
      })
    )
  )

  it.effect("a migration that fails leaves nothing of itself, and those before it stay", () =>
    inEmptyDatabase((session) =>
      Effect.gen(function* () {
        const broken: Migration = {
          id: 2,
          name: "broken",
          statements: ["create table dueline.half (id int)", "select nothing"]
        }
        const result = yield* Effect.result(session((sql) => run(sql, [...migrations.slice(0, 1), broken])))
        assert.isTrue(Result.isFailure(result))
        const tables = yield* session(tablesOf)
        assert.include(tables, "events")
        assert.notInclude(tables, "half")
        assert.deepStrictEqual(yield* session(run), names.slice(1))
      })
    )
  )
})
