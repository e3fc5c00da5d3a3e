/** What the world hears of facts about a service order. */
import type { OrderId } from "@dueline/contracts/Ids"
import type { OrderEvent } from "@dueline/contracts/order/Event"
import type { OrderChanged, OrderTopic } from "@dueline/contracts/order/Topic"
import type { Stamp } from "../engine/Aggregate.ts"
import type { OrderState } from "./State.ts"

const topics: Readonly<Record<OrderEvent["_tag"], OrderTopic>> = {
  OrderDrafted: "ops.service.order.drafted",
  OrderItemsAdded: "ops.service.order.changed",
  OrderScheduled: "ops.service.order.scheduled",
  OrderMoved: "ops.service.order.moved",
  OrderConfirmed: "ops.service.order.confirmed",
  OrderCancelled: "ops.service.order.cancelled",
  OrderCompleted: "ops.service.order.completed",
  PickupCompleted: "ops.pickup.completed"
}

export const announce = (
  { _tag }: OrderEvent,
  after: OrderState,
  { at, tenantId, version }: Stamp,
  orderId: OrderId
): { readonly topic: OrderTopic; readonly payload: OrderChanged } | null => {
  if (after._tag === "Unknown") return null
  const { correlationId, order } = after
  const payload: OrderChanged = { schemaVersion: 1, tenantId, orderId, version, order, occurredAt: at, correlationId }
  return { topic: topics[_tag], payload }
}
