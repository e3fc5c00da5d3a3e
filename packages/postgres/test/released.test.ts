/** What was released stays as it was: existing databases hold checksums of these very texts. */
import { checksumOf, migrationOf, migrations, partsOf } from "@dueline/postgres/schema/migrations/Migration"
import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { join } from "node:path"

interface Released {
  readonly id: number
  readonly name: string
  readonly checksum: string
}

/** Grows by the steps of each release; a line of it never changes. */
const released: ReadonlyArray<Released> = JSON.parse(
  readFileSync(join(import.meta.dirname, "released", "checksums.json"), "utf8")
)

describe("released migrations", () => {
  it("are all there, and their texts are those that databases were made with", { tags: ["ADR-0025.1"] }, () => {
    assert.deepStrictEqual(
      migrations
        .slice(0, released.length)
        .map((step) => ({ id: step.id, name: step.name, checksum: checksumOf(step) })),
      released
    )
  })

  it("come first, in order and without gaps; no number stands twice", () => {
    assert.deepStrictEqual(
      released.map(({ id }) => id),
      released.map((_, index) => index + 1)
    )
    const ids = migrations.map(({ id }) => id)
    assert.deepStrictEqual(
      ids,
      [...new Set(ids)].sort((a, b) => a - b)
    )
  })
})

describe("the file of a migration", () => {
  const file = (text: string) => migrationOf({ name: "0042_some_step", text })

  it("is one step: its number, its name, and statements that each end before a line with a semicolon", () => {
    assert.deepStrictEqual(
      file("-- Why.\n\ncreate table a (\n  b int\n)\n;\n\n-- And this.\n--\n-- Too.\nselect ';' -- not an end;\n;\n"),
      {
        id: 42,
        name: "some step",
        statements: ["create table a (\n  b int\n)", "select ';' -- not an end;"]
      }
    )
  })

  it("can have its comments between statements corrected without being another step", () => {
    assert.strictEqual(
      checksumOf(file("-- One.\nselect 1\n;\n")),
      checksumOf(file("-- Other.\n\n-- Words.\nselect 1\n;\n"))
    )
    assert.notStrictEqual(checksumOf(file("select 1\n;\n")), checksumOf(file("select 2\n;\n")))
  })

  it("keeps what stands within a statement, comments and empty lines included", () => {
    assert.deepStrictEqual(partsOf("-- One.\nselect 1,\n\n  -- two\n  2\n;\n"), [
      { comment: "-- One.\n", statement: "select 1,\n\n  -- two\n  2" }
    ])
  })

  it("says at its head when it is done in steps, as one statement, or with the functions", () => {
    assert.strictEqual(file("-- Why.\n--\n-- in steps\n\nselect 0\n;\n").manner, "in steps")
    assert.strictEqual(
      file("-- Why.\n--\n-- in one transaction with the functions\n\nselect 1\n;\nselect 2\n;\n").manner,
      "with the functions"
    )
    assert.isUndefined(file("-- It is not done in steps.\nselect 1\n;\n-- in steps\nselect 2\n;\n").manner)
    assert.throws(() => file("-- in steps\n\nselect 0\n;\nselect 0\n;\n"), "one statement")
  })

  it("is refused when it is called otherwise, or when its last statement has no end", () => {
    assert.throws(() => migrationOf({ name: "some_step", text: "select 1\n;\n" }), "NNNN_name.sql")
    assert.throws(() => file("select 1;\n"), "line of its own")
  })
})
