/** What others may require of orders, and what orders keep among themselves. */
import type { BinId, CustomerId } from "../Ids.ts"
import type { NoRow, Rules } from "../Rules.ts"
import type { orderFields } from "./fields.ts"

type Field = keyof typeof orderFields
type Required = NoRow<"order", Field, (typeof orderRules.required)[number]>

/** Active orders hold their bin for their window. */
const active = { field: "status", is: ["Scheduled", "Confirmed"] } as const

export const orderRules = {
  required: ["customer_in_use", "bin_in_use"],
  unique: [],
  apart: [{ alike: ["binId"], from: "windowFrom", to: "windowTo", when: active, rule: "window_taken" }]
} as const satisfies Rules<Field>

/** The customer has no active orders. */
export const customerFree = (customerId: CustomerId): Required => ({
  _tag: "NoRow",
  kind: "order",
  where: { customerId },
  when: [active],
  rule: "customer_in_use",
  hold: { kind: "customer", id: customerId }
})

/** The bin has no active orders, apart from those of `except`. */
export const binFree = (binId: BinId, except: CustomerId | null): Required => ({
  _tag: "NoRow",
  kind: "order",
  where: { binId },
  when: except === null ? [active] : [active, { field: "customerId", isNot: [except] }],
  rule: "bin_in_use",
  hold: { kind: "bin", id: binId }
})
