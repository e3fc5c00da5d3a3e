/** A specification as `parseFilter` would read it: what was read comes back as it was. */
import type { Specification } from "@dueline/contracts/specification/Specification"

/** What needs no parentheses there: anything, what binds closer than `or`, or what binds closer than `and`. */
type Place = "open" | "within or" | "within and"

/** Instants come as epoch milliseconds. Numbers have to be finite. */
export const printFilter = (whole: Specification, place: Place = "open"): string => {
  const specification = bare(whole)
  switch (specification._tag) {
    case "And":
      return printAll(specification.all, "and", place)
    case "Or":
      return atLeastOrMost(specification.any) ?? printAll(specification.any, "or", place)
    case "Not": {
      const not = bare(specification.not)
      return not._tag === "Equals" ? compare(not.field, "ne", not.value) : `not ${printFilter(not, "within and")}`
    }
    case "Missing":
      return `${specification.field} missing`
    case "Equals":
      return compare(specification.field, "eq", specification.value)
    case "OneOf": {
      const { field, values } = specification
      return values.length === 0 ? "false" : `${field} in (${values.map((value) => JSON.stringify(value)).join(", ")})`
    }
    case "Below":
      return compare(specification.field, "lt", specification.value)
    case "Above":
      return compare(specification.field, "gt", specification.value)
    case "Contains":
      return compare(specification.field, "contains", specification.part)
    case "StartsWith":
      return compare(specification.field, "startswith", specification.part)
  }
}

/** Without groups of one, which the grammar does not have. */
const bare = (specification: Specification): Specification => {
  const parts = specification._tag === "And" ? specification.all : specification._tag === "Or" ? specification.any : []
  const [first] = parts
  return parts.length === 1 && first !== undefined ? bare(first) : specification
}

const compare = (field: string, word: string, value: string | number | boolean): string =>
  `${field} ${word} ${JSON.stringify(value)}`

const printAll = (parts: ReadonlyArray<Specification>, word: "and" | "or", place: Place): string => {
  if (parts.length === 0) return word === "and" ? "true" : "false"
  // A chain within a chain of its own kind keeps its parentheses: what was grouped stays so.
  const text = parts.map((part) => printFilter(part, word === "or" ? "within or" : "within and")).join(` ${word} `)
  return place === "within and" || (place === "within or" && word === "or") ? `(${text})` : text
}

const atLeastOrMost = (any: ReadonlyArray<Specification>): string | null => {
  const [beyond, equals, more] = any.map(bare)
  if (beyond?._tag !== "Below" && beyond?._tag !== "Above") return null
  if (equals?._tag !== "Equals" || more !== undefined) return null
  if (equals.field !== beyond.field || equals.value !== beyond.value) return null
  return compare(beyond.field, beyond._tag === "Below" ? "le" : "ge", beyond.value)
}
