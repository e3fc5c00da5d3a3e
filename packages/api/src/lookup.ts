/** Questions to the read models about customers, bins and orders, with the answers that a caller understands. */
import { Unprocessable } from "@dueline/contracts/api/ProblemError"
import type { FilterProblem } from "@dueline/contracts/specification/FilterProblem"
import { parseFilter } from "@dueline/contracts/specification/parseFilter"
import type { Fields, Specification } from "@dueline/contracts/specification/Specification"
import { Effect, Result } from "effect"
import { reject } from "./reject.ts"

/** One value of the other: the query parameters of a list that name fields. Those that are left out ask for nothing. */
export const equals = (plain: Readonly<Record<string, string | undefined>>): ReadonlyArray<Specification> =>
  Object.entries(plain).flatMap(([field, value]) => (value === undefined ? [] : [{ _tag: "Equals", field, value }]))

/** All of these and what `filter` says. */
export const specificationOf = <Row>(
  fields: Fields<Row>,
  text: string | undefined,
  others: ReadonlyArray<Specification>
): Effect.Effect<Specification, Unprocessable> => {
  if (text === undefined) return Effect.succeed({ _tag: "And", all: others })
  const parsed = parseFilter(fields, text)
  return Result.isSuccess(parsed)
    ? Effect.succeed({ _tag: "And", all: [...others, parsed.success] })
    : invalidFilter(parsed.failure)
}

const invalidFilter = ({ code, message }: FilterProblem) =>
  reject(Unprocessable, "invalid_filter", "Correct the filter at the place that `errors` names.", {
    errors: [{ path: "query.filter", code, message }]
  })
