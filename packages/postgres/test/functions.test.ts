/** How functions follow their texts: replaced when they change, with the rights they say, by the newer of two programs. */
import { type DatabaseSchema, compareReleases, programSchema } from "@dueline/postgres/schema/migrations/DatabaseSchema"
import { type FunctionFile, functionFileOf, functionFiles } from "@dueline/postgres/schema/migrations/functions"
import { sqlFiles } from "@dueline/postgres/schema/migrations/sqlFiles"
import { rowsTable } from "@dueline/postgres/schema/rowTables"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import { opsCategories } from "@dueline/contracts/kinds"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { functionsOf, inMigratedDatabase, namesIn, refusalOf, run } from "./EmptyDatabase.ts"

const file = (name: string, body: string, { callers = "dueline_edge", owner = "", args = "" } = {}): FunctionFile =>
  functionFileOf({
    name,
    text: `-- callers: ${callers}\n${owner === "" ? "" : `-- owner: ${owner}\n`}create or replace function dueline.${name.replace("kept/", "")}(${args}) returns text
language sql set search_path = pg_catalog, pg_temp as $$ select '${body}' $$\n;\n`
  })

const beside = (...files: ReadonlyArray<FunctionFile>): Partial<DatabaseSchema> => ({
  functions: [...functionFiles, ...files]
})

const said = (call: string) => (sql: SqlClient) =>
  Effect.map(sql.unsafe<{ readonly words: string }>(`select dueline.${call} as words`), ([row]) => row?.words)

const rightsOf = (name: string) =>
  namesIn(
    `select pg_get_userbyid(proowner) || ' ' || array_to_string(array(
        select case a.grantee when 0 then 'public' else pg_get_userbyid(a.grantee) end from aclexplode(proacl) a order by 1), ',') as name
      from pg_proc where pronamespace = 'dueline'::regnamespace and proname = '${name}'`
  )

it.layer(TestDatabase.layer, { excludeTestServices: true, timeout: "60 seconds" })("functions", (it) => {
  it.effect(
    "a text that changed replaces its function in an existing database, and no other",
    () =>
      inMigratedDatabase((session) =>
        Effect.gen(function* () {
          yield* session(run(beside(file("word", "one"), file("other", "same"))))
          const at = namesIn("select applied_at::text as name from dueline.repeatables where name = 'other'")
          const before = yield* session(at)
          assert.deepStrictEqual(yield* session(run(beside(file("word", "two"), file("other", "same")))), ["functions"])
          assert.strictEqual(yield* session(said("word()")), "two")
          assert.deepStrictEqual(yield* session(at), before)
          assert.deepStrictEqual(yield* session(run(beside(file("word", "two"), file("other", "same")))), [])
        })
      ),
    { tags: ["ADR-0025.2"] }
  )

  it.effect(
    "a member more in the JSON of a row is no other migration: an existing home goes on",
    () =>
      inMigratedDatabase((session) =>
        Effect.gen(function* () {
          yield* session(run())
          const rows = sqlFiles("functions").find(({ name }) => name === "rows")
          const more = functionFileOf({
            name: "rows",
            text: (rows?.text ?? "").replace(
              "select o.row from",
              "select jsonb_set(o.row::jsonb, '{more}', '1')::json from"
            )
          })
          const functions = functionFiles.map((each) => (each.name === "rows" ? more : each))
          assert.notDeepEqual(functions, functionFiles)
          assert.deepStrictEqual(yield* session(run({ functions })), ["functions"])
          assert.isTrue(
            (yield* session(functionsOf)).includes("dueline.orders_holding(uuid,uuid,bigint,bigint,integer)")
          )
        })
      ),
    { tags: ["ADR-0025.2"] }
  )

  it.effect(
    "who may call a function, and whose rights it has, is what its file says last",
    () =>
      inMigratedDatabase((session) =>
        Effect.gen(function* () {
          yield* session(run(beside(file("word", "one", { callers: "dueline_edge, dueline_worker" }))))
          assert.deepStrictEqual(yield* session(rightsOf("word")), [
            "dueline_owner dueline_edge,dueline_owner,dueline_worker"
          ])
          yield* session(run(beside(file("word", "one", { callers: "dueline_writer", owner: "dueline_append" }))))
          assert.deepStrictEqual(yield* session(rightsOf("word")), ["dueline_append dueline_append,dueline_writer"])
        })
      ),
    { tags: ["ADR-0025.2"] }
  )

  it.effect(
    "a signature that is kept goes on being answered, and is dropped when it is kept no longer",
    () =>
      inMigratedDatabase((session) =>
        Effect.gen(function* () {
          yield* session(run(beside(file("word", "old"))))
          const wider = file("word", "new", { args: "p_more integer" })
          yield* session(run(beside(file("kept/word", "old, kept"), wider)))
          assert.strictEqual(yield* session(said("word()")), "old, kept")
          assert.strictEqual(yield* session(said("word(1)")), "new")
          yield* session(run(beside(wider)))
          assert.deepStrictEqual(
            (yield* session(functionsOf)).filter((name) => name.startsWith("dueline.word")),
            ["dueline.word(integer)"]
          )
          yield* session(run())
          assert.isEmpty((yield* session(functionsOf)).filter((name) => name.startsWith("dueline.word")))
        })
      ),
    { tags: ["ADR-0025.3"] }
  )

  it.effect("files that fail leave all functions as they were", () =>
    inMigratedDatabase((session) =>
      Effect.gen(function* () {
        yield* session(run(beside(file("word", "one"))))
        const broken = functionFileOf({ name: "zz", text: "select nothing\n;\n" })
        yield* Effect.flip(session(run(beside(file("word", "two"), broken))))
        assert.strictEqual(yield* session(said("word()")), "one")
      })
    )
  )

  it.effect(
    "an older program that starts beside newer ones changes nothing, so far as it is served",
    () =>
      inMigratedDatabase((session) =>
        Effect.gen(function* () {
          const old = { ...beside(file("word", "old")), release: "1.9.0" }
          const step = { id: 9_000, name: "of the newer release", statements: ["create table dueline.more (id int)"] }
          const newer = {
            ...beside(file("word", "new")),
            migrations: [...programSchema.migrations, step],
            release: "1.10.0",
            serves: "1.9.0"
          }
          yield* session(run(old))
          assert.deepStrictEqual(yield* session(run(newer)), ["of the newer release", "functions"])
          assert.deepStrictEqual(yield* session(run(old)), [])
          assert.strictEqual(yield* session(said("word()")), "new")
          assert.include(yield* refusalOf(session(run({ ...old, release: "1.8.7" }))), "use a newer program")
          assert.deepStrictEqual(yield* session(run(newer)), [])
        })
      ),
    { tags: ["ADR-0025.4"] }
  )

  it.effect("every function of the schema is one that a file defines, or part of a table", () =>
    inMigratedDatabase((session) =>
      Effect.gen(function* () {
        yield* session(run())
        const defined = yield* session(namesIn("select unnest(signatures) as name from dueline.repeatables"))
        assert.deepStrictEqual(
          (yield* session(functionsOf)).filter((name) => !defined.includes(name)).map((name) => name.split("(")[0]),
          [
            "dueline.bins_within",
            ...["columns", ...opsCategories.map(rowsTable)].map((of) => `dueline.fill_${of}`).sort(),
            "dueline.half",
            "dueline.keep_for_subscriptions",
            "dueline.make_rows_table",
            "dueline.mirror_tenants",
            "dueline.provision_known",
            "dueline.provision_tenant",
            "dueline.refuse_change",
            "dueline.rows_table"
          ]
        )
      })
    )
  )
})

describe("a file of functions", () => {
  // A generic plan for arrays counts on a thousand rows, so that the server finds one for the rows at hand cheaper and makes it at each call.
  it("pins the mode of the plan of each function that writes rows from arrays", () => {
    const fromArrays = functionFiles.flatMap(({ parts }) =>
      parts
        .map(({ statement }) => statement)
        .filter((statement) => statement.includes("generate_series(1, cardinality("))
    )
    assert.isAtLeast(fromArrays.length, 5)
    for (const statement of fromArrays) assert.include(statement, "set plan_cache_mode = force_generic_plan")
  })

  it("is refused when it says of a function nothing about who may call it", () => {
    const text = "create or replace function dueline.f() returns int language sql as $$ select 1 $$\n;\n"
    assert.throws(() => functionFileOf({ name: "f", text }), "callers")
  })

  it("is refused when it makes what cannot be made twice, or names a row that there is not", () => {
    assert.throws(() => functionFileOf({ name: "f", text: "create table dueline.t (id int)\n;\n" }), "repeated")
    assert.throws(() => functionFileOf({ name: "f", text: "select {{vehicle v}}\n;\n" }), "nothing stands for")
  })

  it("is another when what it is made from is another, and the same with other comments", () => {
    const checksum = (text: string) => functionFileOf({ name: "f", text }).checksum
    assert.strictEqual(checksum("-- One.\nselect 1\n;\n"), checksum("-- Two.\nselect 1\n;\n"))
    assert.notStrictEqual(checksum("select {{bin r}}\n;\n"), checksum("select {{bin s}}\n;\n"))
  })
})

it("releases are compared number by number", () => {
  assert.isBelow(compareReleases("1.9.0", "1.10.0"), 0)
  assert.isAbove(compareReleases("2.0", "1.10.3"), 0)
  assert.strictEqual(compareReleases("1.2.0", "1.2"), 0)
})
