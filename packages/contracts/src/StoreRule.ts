/** What one aggregate may ask of others, and the rules that come of it: decided nowhere, kept by the store at commit. */
import { Schema } from "effect"
import type { BinId, CustomerId } from "./Ids.ts"

/**
 * What must be true of other aggregates when a commit becomes durable, and stay true until it is: the store holds what it looked at.
 * Active orders are those that are scheduled or confirmed.
 */
export type Requirement =
  /** The customer is there and not erased. */
  | { readonly _tag: "CustomerActive"; readonly customerId: CustomerId }
  /** The customer has no active orders. */
  | { readonly _tag: "CustomerFree"; readonly customerId: CustomerId }
  /** The bin is there, in service, and kept for nobody else. */
  | { readonly _tag: "BinFits"; readonly binId: BinId; readonly customerId: CustomerId }
  /** The bin has no active orders, apart from those of `except`. */
  | { readonly _tag: "BinFree"; readonly binId: BinId; readonly except: CustomerId | null }

/**
 * The rules between aggregates that the store keeps: what each requirement can come to, that serial numbers are unique within a tenant,
 * and that the windows of one bin's active orders do not overlap.
 */
export const StoreRule = Schema.Literals([
  "customer_missing",
  "customer_erased",
  "customer_in_use",
  "bin_missing",
  "bin_retired",
  "bin_in_maintenance",
  "bin_of_another_customer",
  "bin_in_use",
  "serial_taken",
  "window_taken"
])
export type StoreRule = typeof StoreRule.Type
