/** What one aggregate may ask of others, and the rules that come of it: decided nowhere, kept by the store at commit. */
import { Schema } from "effect"
import { type FieldOf, type OpsCategory, opsCategories, rulesOf } from "./kinds.ts"
import type { NoRow, RowIs, Rules } from "./Rules.ts"

type RuleIn<R> = R extends {
  readonly required: ReadonlyArray<infer A>
  readonly unique: ReadonlyArray<infer B>
  readonly apart: ReadonlyArray<infer C>
}
  ? A | RuleNamed<B> | RuleNamed<C>
  : never
type RuleNamed<A> = A extends { readonly rule: infer Rule } ? Rule : never

/** The rules that the kinds declare, by name: why a store may refuse a commit whose versions and receipts are in order. */
export type StoreRule = { readonly [K in OpsCategory]: RuleIn<ReturnType<typeof rulesOf<K>>> }[OpsCategory]
export const StoreRule = Schema.Literals(
  opsCategories.flatMap((kind): ReadonlyArray<StoreRule> => {
    const { apart, required, unique }: Rules<string, StoreRule> = rulesOf(kind)
    return [...required, ...unique.map(({ rule }) => rule), ...apart.map(({ rule }) => rule)]
  })
)

/**
 * What must be true of other aggregates when a commit becomes durable, and stay true until it is: the store holds what it looked at.
 * The kinds say what may be required of them (`customerActive` and its like).
 */
export type Requirement = {
  readonly [K in OpsCategory]: RowIs<K, FieldOf<K>, StoreRule> | NoRow<K, FieldOf<K>, StoreRule>
}[OpsCategory]
