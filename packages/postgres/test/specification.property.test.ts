/** Specifications mean the same to the database as in memory: the same rows, asked by both. */
import { satisfies, type Specification } from "@dueline/contracts/specification/Specification"
import { propertyRuns } from "@dueline/port-contracts/propertyRuns"
import {
  fittingPredicates,
  sampleFields,
  SampleRow,
  specificationsOf,
  wildPredicates
} from "@dueline/port-contracts/queries/SpecificationSample"
import { type SqlFields, specificationSql } from "@dueline/postgres/read/specificationSql"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"

const columns: SqlFields = {
  text: { type: "text", sql: "r.text" },
  number: { type: "number", sql: "r.number" },
  instant: { type: "instant", sql: "r.instant" },
  truth: { type: "boolean", sql: "r.truth" }
}

/** For each row, in order, what is true of it: all specifications asked in one statement. */
const truths = (rows: ReadonlyArray<SampleRow>, specifications: ReadonlyArray<Specification>) => {
  const parameters: Array<unknown> = [JSON.stringify(rows)]
  const asked = specifications.map((specification) => specificationSql(columns, specification, parameters))
  const statement = `select array[${asked.join(",")}] as truths
    from rows from (json_to_recordset($1::text::json) as (text text, number float8, instant bigint, truth boolean))
      with ordinality as r(text, number, instant, truth, place) order by r.place`
  return TestDatabase.session(
    (sql) => sql.unsafe<{ readonly truths: ReadonlyArray<boolean> }>(statement, parameters).unprepared
  )
}

const agree = Effect.fnUntraced(function* ({
  rows,
  specifications
}: {
  readonly rows: ReadonlyArray<SampleRow>
  readonly specifications: ReadonlyArray<Specification>
}) {
  const found = yield* truths(rows, specifications)
  assert.lengthOf(found, rows.length)
  const disagreements = rows.flatMap((row, n) =>
    specifications
      .map((specification, m) => ({ row, specification, inSql: found[n]?.truths[m] }))
      .filter(({ inSql, specification }) => inSql !== satisfies(sampleFields, specification, row))
  )
  assert.deepStrictEqual(disagreements.slice(0, 1), [])
})

const many = <S extends Schema.Top>(of: S, count: number) =>
  Schema.NonEmptyArray(of).check(Schema.isMinLength(count), Schema.isMaxLength(count * 2))

const rows = many(SampleRow, 20)
/** With 30 to 60 specifications at a time: at least 3,000 of each kind in 100 runs. */
const options = { arbitrary: propertyRuns, tags: ["ADR-0016.1"], timeout: 120_000 }

it.layer(TestDatabase.layer, { excludeTestServices: true, timeout: "60 seconds" })("specifications in SQL", (it) => {
  it.effect.prop(
    "find the rows that they find in memory",
    { rows, specifications: many(specificationsOf(fittingPredicates(sampleFields)), 30) },
    agree,
    options
  )

  it.effect.prop(
    "find them also when they ask for fields, types and texts that no row has",
    { rows, specifications: many(specificationsOf(wildPredicates(sampleFields)), 30) },
    agree,
    options
  )

  it.effect("agree that nothing compares with what is no number, and that everything is within infinity", () =>
    agree({
      rows: [0, -1, Number.MAX_VALUE, null].map((number) => ({ text: null, number, instant: null, truth: null })),
      specifications: [Number.NaN, Infinity, -Infinity].flatMap(
        (value): ReadonlyArray<Specification> => [
          { _tag: "Equals", field: "number", value },
          { _tag: "OneOf", field: "number", values: [value, 0] },
          { _tag: "Below", field: "number", value },
          { _tag: "Above", field: "number", value }
        ]
      )
    })
  )
})

it.prop(
  "no value becomes a part of the statement",
  { specification: specificationsOf(wildPredicates(sampleFields)) },
  ({ specification }) => {
    const parameters: Array<unknown> = []
    const sql = specificationSql(columns, specification, parameters)
    const fixed = /\b(?:and|or|not|true|false|is|null|in|coalesce|strpos|starts_with|collate|text|float8|boolean)\b/gu
    const places = sql.match(/\$\d+/gu) ?? []
    const rest = sql
      .replaceAll(/\$\d+/gu, "")
      .replaceAll(/r\.(?:text|number|instant|truth)\b/gu, "")
      .replaceAll('"C"', "")
      .replaceAll(fixed, "")
      .replaceAll("> 0", "")
    assert.match(rest, /^[\s()<>=:,[\]]*$/u)
    assert.deepStrictEqual(
      places,
      parameters.map((_, n) => `$${n + 1}`)
    )
  },
  { arbitrary: propertyRuns, tags: ["ADR-0016.5"] }
)
