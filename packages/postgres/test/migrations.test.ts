/** How a database comes to its schema: once, whole, in order, and never backwards. */
import type { Migration } from "@dueline/postgres/migrations/Migration"
import { migrations } from "@dueline/postgres/migrations/migrations"
import * as TestDatabase from "@dueline/postgres/TestDatabase"
import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Result } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { inEmptyDatabase, refusalOf, run, tablesOf } from "./EmptyDatabase.ts"

const names: Array<string> = [...migrations.map(({ name }) => name), "functions"]

const waiting = (sql: SqlClient) =>
  Effect.map(
    sql.unsafe("select from pg_locks where not granted and relation = 'dueline.events'::regclass"),
    (rows) => rows.length > 0
  )

/** Part of the steps, without the functions that need all of them. */
const steps = (some: ReadonlyArray<Migration>) => run({ migrations: some, functions: [] })

it.layer(TestDatabase.layer, { excludeTestServices: true, timeout: "60 seconds" })("migrations", (it) => {
  it.effect("an empty database gets everything, and the second run finds nothing to do", () =>
    inEmptyDatabase((session) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* session(run()), names)
        assert.deepStrictEqual(yield* session(run()), [])
        assert.includeMembers(
          [...(yield* session(tablesOf))],
          ["events", "service_calls", "outbox", "receipts", "tenants"]
        )
      })
    )
  )

  it.effect("two programs that start at once apply every migration once between them", () =>
    inEmptyDatabase((session) =>
      Effect.gen(function* () {
        const both = yield* Effect.all([session(run()), session(run())], { concurrency: 2 })
        assert.deepStrictEqual(both.flat(), names)
      })
    )
  )

  it.effect("a database that is newer than the program is refused and left alone", () =>
    inEmptyDatabase((session) =>
      Effect.gen(function* () {
        yield* session(run())
        assert.include(yield* refusalOf(session(steps(migrations.slice(0, 2)))), "newer program")
      })
    )
  )

  it.effect("a migration that was changed after it was applied is refused", () =>
    inEmptyDatabase((session) =>
      Effect.gen(function* () {
        yield* session(run())
        const changed = migrations.map((migration) =>
          migration.id === 2 ? { ...migration, statements: [...migration.statements, "select 1"] } : migration
        )
        assert.include(yield* refusalOf(session(run({ migrations: changed }))), "other contents")
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
        const result = yield* Effect.result(session(steps([...migrations.slice(0, 1), broken])))
        assert.isTrue(Result.isFailure(result))
        const tables = yield* session(tablesOf)
        assert.include(tables, "events")
        assert.notInclude(tables, "half")
        assert.deepStrictEqual(yield* session(run()), names.slice(1))
      })
    )
  )

  it.effect(
    "a step that does not get a table's lock lets those through who wait behind it, and is tried again",
    () =>
      inEmptyDatabase((session) =>
        Effect.gen(function* () {
          yield* session(run())
          const more: Migration = {
            id: (migrations.at(-1)?.id ?? 0) + 1,
            name: "one more",
            statements: ["alter table dueline.events add column more int"]
          }
          const migrating = yield* session((reader) =>
            Effect.gen(function* () {
              yield* reader.unsafe("begin")
              yield* reader.unsafe("select count(*) from dueline.events")
              const step = yield* Effect.forkChild(
                session(run({ migrations: [...migrations, more] }, { lockPatience: "200ms" }))
              )
              yield* session((sql) => Effect.repeat(waiting(sql), { until: (waits) => waits }))
              // Stands behind the step, and is let through when that gives up: the first reader has not ended yet.
              yield* session((second) => second.unsafe("select count(*) from dueline.events"))
              yield* reader.unsafe("commit")
              return step
            })
          )
          assert.deepStrictEqual(yield* Fiber.join(migrating), ["one more"])
        })
      ),
    { tags: ["ADR-0025.5"] }
  )
})
