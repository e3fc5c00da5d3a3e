/**
 * Filters as callers write them: `status eq "Active" and not (sizeLitres lt 1000 or category in ("skip", "tank"))`.
 *
 * `not` binds closest, then `and`, then `or`. `true` stands for everything, `false` for nothing.
 */
import { Result, Schema } from "effect"
import { keepsItsValue } from "../api/exactNumber.ts"
import { Instant, parseInstant, type Rounding } from "../api/Wire.ts"
import type { Field, Fields, FieldType, Specification } from "./Specification.ts"

/** Why a filter could not be read, fit to be shown to whoever wrote it. */
export interface FilterProblem {
  readonly code: "malformed" | "unknown_field" | "wrong_type" | "unknown_value" | "too_large"
  /** How many characters (UTF-16 code units) stand before the place. */
  readonly position: number
  /** What would have fitted there: words of the grammar, names of fields, values. Empty when it was too much of something. */
  readonly expected: ReadonlyArray<string>
  /** One sentence that says all of this. */
  readonly message: string
}

const maxFound = 30

/** `about` comes first, such as which field it is about; `found` is the text that stands there, empty at the end. */
const misfit = (
  code: FilterProblem["code"],
  at: { readonly position: number; readonly source: string },
  expected: ReadonlyArray<string>,
  about = ""
): FilterProblem => {
  const found = at.source === "" ? "the end" : at.source.slice(0, maxFound).toWellFormed()
  const choice = expected.length === 1 ? expected.join("") : `one of ${expected.join(", ")}`
  const message = `at character ${at.position + 1}: ${about}expected ${choice}, found ${found}`
  return { code, position: at.position, expected, message }
}

const tooLarge = (position: number, limit: string): FilterProblem => ({
  code: "too_large",
  position,
  expected: [],
  message: `at character ${position + 1}: a filter has at most ${limit}`
})

// The words, values and marks that a filter is made of.

interface Token {
  readonly kind: "word" | "text" | "number" | "mark" | "end"
  /** As it stands in the filter. */
  readonly source: string
  readonly position: number
}

/** Texts and numbers are those of JSON. Each begins with another character, so reading is linear in the length. */
const forms = {
  word: /[A-Za-z_]\w*/u,
  text: /"(?:[ !#-[\]-\u{10ffff}]|\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4}))*"/u,
  number: /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/u,
  mark: /[(),]/u,
  end: /$/u
} as const

const kinds = ["word", "text", "number", "mark", "end"] as const
const next = new RegExp(`[ \\t\\r\\n]*(?:${kinds.map((kind) => `(?<${kind}>${forms[kind].source})`).join("|")})`, "uy")

/** The last token is always the end. */
const filterTokens = (text: string): Result.Result<ReadonlyArray<Token>, FilterProblem> => {
  const tokens: Array<Token> = []
  next.lastIndex = 0
  for (;;) {
    const from = next.lastIndex
    const { groups = {} } = next.exec(text) ?? {}
    const kind = kinds.find((candidate) => groups[candidate] !== undefined)
    if (kind === undefined) return Result.fail(stranger(text, from))
    const source = groups[kind] ?? ""
    tokens.push({ kind, source, position: next.lastIndex - source.length })
    if (kind === "end") return Result.succeed(tokens)
  }
}

const stranger = (text: string, from: number): FilterProblem => {
  const source = text.slice(from).trimStart()
  const at = { position: text.length - source.length, source }
  return source.startsWith('"')
    ? misfit("malformed", at, ['a text that ends with " and has no escapes but those of JSON'])
    : misfit("malformed", at, ["a word", 'a text in "double quotes"', "a number", "(", ")", ","])
}

/** A filter that is being read, from left to right. */
interface FilterReading {
  readonly fields: Readonly<Record<string, Omit<Field<never>, "read">>>
  readonly tokens: ReadonlyArray<Token>
  /** How many tokens have been taken. */
  taken: number
  comparisons: number
}

const nowhere: Token = { kind: "end", source: "", position: 0 }

/** The next token; the end again and again once it is reached. */
const peek = ({ taken, tokens }: FilterReading): Token => tokens[taken] ?? tokens.at(-1) ?? nowhere

const take = (reading: FilterReading): Token => {
  const token = peek(reading)
  reading.taken += 1
  return token
}

// One comparison of a filter: a field, a word that fits its type, and a value of its type.

const maxListed = 50

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

const comparison = (reading: FilterReading): Parsed =>
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

/** In UTF-16 code units. */
const maxFilterLength = 2_000
/** Of `not` and parentheses within each other. */
const maxFilterDepth = 20
const maxComparisons = 50

export const parseFilter = <Row>(fields: Fields<Row>, text: string): Parsed =>
  Result.gen(function* () {
    if (text.length > maxFilterLength) {
      return yield* Result.fail(tooLarge(maxFilterLength, `${maxFilterLength} characters`))
    }
    const reading: FilterReading = { fields, tokens: yield* filterTokens(text), taken: 0, comparisons: 0 }
    const specification = yield* either(reading, 0)
    const rest = take(reading)
    return rest.kind === "end" ? specification : yield* Result.fail(misfit("malformed", rest, ["and", "or", "the end"]))
  })

const either = (reading: FilterReading, depth: number): Parsed =>
  Result.gen(function* () {
    const first = yield* both(reading, depth)
    const any = [first]
    while (goesOn(reading, "or")) any.push(yield* both(reading, depth))
    return any.length === 1 ? first : { _tag: "Or", any }
  })

const both = (reading: FilterReading, depth: number): Parsed =>
  Result.gen(function* () {
    const first = yield* single(reading, depth)
    const all = [first]
    while (goesOn(reading, "and")) all.push(yield* single(reading, depth))
    return all.length === 1 ? first : { _tag: "And", all }
  })

const goesOn = (reading: FilterReading, word: "and" | "or"): boolean => {
  const found = peek(reading).source === word
  if (found) take(reading)
  return found
}

const single = (reading: FilterReading, depth: number): Parsed =>
  Result.gen(function* () {
    const token = peek(reading)
    if (depth > maxFilterDepth) {
      return yield* Result.fail(tooLarge(token.position, `${maxFilterDepth} levels of "not" and parentheses`))
    }
    switch (token.source) {
      case "true":
        take(reading)
        return { _tag: "And", all: [] }
      case "false":
        take(reading)
        return { _tag: "Or", any: [] }
      case "not":
        take(reading)
        return { _tag: "Not", not: yield* single(reading, depth + 1) }
      case "(":
        take(reading)
        return yield* rest(reading, depth + 1)
    }
    reading.comparisons += 1
    return reading.comparisons > maxComparisons
      ? yield* Result.fail(tooLarge(token.position, `${maxComparisons} comparisons`))
      : yield* comparison(reading)
  })

/** What follows an opening parenthesis. */
const rest = (reading: FilterReading, depth: number): Parsed =>
  Result.gen(function* () {
    const inside = yield* either(reading, depth)
    const close = take(reading)
    return close.source === ")" ? inside : yield* Result.fail(misfit("malformed", close, ["and", "or", ")"]))
  })
