/**
 * The form of rules between aggregates, as data: what a command may ask of other aggregates, and what the rows of one kind keep among
 * themselves. Kinds declare theirs (`customer/Customer.ts` and its like), the store keeps them at commit, in memory and in SQL alike.
 *
 * Fields are those that a kind declares for filters. Null is a value as any other, but to `unique`.
 */
export type FieldValue = string | number | boolean | null

/** What a row's field is, or is not. */
export type Test<Field extends string = string> =
  | { readonly field: Field; readonly is: ReadonlyArray<FieldValue> }
  | { readonly field: Field; readonly isNot: ReadonlyArray<FieldValue> }

/** The row is there, or the commit is refused as `missing`; and none of `unless` is so, or it is refused by the first that is. */
export interface RowIs<Kind extends string = string, Field extends string = string, Rule extends string = string> {
  readonly _tag: "RowIs"
  readonly kind: Kind
  readonly id: string
  readonly missing: Rule
  readonly unless: ReadonlyArray<Test<Field> & { readonly rule: Rule }>
  /** Whether others may require the row too until the commit ends, or none may. Nobody changes the row in either case. */
  readonly hold: "share" | "update"
}

/** There is no row of the kind that has these values and meets every test. */
export interface NoRow<Kind extends string = string, Field extends string = string, Rule extends string = string> {
  readonly _tag: "NoRow"
  readonly kind: Kind
  /** What the rows are looked up by. */
  readonly where: Readonly<Partial<Record<Field, FieldValue>>>
  readonly when: ReadonlyArray<Test<Field>>
  readonly rule: Rule
  /** The row that whoever makes such a row requires with `update`: held, so that of the two only one passes. */
  readonly hold: { readonly kind: string; readonly id: string }
}

/** No two rows of the kind, in one tenant, have the same values in these fields. A row with a null among them is not concerned. */
interface Unique<Field extends string, Rule extends string> {
  readonly fields: ReadonlyArray<Field>
  readonly rule: Rule
}

/**
 * Of rows that are alike in `alike` and meet the test no two overlap: `from` inclusive, `to` exclusive, instants both. A row without
 * either is not concerned.
 */
interface Apart<Field extends string, Rule extends string> {
  readonly alike: ReadonlyArray<Field>
  readonly from: Field
  readonly to: Field
  readonly when: Test<Field>
  readonly rule: Rule
}

export interface Rules<Field extends string = string, Rule extends string = string> {
  /** What the requirements that are declared here can come to. */
  readonly required: ReadonlyArray<Rule>
  readonly unique: ReadonlyArray<Unique<Field, Rule>>
  readonly apart: ReadonlyArray<Apart<Field, Rule>>
}
