/** How a database comes to its schema: once, whole, in order, and never backwards. */
import { type FunctionFile, functionFileOf, functionFiles } from "@dueline/postgres/schema/migrations/functions"
import { type Migration, migrations } from "@dueline/postgres/schema/migrations/Migration"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Logger, References, Result } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { inEmptyDatabase, inMigratedDatabase, refusalOf, run, tablesOf } from "./EmptyDatabase.ts"

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
    inMigratedDatabase((session) =>
      Effect.gen(function* () {
        assert.include(yield* refusalOf(session(steps(migrations.slice(0, 2)))), "newer program")
      })
    )
  )

  it.effect("a migration that was changed after it was applied is refused", () =>
    inMigratedDatabase((session) =>
      Effect.gen(function* () {
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
    "a step that is done in steps is a transaction each time, until there is nothing left to do",
    () =>
      inMigratedDatabase((session) =>
        Effect.gen(function* () {
          const table: Migration = {
            id: 9_000,
            name: "a table",
            statements: ["create table dueline.counted (n int, xact xid8)"]
          }
          const count: Migration = {
            id: 9_001,
            name: "counting",
            manner: "in steps",
            statements: [
              `with one as (insert into dueline.counted select coalesce(max(n), 0) + 1, pg_current_xact_id() from dueline.counted
                having coalesce(max(n), 0) < 3 returning 1) select count(*)::int from one`
            ]
          }
          const told: Array<unknown> = []
          const logger = Logger.make(({ fiber, message }) => {
            told.push([message, fiber.getRef(References.CurrentLogAnnotations)])
          })
          const done = yield* session(run({ migrations: [...migrations, table, count] })).pipe(
            Effect.provide(Logger.layer([logger]))
          )
          assert.deepStrictEqual(told, [[["migrated the database, in steps"], { step: "counting", rows: 3 }]])
          assert.deepStrictEqual(done, ["a table", "counting"])
          assert.deepStrictEqual(
            yield* session((sql) =>
              sql.unsafe("select count(*)::int as n, count(distinct xact::text)::int as xacts from dueline.counted")
            ),
            [{ n: 3, xacts: 3 }]
          )
        })
      ),
    { tags: ["ADR-0028.2"] }
  )

  it.effect("a step that belongs to the functions happens with them or not at all", () =>
    inMigratedDatabase((session) =>
      Effect.gen(function* () {
        const step: Migration = {
          id: 9_000,
          name: "a table",
          manner: "with the functions",
          statements: ["create table dueline.more (n int)"]
        }
        const broken = functionFileOf({ name: "zz", text: "select nothing\n;\n" })
        const apply = (functions: ReadonlyArray<FunctionFile>) => run({ migrations: [...migrations, step], functions })
        yield* Effect.flip(session(apply([...functionFiles, broken])))
        assert.notInclude(yield* session(tablesOf), "more")
        assert.deepStrictEqual(yield* session(apply(functionFiles)), ["a table"])
        assert.include(yield* session(tablesOf), "more")
      })
    )
  )

  it.effect(
    "indexes that are made concurrently wait for those who write and keep nobody from writing, and one that was left half made is made anew",
    () =>
      inMigratedDatabase((session) =>
        Effect.gen(function* () {
          const step: Migration = {
            id: 9_000,
            name: "an index",
            manner: "concurrently",
            statements: [
              "drop index concurrently if exists dueline.one_more",
              "create index concurrently one_more on dueline.tenants (created_at)"
            ]
          }
          const insert = (name: string) => (sql: SqlClient) =>
            sql.unsafe(`insert into dueline.tenants values (gen_random_uuid(), '${name}', 0)`)
          yield* session((sql) => sql.unsafe("create index one_more on dueline.tenants (name)"))
          const migrating = yield* session((writer) =>
            Effect.gen(function* () {
              yield* writer.unsafe("begin")
              yield* insert("first")(writer)
              const fiber = yield* Effect.forkChild(session(run({ migrations: [...migrations, step] })))
              const waits = "select from pg_stat_activity where wait_event_type = 'Lock' and query like '%one_more%'"
              yield* session((sql) => Effect.repeat(sql.unsafe(waits), { until: (rows) => rows.length > 0 }))
              yield* session(insert("second"))
              yield* writer.unsafe("commit")
              return fiber
            })
          )
          assert.deepStrictEqual(yield* Fiber.join(migrating), ["an index"])
          assert.deepStrictEqual(
            yield* session((sql) =>
              sql.unsafe(
                `select indisvalid as valid, pg_get_indexdef(indexrelid) like '%(created_at)' as anew, pg_get_userbyid(relowner) as owner
                  from pg_index join pg_class on oid = indexrelid where relname = 'one_more'`
              )
            ),
            [{ valid: true, anew: true, owner: "dueline_owner" }]
          )
        })
      ),
    { tags: ["ADR-0025.5"] }
  )

  it.effect(
    "a step that does not get a table's lock lets those through who wait behind it, and is tried again",
    () =>
      inMigratedDatabase((session) =>
        Effect.gen(function* () {
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
