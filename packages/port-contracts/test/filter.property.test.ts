/** Filters as text: what is printed is read as what it was, and no text whatever breaks the reader. */
import { binFields } from "@dueline/contracts/bin/Bin"
import { customerFields } from "@dueline/contracts/customer/Customer"
import { orderFields } from "@dueline/contracts/order/Order"
import { parseFilter } from "@dueline/contracts/specification/parseFilter"
import { printFilter } from "./printFilter.ts"
import { type Fields, satisfies, type Specification } from "@dueline/contracts/specification/Specification"
import { propertyRuns } from "@dueline/port-contracts/propertyRuns"
import {
  fittingPredicates,
  nastyTexts,
  sampleFields,
  SampleRow,
  specificationsOf,
  unstorableTexts
} from "@dueline/port-contracts/queries/SpecificationSample"
import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"

const tags = ["ADR-0016.3"]
const tables: ReadonlyArray<readonly [string, Fields<never>]> = [
  ["a sample", sampleFields],
  ["bins", binFields],
  ["orders", orderFields],
  ["customers", customerFields]
]

/** Pieces that filters are made of, and pieces that they are not. */
const piece = Schema.Union([
  Schema.Literals([...Object.keys(sampleFields), ..."and or not ( ) , true false".split(" ")]),
  Schema.Literals("eq ne in lt le gt ge contains startswith missing".split(" ")),
  Schema.Literals(["1", "-1.5e3", "1e400", "007", '"a"', '"\\u00e9"', '"2030-01-01T00:00:00Z"', '"', "\\", "'", "."]),
  Schema.Literals([...nastyTexts, ...unstorableTexts]),
  Schema.String
])

/** Filters that mostly are none. */
const scrap = Schema.Array(piece).check(Schema.isMaxLength(12))
const comparisons = Schema.Literals([
  ...'text eq "a";number ge 2;not instant le 5;truth ne true;not not text missing;number in (1, 2);true;false'.split(
    ";"
  )
])
const joined = Schema.NonEmptyArray(
  Schema.Struct({
    before: Schema.Literals(["", "(", "not (", "not "]),
    comparison: comparisons,
    word: Schema.Literals(["and", "or", " and\n", "\tor "])
  })
).check(Schema.isMaxLength(8))

const written = (parts: typeof joined.Type): string => {
  const open = parts.filter(({ before }) => before.includes("(")).length
  const text = parts.map(({ before, comparison, word }, n) => `${n === 0 ? "" : ` ${word} `}${before}${comparison}`)
  return text.join("") + ")".repeat(open)
}

const withoutGroupsOfOne = (specification: Specification): Specification => {
  if (specification._tag === "Not") return { _tag: "Not", not: withoutGroupsOfOne(specification.not) }
  if (specification._tag !== "And" && specification._tag !== "Or") return specification
  const parts = (specification._tag === "And" ? specification.all : specification.any).map(withoutGroupsOfOne)
  const [first] = parts
  if (parts.length === 1 && first !== undefined) return first
  return specification._tag === "And" ? { _tag: "And", all: parts } : { _tag: "Or", any: parts }
}

describe("a printed filter", () => {
  for (const [name, fields] of tables) {
    it.prop(
      `over ${name} is read again as what was printed, but for groups of one`,
      { specification: specificationsOf(fittingPredicates(fields)) },
      ({ specification }) => {
        const read = parseFilter(fields, printFilter(specification))
        // Drawn specifications may be larger than a filter may be.
        if (Result.isFailure(read)) return assert.strictEqual(read.failure.code, "too_large", read.failure.message)
        // Filters, like JSON here, have one zero.
        assert.deepStrictEqual(read.success, JSON.parse(JSON.stringify(withoutGroupsOfOne(specification))))
      },
      { arbitrary: propertyRuns, tags }
    )
  }

  it.prop(
    "finds the rows that what was printed finds",
    { specification: specificationsOf(fittingPredicates(sampleFields)), row: SampleRow },
    ({ row, specification }) => {
      const read = parseFilter(sampleFields, printFilter(specification))
      if (Result.isFailure(read)) return assert.strictEqual(read.failure.code, "too_large")
      assert.strictEqual(satisfies(sampleFields, read.success, row), satisfies(sampleFields, specification, row))
    },
    { arbitrary: propertyRuns, tags }
  )

  it.prop(
    "is read as exactly what had been read before it was printed",
    { parts: joined },
    ({ parts }) => {
      const specification = Result.getOrThrow(parseFilter(sampleFields, written(parts)))
      assert.deepStrictEqual(Result.getOrThrow(parseFilter(sampleFields, printFilter(specification))), specification)
    },
    { arbitrary: propertyRuns, tags }
  )
})

it.prop(
  "any text is read or refused with a place within it and a sentence",
  { parts: scrap, glue: Schema.Literals([" ", ""]) },
  ({ glue, parts }) => {
    const text = parts.join(glue)
    const read = parseFilter(sampleFields, text)
    if (Result.isSuccess(read)) return
    const { message, position } = read.failure
    assert.isAtLeast(position, 0)
    assert.isAtMost(position, text.length)
    assert.isTrue(message.startsWith(`at character ${position + 1}: `) && message.isWellFormed(), message)
    assert.isBelow(message.length, 300)
  },
  { arbitrary: propertyRuns, tags: ["ADR-0016.4"] }
)
