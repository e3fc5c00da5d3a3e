/** Random specifications, and rows with one field of every type, made of values that are easily confused. */
import type { Field, Fields, Predicate, Specification } from "@dueline/contracts/specification/Specification"
import { Schema } from "effect"

/** Quotes, wildcards, case pairs, accents in two forms, what some alphabet holds equal, and what SQL gives a meaning to. */
export const nastyTexts = [
  ...[
    "",
    " ",
    "a b",
    "\n",
    "\t",
    "\u007f",
    "\u00a0",
    "\u200b",
    "\u202e",
    "\ufffd",
    "\ufeff",
    "\uffff",
    "e\u0301",
    "\u212b"
  ],
  ..."a A ab aB b B ba abba axb 0 -0 1e3 true null ß ss ẞ I ı é Å ñ 中 😀 😁 a😀b 👩‍👩‍👧 𝒳".split(" "),
  ..."' '' \" ` \\ \\' % _ a% a_ %a a%b a_b $1 ${a} ? :a ; -- /* {} {a} ']) or'1'='1".split(" ")
]

/** No store keeps these; nothing stored is like them. The first two are halves of "😀". */
export const unstorableTexts = ["\ud83d", "\ude00", "a\ud83d", "\u0000", "a\u0000", "\u0000a"] as const

const small = [0, 1, -1, 2, 0.1, 0.3, 0.30000000000000004, -0.5, 1e-7, 5e-324, 2.2250738585072014e-308]
const powers = [2 ** 31, 2 ** 53, 2 ** 63].flatMap((power) => [power - 1, power, -power])
const extremeNumbers = [...small, ...powers, 1 - 2 ** 53, 90, -180, 1e21, 1.7976931348623157e308, 1_893_456_000_000]

export const texts: Schema.Codec<string> = Schema.Literals(nastyTexts)
const wholeNumbers = Schema.Literals([0, 1, -1, 2, 1_893_456_000_000, 2 ** 53 - 1, -(2 ** 53 - 1)])
export const numbers = Schema.Union([Schema.Literals(extremeNumbers), wholeNumbers, Schema.Finite])

export const SampleRow = Schema.Struct({
  text: Schema.NullOr(texts),
  number: Schema.NullOr(numbers),
  instant: Schema.NullOr(wholeNumbers),
  truth: Schema.NullOr(Schema.Boolean)
})
export type SampleRow = typeof SampleRow.Type

export const sampleFields: Fields<SampleRow> = {
  text: { type: "text", read: ({ text }) => text },
  number: { type: "number", read: ({ number }) => number },
  instant: { type: "instant", read: ({ instant }) => instant },
  truth: { type: "boolean", read: ({ truth }) => truth }
}

const tagged = <const Tag extends string, const F extends Schema.Struct.Fields>(tag: Tag, fields: F) =>
  Schema.Struct({ _tag: Schema.Literal(tag), ...fields })

type Predicates = Schema.Codec<Predicate>
type Specifications = Schema.Codec<Specification>

/** Whatever the predicates are composed to: half of all parts are predicates. Shrinks to fewer and flatter ones. */
export const specificationsOf = (predicate: Predicates): Specifications => {
  const deeper = Schema.suspend((): Specifications => specification)
  const parts = Schema.Array(deeper).check(Schema.isMaxLength(4))
  const specification: Specifications = Schema.Union([
    Schema.Union([predicate, predicate, predicate]),
    tagged("Not", { not: deeper }),
    tagged("And", { all: parts }),
    tagged("Or", { any: parts })
  ])
  return specification
}

const few = <S extends Schema.Top>(value: S) => Schema.NonEmptyArray(value).check(Schema.isMaxLength(4))

const ofType = (
  name: string,
  { oneOf, type }: Omit<Field<never>, "read">,
  anyText: Schema.Codec<string>
): Predicates => {
  const field = Schema.Literal(name)
  const missing = tagged("Missing", { field })
  if (type === "boolean") return Schema.Union([tagged("Equals", { field, value: Schema.Boolean }), missing])
  if (type === "text") {
    const value = oneOf === undefined ? anyText : Schema.Literals(oneOf)
    return Schema.Union([
      tagged("Equals", { field, value }),
      tagged("OneOf", { field, values: few(value) }),
      tagged("Contains", { field, part: anyText }),
      tagged("StartsWith", { field, part: anyText }),
      missing
    ])
  }
  const value = type === "instant" ? wholeNumbers : numbers
  return Schema.Union([
    tagged("Equals", { field, value }),
    tagged("OneOf", { field, values: few(value) }),
    tagged("Below", { field, value }),
    tagged("Above", { field, value }),
    missing
  ])
}

/** Comparisons that a caller could write. `anyText`: what texts that are not one of few are compared with. */
export const fittingPredicates = <Row>(fields: Fields<Row>, anyText: Schema.Codec<string> = texts): Predicates =>
  Schema.Union(Object.entries(fields).map(([name, field]) => ofType(name, field, anyText)))

/** Any field, or none, with any value of any type, or one that no row can have. */
export const wildPredicates = <Row>(fields: Fields<Row>): Predicates => {
  const field = Schema.Literals([...Object.keys(fields), "absent", "constructor", "__proto__"])
  const text = Schema.Union([texts, Schema.Literals(unstorableTexts), Schema.String])
  const number = Schema.Union([numbers, Schema.Number])
  const value = Schema.Union([text, number])
  return Schema.Union([
    tagged("Equals", { field, value: Schema.Union([value, Schema.Boolean]) }),
    tagged("OneOf", { field, values: Schema.Array(value).check(Schema.isMaxLength(4)) }),
    tagged("Below", { field, value: number }),
    tagged("Above", { field, value: number }),
    tagged("Contains", { field, part: text }),
    tagged("StartsWith", { field, part: text }),
    tagged("Missing", { field })
  ])
}
