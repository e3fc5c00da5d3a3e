/** What a specification means: whether one row, in memory, is among those it asks for. */
import { isStorableText } from "../api/Wire.ts"
import type { Fields, Specification } from "./Specification.ts"

/** A field that the table does not have is one that no row has a value for. */
export const satisfies = <Row>(fields: Fields<Row>, specification: Specification, row: Row): boolean => {
  switch (specification._tag) {
    case "And":
      return specification.all.every((part) => satisfies(fields, part, row))
    case "Or":
      return specification.any.some((part) => satisfies(fields, part, row))
    case "Not":
      return !satisfies(fields, specification.not, row)
    case "Missing":
      return valueOf(fields, specification.field, row) === null
    case "Equals":
      return valueOf(fields, specification.field, row) === specification.value
    case "OneOf":
      return specification.values.some((value) => valueOf(fields, specification.field, row) === value)
    case "Below":
    case "Above": {
      const value = valueOf(fields, specification.field, row)
      if (typeof value !== "number") return false
      return specification._tag === "Below" ? value < specification.value : value > specification.value
    }
    case "Contains":
    case "StartsWith": {
      const value = valueOf(fields, specification.field, row)
      // Half of a pair would be found by code unit within a whole one, which no database would do.
      if (typeof value !== "string" || !isStorableText(specification.part)) return false
      return specification._tag === "Contains"
        ? value.includes(specification.part)
        : value.startsWith(specification.part)
    }
  }
}

const valueOf = <Row>(fields: Fields<Row>, name: string, row: Row) =>
  Object.hasOwn(fields, name) ? (fields[name]?.read(row) ?? null) : null
