/**
 * A question about one row, composed of predicates: what a list shows. Plain data, so that one value has one meaning in memory
 * (`satisfies`) and in SQL, whoever asks it.
 *
 * Every predicate is true or false, never unknown: a comparison with a value that is not there (null) is false, and its negation is true.
 * So is a comparison with a value of another type, and one with a text that no store could keep (U+0000, half a surrogate pair).
 */

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
