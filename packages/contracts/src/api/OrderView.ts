/** What is answered about service orders. */
import { Schema } from "effect"
import { BinId, CorrelationId, CustomerId, OrderId, ServiceCallId } from "../Ids.ts"
import { OrderItem, OrderKind, OrderStatus } from "../order/Spec.ts"
import { Window } from "./ConflictDetails.ts"
import { NextCursor } from "./conventions.ts"
import { Timestamp, Version } from "./Wire.ts"

export const Notification = Schema.Struct({
  url: Schema.String,
  lead: Schema.String.annotate({ description: "How long before the window begins (ISO 8601)", examples: ["PT30M"] }),
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
