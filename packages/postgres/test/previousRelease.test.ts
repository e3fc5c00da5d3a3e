/** What programs of released versions find in a database that this one has migrated: they go on working until they are replaced. */
import { functionFiles, keptFunctions } from "@dueline/postgres/schema/migrations/functions"
import { sqlFiles } from "@dueline/postgres/schema/migrations/sqlFiles"
import { describeSchema, migrateTo, type SchemaDescription } from "@dueline/postgres/admin/releasedHome"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { inEmptyDatabase, inMigratedDatabase, namesIn } from "./EmptyDatabase.ts"

const folder = join(import.meta.dirname, "released")
const releases = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort((a, b) => a.localeCompare(b, "en", { numeric: true }))

/** How many migrations the first release had: it is the one that made its functions with them. */
const stepsOfFirst = 12

const recordedOf = (release: string): SchemaDescription =>
  JSON.parse(readFileSync(join(folder, release, "schema.json"), "utf8"))

const viewsOf = namesIn(
  "select relname as name from pg_class where relnamespace = 'dueline'::regnamespace and relkind = 'v'"
)

/** Called by a function that is kept, and by nobody else. */
const internal = /^dueline\.(?:store_field_rows|hold_field_rows|broken_rule)\(jsonb\) /

/**
 * What programs of a release ask of a schema. Where a view stands for a table that was, they only read: its functions wrote that table with
 * the rights of their owner, and are replaced with it.
 */
const askedBy = (then: SchemaDescription, views: ReadonlyArray<string>) => {
  const ofView = new RegExp(`^(?:${views.join("|")})\\.| on (?:${views.join("|")})\\b`)
  return {
    columns: then.columns.map((text) => (ofView.test(text) ? text.replace(/ (?:not null|generated).*$/, "") : text)),
    rights: then.rights.filter((text) => !(ofView.test(text) && /^dueline_append: (?!select)/.test(text))),
    functions: then.functions.filter((text) => !internal.test(text))
  }
}

/** The previous release is the one whose programs can be beside this one's. */
const previous = releases.at(-1) ?? ""

it.layer(TestDatabase.layer, { excludeTestServices: true, timeout: "60 seconds" })("a released schema", (it) => {
  it.effect(
    "is made by the frozen migrations as the released program made it",
    () =>
      inEmptyDatabase((session) =>
        Effect.gen(function* () {
          yield* session((sql) => migrateTo(sql, stepsOfFirst))
          assert.deepStrictEqual(yield* session(describeSchema), recordedOf("0.1.0"))
        })
      ),
    { tags: ["ADR-0025.1"] }
  )

  it.effect(
    "offers the previous release after the migration all columns, rights and functions that it had",
    () =>
      inMigratedDatabase((session) =>
        Effect.gen(function* () {
          const now = yield* session(describeSchema)
          const asked = askedBy(recordedOf(previous), yield* session(viewsOf))
          for (const part of ["columns", "rights", "functions"] as const)
            assert.deepStrictEqual(
              asked[part].filter((text) => !now[part].includes(text)),
              [],
              part
            )
        })
      ),
    { tags: ["ADR-0025.3"] }
  )

  it.effect("has no column that an insert of the previous release would have to fill", () =>
    inMigratedDatabase((session) =>
      Effect.gen(function* () {
        const then = recordedOf(previous)
        const tables = new Set(then.columns.map((text) => text.split(".")[0]))
        const added = (yield* session(describeSchema)).columns.filter(
          (text) => tables.has(text.split(".")[0]) && !then.columns.includes(text)
        )
        assert.deepStrictEqual(
          added.filter((text) => text.includes(" not null") && !/ (?:default|generated|identity)/.test(text)),
          []
        )
      })
    )
  )

  it.effect("keeps a function for one release, and each that is kept is the previous one's", () =>
    inMigratedDatabase((session) =>
      Effect.gen(function* () {
        for (const { name, text } of sqlFiles("functions/kept")) {
          assert.match(text, new RegExp(`^-- kept for: ${previous.replaceAll(".", "\\.")}$`, "m"), name)
        }
        const kept = keptFunctions.map(({ name }) => `'${name}'`).join(", ")
        const signatures =
          kept === ""
            ? []
            : yield* session(
                namesIn(`select unnest(signatures) as name from dueline.repeatables where name in (${kept})`)
              )
        const known = recordedOf(previous).functions.map((text) => text.split(" returns ")[0])
        assert.deepStrictEqual(
          signatures.filter((signature) => !known.includes(signature)),
          []
        )
        assert.isAbove(functionFiles.length, keptFunctions.length)
      })
    )
  )
})
