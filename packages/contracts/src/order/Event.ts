/** Facts about a service order. Every case is stored for ever: add cases, never edit one. */
import { Schema } from "effect"
import { BinId, EpochMillis } from "../Ids.ts"
import { OrderItem, OrderTerms, TimeWindow } from "./Spec.ts"

export const OrderEvent = Schema.TaggedUnion({
  /** `window` is what is wished for; the bin is not held for it yet. */
  OrderDrafted: {
    terms: OrderTerms,
    window: Schema.NullOr(TimeWindow),
    items: Schema.Array(OrderItem),
    createdAt: EpochMillis,
    fingerprint: Schema.NullOr(Schema.String)
  },
  OrderItemsAdded: { items: Schema.Array(OrderItem) },
  OrderScheduled: { window: TimeWindow },
  OrderMoved: { window: TimeWindow, previous: TimeWindow },
  OrderConfirmed: {},
  OrderCancelled: {},
  OrderCompleted: {},
  /** Follows the completion of a pickup or a swap: the bin has left the customer. */
  PickupCompleted: { binId: BinId }
})
export type OrderEvent = typeof OrderEvent.Type
