/**
 * Filters as callers write them: `status eq "Active" and not (sizeLitres lt 1000 or category in ("skip", "tank"))`.
 *
 * `not` binds closest, then `and`, then `or`. `true` stands for everything, `false` for nothing.
 */
import { Result } from "effect"
import { comparison } from "./filterComparison.ts"
import { type FilterProblem, misfit, tooLarge } from "./FilterProblem.ts"
import { type FilterReading, peek, take } from "./FilterReading.ts"
import { filterTokens } from "./filterTokens.ts"
import type { Fields, Specification } from "./Specification.ts"

/** In UTF-16 code units. */
export const maxFilterLength = 2_000
/** Of `not` and parentheses within each other. */
export const maxFilterDepth = 20
export const maxComparisons = 50

type Parsed = Result.Result<Specification, FilterProblem>

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
