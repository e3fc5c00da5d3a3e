/** What it takes to hold a bin for a customer, and what the answer is when that cannot be. */
import { binFits } from "@dueline/contracts/bin/rules"
import { customerActive } from "@dueline/contracts/customer/rules"
import type { OrderCommand } from "@dueline/contracts/order/Command"
import type { OrderEvent } from "@dueline/contracts/order/Event"
import {
  OrderBinUnfit,
  OrderCustomerUnfit,
  type OrderRejection,
  OrderWindowTaken
} from "@dueline/contracts/order/Rejection"
import type { OrderFacts } from "@dueline/contracts/order/Spec"
import type { Requirement, StoreRule } from "@dueline/contracts/StoreRule"
import type { OrderState } from "./State.ts"

/** Bin and customer are looked at when an order is made and whenever it takes hold of a window; what happens to them later is theirs. */
export const requires = (events: ReadonlyArray<OrderEvent>, after: OrderState): ReadonlyArray<Requirement> => {
  const binding = ["OrderDrafted", "OrderScheduled", "OrderMoved"]
  if (after._tag === "Unknown" || !events.some(({ _tag }) => binding.includes(_tag))) return []
  const { binId, customerId } = after.order
  return [customerActive(customerId), binFits(binId, customerId)]
}

export const refuse = (rule: StoreRule, { orderId }: OrderCommand, order: OrderFacts): OrderRejection | null => {
  const { binId, customerId, window } = order
  switch (rule) {
    case "window_taken":
      return window === null ? null : new OrderWindowTaken({ orderId, binId, window })
    case "customer_missing":
      return new OrderCustomerUnfit({ orderId, customerId, reason: "not_found" })
    case "customer_erased":
      return new OrderCustomerUnfit({ orderId, customerId, reason: "erased" })
    case "bin_missing":
      return new OrderBinUnfit({ orderId, binId, reason: "not_found" })
    case "bin_retired":
      return new OrderBinUnfit({ orderId, binId, reason: "retired" })
    case "bin_in_maintenance":
      return new OrderBinUnfit({ orderId, binId, reason: "in_maintenance" })
    case "bin_of_another_customer":
      return new OrderBinUnfit({ orderId, binId, reason: "of_another_customer" })
    default:
      return null
  }
}
