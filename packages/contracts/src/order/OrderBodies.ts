/** What is sent to make, fill or move a service order, and what is answered about one. */
import { Schema } from "effect"
import { NextCursor } from "../api/conventions.ts"
import { idAsSent, Instant, parseDelay, parseInstant, Timestamp, Version } from "../api/Wire.ts"
import { BinId, CorrelationId, CustomerId, OrderId, ServiceCallId } from "../Ids.ts"
import {
  maxItems,
  maxNotifications,
  maxWindowMs,
  OrderItem,
  OrderKind,
  OrderNotification,
  OrderStatus
} from "./Order.ts"

export const Window = Schema.Struct({ from: Timestamp, to: Timestamp }).annotate({
  identifier: "Window",
  description: "From inclusive, to exclusive: windows that only touch do not overlap"
})
export type Window = typeof Window.Type

export const maxOrdersInTheWay = 10

export const WindowAsked = Schema.Struct({ from: Instant, to: Instant })
  .check(
    Schema.makeFilter(
      ({ from, to }) =>
        parseInstant(to, "up") > parseInstant(from, "up") || {
          path: ["to"],
          issue: "the window must end after it begins"
        }
    ),
    Schema.makeFilter(
      ({ from, to }) =>
        parseInstant(to, "up") - parseInstant(from, "up") <= maxWindowMs || {
          path: ["to"],
          issue: "the window must not be longer than 31 days"
        }
    )
  )
  .annotate({ identifier: "WindowAsked", description: "From inclusive, to exclusive; 31 days at the most" })
export type WindowAsked = typeof WindowAsked.Type

const maxLeadMs = 31 * 86_400_000

const Lead = Schema.String.annotate({
  description: "How long before the window begins: `30m`, `2h`, `1d`, or ISO 8601 such as `PT30M`; 31 days at the most",
  examples: ["30m", "PT30M"]
}).check(
  Schema.isMaxCodePoints(40).abort(),
  Schema.makeFilter(
    (text: string) =>
      Number.isFinite(parseDelay(text, "down")) || "is not a duration; expected 30m, 2h, 1d or ISO 8601 such as PT30M"
  ).abort(),
  Schema.makeFilter((text: string) => parseDelay(text, "down") <= maxLeadMs || "must not be longer than 31 days")
)

export const NotificationAsked = Schema.Struct({
  url: OrderNotification.fields.url
    .annotate({ description: "Where to POST to. Such calls are signed: an address with a secret in it is refused" })
    .check(Schema.isMinCodePoints(1)),
  lead: Lead,
  flow: OrderNotification.fields.flow
}).annotate({ identifier: "NotificationAsked", description: "A call to be made before the window begins" })
export type NotificationAsked = typeof NotificationAsked.Type

const items = Schema.Array(OrderItem).check(Schema.isMaxLength(maxItems))

export const CreateOrder = Schema.Struct({
  customerId: idAsSent(CustomerId),
  binId: idAsSent(BinId),
  kind: OrderKind,
  window: Schema.optionalKey(WindowAsked),
  items: Schema.optionalKey(items),
  notifications: Schema.optionalKey(Schema.Array(NotificationAsked).check(Schema.isMaxLength(maxNotifications))),
  schedule: Schema.optionalKey(
    Schema.Boolean.annotate({
      description: "At once, which needs a window. Otherwise, and when left out, the order is a draft and holds nothing"
    })
  )
}).annotate({ identifier: "CreateOrder" })
export type CreateOrder = typeof CreateOrder.Type

export const AddOrderItems = Schema.Struct({ items: items.check(Schema.isMinLength(1)) }).annotate({
  identifier: "AddOrderItems"
})
export type AddOrderItems = typeof AddOrderItems.Type

export const ScheduleOrder = Schema.Struct({
  window: Schema.optionalKey(WindowAsked)
}).annotate({ identifier: "ScheduleOrder", description: "Without a window: the one that the draft has" })
export type ScheduleOrder = typeof ScheduleOrder.Type

export const MoveOrder = Schema.Struct({ window: WindowAsked }).annotate({ identifier: "MoveOrder" })
export type MoveOrder = typeof MoveOrder.Type

const Notification = Schema.Struct({
  url: Schema.String,
  lead: Schema.String.annotate({ description: "How long before the window begins (ISO 8601)", examples: ["PT30M"] }),
  flow: OrderNotification.fields.flow,
  callId: ServiceCallId.annotate({ description: "The service call that is made of it once the order is scheduled" })
}).annotate({ identifier: "Notification" })

const state = {
  id: OrderId,
  status: OrderStatus,
  kind: OrderKind,
  customerId: CustomerId,
  binId: BinId,
  window: Schema.NullOr(Window).annotate({ description: "Null only in a draft" }),
  items: Schema.Array(OrderItem),
  notifications: Schema.Array(Notification),
  createdAt: Timestamp,
  updatedAt: Timestamp,
  endedAt: Schema.NullOr(Timestamp).annotate({ description: "When it was completed or cancelled" }),
  version: Version,
  links: Schema.Struct({ self: Schema.String })
}

/** The answer to a command: follows from its outcome alone, so that a repeat is answered with the same bytes. */
export const OrderState = Schema.Struct(state).annotate({ identifier: "OrderState" })
export type OrderState = typeof OrderState.Type

export const Order = Schema.Struct({ ...state, correlationId: CorrelationId }).annotate({ identifier: "Order" })
export type Order = typeof Order.Type

export const OrderPage = Schema.Struct({ items: Schema.Array(Order), nextCursor: NextCursor }).annotate({
  identifier: "OrderPage"
})

/** What stands in the way of an order: members of a problem's `conflict`. */
export const orderConflict = {
  reason: Schema.optionalKey(
    Schema.Literals(["not_found", "retired", "in_maintenance", "of_another_customer", "erased"])
  ).annotate({ description: "Why the bin or the customer does not fit" }),
  orders: Schema.optionalKey(
    Schema.Array(Schema.Struct({ id: OrderId, status: OrderStatus, window: Window })).annotate({
      description: `The orders that hold the bin in this window, by the beginning of theirs, ${maxOrdersInTheWay} at the most`
    })
  ),
  freeWindows: Schema.optionalKey(
    Schema.Array(Window).annotate({
      description:
        "Windows of the same length in which nothing holds the bin now, the nearest first: up to two before and two after"
    })
  )
}
