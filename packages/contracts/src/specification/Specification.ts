/**
 * * A question about one row, composed of predicates: what a list shows. Plain data, so that one value has one meaning in memory (`satisfies`) and
 * in SQL, whoever asks it. * Every predicate is true or false, never unknown: a comparison with a value that is not there (null) is false, and its
 * negation is true. So is a comparison with a value of another type, and one with a text that no store could keep (U+0000, half a surrogate pair).
 * What a specification means: whether one row, in memory, is among those it asks for.
 */
import { isStorableText } from "../api/Wire.ts"

/** What a field can be compared as. Texts are compared by code unit, and only for equality and by their beginning or a part of them. */
export type FieldType = "text" | "number" | "instant" | "boolean"

/** The fields of a row that questions may be about, by name, with how to read them. A null is a value that is not there. */
export type Fields<Row> = Readonly<Record<string, Field<Row>>>

export interface Field<Row> {
  readonly type: FieldType
  readonly read: (row: Row) => string | number | boolean | null
  /** The values a text may have, where they are few. */
  readonly oneOf?: ReadonlyArray<string>
  /** An id: kept in lower case, whatever case it is asked for in. */
  readonly uuid?: true
}

export type Predicate =
  | { readonly _tag: "Equals"; readonly field: string; readonly value: string | number | boolean }
  | { readonly _tag: "OneOf"; readonly field: string; readonly values: ReadonlyArray<string | number> }
  /** `field < value`. At most and at least are an `Or` with `Equals`, so that they too are false where there is no value. */
  | { readonly _tag: "Below"; readonly field: string; readonly value: number }
  | { readonly _tag: "Above"; readonly field: string; readonly value: number }
  | { readonly _tag: "Contains"; readonly field: string; readonly part: string }
  | { readonly _tag: "StartsWith"; readonly field: string; readonly part: string }
  | { readonly _tag: "Missing"; readonly field: string }

export type Specification =
  | Predicate
  /** True when there are none. */
  | { readonly _tag: "And"; readonly all: ReadonlyArray<Specification> }
  /** False when there are none. */
  | { readonly _tag: "Or"; readonly any: ReadonlyArray<Specification> }
  | { readonly _tag: "Not"; readonly not: Specification }

export const everything: Specification = { _tag: "And", all: [] }

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
