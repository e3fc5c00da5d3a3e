/** What others may require of a customer. */
import type { CustomerId } from "../Ids.ts"
import type { RowIs, Rules } from "../Rules.ts"
import type { customerFields } from "./fields.ts"

type Field = keyof typeof customerFields

export const customerRules = {
  required: ["customer_missing", "customer_erased"],
  unique: [],
  apart: []
} as const satisfies Rules<Field>

/** The customer is there and not erased. */
export const customerActive = (
  customerId: CustomerId
): RowIs<"customer", Field, (typeof customerRules.required)[number]> => ({
  _tag: "RowIs",
  kind: "customer",
  id: customerId,
  missing: "customer_missing",
  unless: [{ field: "status", is: ["Erased"], rule: "customer_erased" }],
  hold: "share"
})
