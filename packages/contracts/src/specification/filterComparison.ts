/** One comparison of a filter: a field, a word that fits its type, and a value of its type. */
import { Result, Schema } from "effect"
import { keepsItsValue } from "../api/exactNumber.ts"
import { Instant, parseInstant, type Rounding } from "../api/Wire.ts"
import { type FilterProblem, misfit, tooLarge } from "./FilterProblem.ts"
import { type FilterReading, take } from "./FilterReading.ts"
import type { Token } from "./filterTokens.ts"
import type { Field, FieldType, Specification } from "./Specification.ts"

export const maxListed = 50

type Parsed = Result.Result<Specification, FilterProblem>
type Value<A> = Result.Result<A, FilterProblem>
type Known = Omit<Field<never>, "read">

const ordered = ["eq", "ne", "in", "lt", "le", "gt", "ge", "missing"]
const wordsFor: Readonly<Record<FieldType, ReadonlyArray<string>>> = {
  text: ["eq", "ne", "in", "contains", "startswith", "missing"],
  number: ordered,
  instant: ordered,
  boolean: ["eq", "ne", "missing"]
}
const anyWord = new Set(Object.values(wordsFor).flat())

export const comparison = (reading: FilterReading): Parsed =>
  Result.gen(function* () {
    const name = take(reading)
    const field = name.source
    const known = Object.hasOwn(reading.fields, field) ? reading.fields[field] : undefined
    if (known === undefined) return yield* Result.fail(noField(reading, name))
    const token = take(reading)
    const word = token.source
    const words = wordsFor[known.type]
    if (!words.includes(word)) {
      const code = anyWord.has(word) ? "wrong_type" : "malformed"
      return yield* Result.fail(misfit(code, token, words, `${field} is of type ${known.type}: `))
    }
    if (word === "missing") return { _tag: "Missing", field }
    if (word === "in") return { _tag: "OneOf", field, values: yield* list(reading, field, known) }
    if (word === "contains" || word === "startswith") {
      const part = yield* text(take(reading), field, {})
      return { _tag: word === "contains" ? "Contains" : "StartsWith", field, part }
    }
    if (word === "eq" || word === "ne") {
      const equals: Specification = { _tag: "Equals", field, value: yield* anyValue(take(reading), field, known) }
      return word === "eq" ? equals : { _tag: "Not", not: equals }
    }
    // Between two milliseconds nothing happens: `< 5.3` and `>= 5.3` part the whole ones at 6, `<= 5.3` and `> 5.3` at 5.
    const value = yield* amount(take(reading), field, known, word === "lt" || word === "ge" ? "up" : "down")
    const beyond: Specification = { _tag: word.startsWith("l") ? "Below" : "Above", field, value }
    return word.endsWith("t") ? beyond : { _tag: "Or", any: [beyond, { _tag: "Equals", field, value }] }
  })

const noField = ({ fields }: FilterReading, name: Token): FilterProblem => {
  const names = Object.keys(fields)
  return name.kind === "word"
    ? misfit("unknown_field", name, names, "there is no such field: ")
    : misfit("malformed", name, ["not", "(", ...names])
}

const list = (reading: FilterReading, field: string, known: Known): Value<ReadonlyArray<string | number>> =>
  Result.gen(function* () {
    const open = take(reading)
    if (open.source !== "(") return yield* Result.fail(misfit("malformed", open, ["("]))
    const values: Array<string | number> = []
    for (;;) {
      const token = take(reading)
      if (values.length === maxListed)
        return yield* Result.fail(tooLarge(token.position, `${maxListed} values in a list`))
      values.push(yield* known.type === "text" ? text(token, field, known) : amount(token, field, known))
      const mark = take(reading)
      if (mark.source === ")") return values
      if (mark.source !== ",") return yield* Result.fail(misfit("malformed", mark, [",", ")"]))
    }
  })

const anyValue = (token: Token, field: string, known: Known): Value<string | number | boolean> =>
  known.type === "text"
    ? text(token, field, known)
    : known.type === "boolean"
      ? truth(token, field)
      : amount(token, field, known)

const uuidForm = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/iu

const text = (token: Token, field: string, { oneOf, uuid }: Pick<Known, "oneOf" | "uuid">): Value<string> => {
  const expected = oneOf?.map((value) => JSON.stringify(value)) ?? ['a text in "double quotes"']
  if (token.kind !== "text") return Result.fail(misfit("wrong_type", token, expected, `${field} is of type text: `))
  const written: string = JSON.parse(token.source)
  const value = uuid === true && uuidForm.test(written) ? written.toLowerCase() : written
  return oneOf === undefined || oneOf.includes(value)
    ? Result.succeed(value)
    : Result.fail(misfit("unknown_value", token, expected, `${field} is never that: `))
}

const truth = (token: Token, field: string): Value<boolean> =>
  token.source === "true" || token.source === "false"
    ? Result.succeed(token.source === "true")
    : Result.fail(misfit("wrong_type", token, ["true", "false"], `${field} is of type boolean: `))

/** Zero has one sign only. Without a rounding an instant has to be whole milliseconds: no other is ever equal to one that is kept. */
const amount = (token: Token, field: string, { type }: Known, rounding?: Rounding): Value<number> => {
  const written = token.kind === "number" ? numberIn(token) : type === "instant" ? moment(token, rounding) : Number.NaN
  const fits = type === "instant" ? Number.isSafeInteger(written) : Number.isFinite(written)
  return fits
    ? Result.succeed(written)
    : Result.fail(misfit("wrong_type", token, expectedAmount[type], `${field} is of type ${type}: `))
}

const numberIn = ({ source }: Token): number => (keepsItsValue(source) ? Number(source) + 0 : Number.NaN)

const expectedAmount: Readonly<Record<FieldType, ReadonlyArray<string>>> = {
  text: [],
  boolean: [],
  number: ["a number"],
  instant: ['an instant such as "2026-01-31T09:00:00Z"', "whole milliseconds since 1970"]
}

const isInstant = Schema.is(Instant)

const moment = (token: Token, rounding: Rounding | undefined): number => {
  const written: unknown = token.kind === "text" ? JSON.parse(token.source) : undefined
  if (!isInstant(written)) return Number.NaN
  const millis = parseInstant(written, rounding ?? "down")
  return rounding === undefined && millis !== parseInstant(written, "up") ? Number.NaN : millis
}
