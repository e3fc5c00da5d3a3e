/** Specifications obey the laws of Boolean algebra, whatever is asked of whatever row, values that are not there included. */
import { everything, satisfies, type Specification } from "@dueline/contracts/specification/Specification"
import { propertyRuns } from "@dueline/port-contracts/propertyRuns"
import {
  sampleFields,
  SampleRow,
  specificationsOf,
  wildPredicates
} from "@dueline/port-contracts/queries/SpecificationSample"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"

const and = (...all: ReadonlyArray<Specification>): Specification => ({ _tag: "And", all })
const or = (...any: ReadonlyArray<Specification>): Specification => ({ _tag: "Or", any })
const not = (of: Specification): Specification => ({ _tag: "Not", not: of })
const nothing = or()

type Sides = (a: Specification, b: Specification, c: Specification) => readonly [Specification, Specification]

const laws: ReadonlyArray<readonly [string, Sides]> = [
  ["not of not is nothing new", (a) => [not(not(a)), a]],
  ["not of and is or of nots (De Morgan)", (a, b) => [not(and(a, b)), or(not(a), not(b))]],
  ["not of or is and of nots (De Morgan)", (a, b) => [not(or(a, b)), and(not(a), not(b))]],
  ["and does not mind the order", (a, b) => [and(a, b), and(b, a)]],
  ["or does not mind the order", (a, b) => [or(a, b), or(b, a)]],
  ["and does not mind the grouping", (a, b, c) => [and(and(a, b), c), and(a, and(b, c))]],
  ["or does not mind the grouping", (a, b, c) => [or(or(a, b), c), or(a, or(b, c))]],
  ["a group of one is its only part", (a) => [and(a), or(a)]],
  ["and with itself is itself", (a) => [and(a, a), a]],
  ["or with itself is itself", (a) => [or(a, a), a]],
  ["and absorbs or", (a, b) => [and(a, or(a, b)), a]],
  ["or absorbs and", (a, b) => [or(a, and(a, b)), a]],
  ["and distributes over or", (a, b, c) => [and(a, or(b, c)), or(and(a, b), and(a, c))]],
  ["or distributes over and", (a, b, c) => [or(a, and(b, c)), and(or(a, b), or(a, c))]],
  ["everything adds nothing to and", (a) => [and(a, everything), a]],
  ["nothing adds nothing to or", (a) => [or(a, nothing), a]],
  ["nothing in and is nothing", (a) => [and(a, nothing), nothing]],
  ["everything in or is everything", (a) => [or(a, everything), everything]],
  ["nothing is both so and not so", (a) => [and(a, not(a)), nothing]],
  ["everything is so or not so", (a) => [or(a, not(a)), everything]]
]

const specification = specificationsOf(wildPredicates(sampleFields))
const options = { arbitrary: propertyRuns, tags: ["ADR-0016.2"] }

describe("the algebra of specifications", () => {
  for (const [sentence, sides] of laws) {
    it.prop(
      sentence,
      { a: specification, b: specification, c: specification, row: SampleRow },
      ({ a, b, c, row }) => {
        const [left, right] = sides(a, b, c)
        assert.strictEqual(satisfies(sampleFields, left, row), satisfies(sampleFields, right, row))
      },
      options
    )
  }

  it.prop(
    "and is true when all its parts are, or when any is, however many there are",
    { truths: Schema.Array(Schema.Boolean).check(Schema.isMaxLength(8)), row: SampleRow },
    ({ row, truths }) => {
      const parts = truths.map((truth) => (truth ? everything : nothing))
      assert.strictEqual(satisfies(sampleFields, and(...parts), row), !truths.includes(false))
      assert.strictEqual(satisfies(sampleFields, or(...parts), row), truths.includes(true))
    },
    options
  )

  it.prop(
    "everything is true of every row, and nothing is true of none",
    { row: SampleRow },
    ({ row }) => {
      assert.isTrue(satisfies(sampleFields, everything, row))
      assert.isFalse(satisfies(sampleFields, nothing, row))
    },
    options
  )

  it.prop(
    "of a value that is not there every comparison is false, and its negation true",
    { predicate: wildPredicates(sampleFields) },
    ({ predicate }) => {
      const empty: SampleRow = { text: null, number: null, instant: null, truth: null }
      const expected = predicate._tag === "Missing"
      assert.strictEqual(satisfies(sampleFields, predicate, empty), expected)
      assert.strictEqual(satisfies(sampleFields, not(predicate), empty), !expected)
    },
    options
  )
})

describe("comparisons", () => {
  const row: SampleRow = { text: "Ab😀", number: 5, instant: 7, truth: false }
  const holds = (specification: Specification) => satisfies(sampleFields, specification, row)

  it.each<readonly [boolean, Specification]>([
    [true, { _tag: "Equals", field: "text", value: "Ab😀" }],
    [false, { _tag: "Equals", field: "text", value: "ab😀" }],
    [true, { _tag: "Equals", field: "truth", value: false }],
    [false, { _tag: "Equals", field: "number", value: "5" }],
    [true, { _tag: "OneOf", field: "number", values: ["5", 4, 5] }],
    [false, { _tag: "OneOf", field: "number", values: [] }],
    [false, { _tag: "Below", field: "number", value: 5 }],
    [true, { _tag: "Below", field: "number", value: 5.000000001 }],
    [false, { _tag: "Above", field: "instant", value: 7 }],
    [true, { _tag: "Above", field: "instant", value: 6 }],
    [false, { _tag: "Below", field: "text", value: 100 }],
    [true, { _tag: "Contains", field: "text", part: "b😀" }],
    [true, { _tag: "Contains", field: "text", part: "" }],
    [false, { _tag: "Contains", field: "text", part: "\ud83d" }],
    [false, { _tag: "StartsWith", field: "text", part: "b" }],
    [true, { _tag: "StartsWith", field: "text", part: "A" }],
    [false, { _tag: "Missing", field: "truth" }],
    [true, { _tag: "Missing", field: "constructor" }]
  ])("%s: %j", (expected, specification) => {
    assert.strictEqual(holds(specification), expected)
  })
})
