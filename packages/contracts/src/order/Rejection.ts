/** Why the answer to a command about a service order is no. Nothing was stored. */
import { Schema } from "effect"
import { BinId, CustomerId, OrderId } from "../Ids.ts"
import { OrderStatus, TimeWindow } from "./Spec.ts"

const about = { orderId: OrderId }

export class OrderNotFound extends Schema.TaggedError<OrderNotFound>()("OrderNotFound", about) {}

/** The id was derived from a key that once named another request. */
export class OrderIdTaken extends Schema.TaggedError<OrderIdTaken>()("OrderIdTaken", about) {}

/** The command does not fit the state; `allowed` names the states it does fit. */
export class OrderNotInState extends Schema.TaggedError<OrderNotInState>()("OrderNotInState", {
  ...about,
  status: OrderStatus,
  allowed: Schema.Array(OrderStatus)
}) {}

/** To be scheduled an order needs a window, and neither the draft nor the command has one. */
export class OrderWindowMissing extends Schema.TaggedError<OrderWindowMissing>()("OrderWindowMissing", about) {}

export class TooManyItems extends Schema.TaggedError<TooManyItems>()("TooManyItems", {
  ...about,
  count: Schema.Int,
  limit: Schema.Int
}) {}

/** Another scheduled or confirmed order holds the bin for a part of this window. */
export class OrderWindowTaken extends Schema.TaggedError<OrderWindowTaken>()("OrderWindowTaken", {
  ...about,
  binId: BinId,
  window: TimeWindow
}) {}

export class OrderBinUnfit extends Schema.TaggedError<OrderBinUnfit>()("OrderBinUnfit", {
  ...about,
  binId: BinId,
  reason: Schema.Literals(["not_found", "retired", "in_maintenance", "of_another_customer"])
}) {}

export class OrderCustomerUnfit extends Schema.TaggedError<OrderCustomerUnfit>()("OrderCustomerUnfit", {
  ...about,
  customerId: CustomerId,
  reason: Schema.Literals(["not_found", "erased"])
}) {}

export const OrderRejection = Schema.Union([
  OrderNotFound,
  OrderIdTaken,
  OrderNotInState,
  OrderWindowMissing,
  TooManyItems,
  OrderWindowTaken,
  OrderBinUnfit,
  OrderCustomerUnfit
])
export type OrderRejection = typeof OrderRejection.Type

/** The problems that the API tells of orders alone, by code. Codes are never renamed or reused. */
export const orderProblems = {
  order_not_in_state: { status: 409, title: "The order is not in a state that allows this." },
  schedule_conflict: { status: 409, title: "Another order holds the bin for a part of this window." },
  window_missing: { status: 422, title: "To be scheduled an order needs a time window." },
  too_many_items: { status: 422, title: "The order would hold more items than it can." }
} as const
