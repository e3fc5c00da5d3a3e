/** Public names of facts about service orders, and what their messages hold: the order as it is after the decision. */
import { Schema } from "effect"
import { CorrelationId, EpochMillis, OrderId, TenantId } from "../Ids.ts"
import { common, ids, minutesLater, topic } from "../topics/topic.ts"
import { OrderFacts } from "./Order.ts"

/** Version 1 of the message on every `ops.service.order.*` topic and on `ops.pickup.completed`. */
export const OrderChanged = Schema.Struct({
  schemaVersion: Schema.Literal(1),
  tenantId: TenantId,
  orderId: OrderId,
  /** The stream's version, so that a reader can tell which message is newer. */
  version: Schema.Int,
  order: OrderFacts,
  occurredAt: EpochMillis,
  correlationId: CorrelationId
}).annotate({ identifier: "OrderChanged" })
export type OrderChanged = typeof OrderChanged.Type

const drafted: OrderChanged = {
  ...common,
  orderId: ids.orderId,
  version: 1,
  order: {
    customerId: ids.customerId,
    binId: ids.binId,
    kind: "pickup",
    notifications: [{ url: "https://example.com/hooks/pickups", leadMs: 3_600_000 }],
    status: "Draft",
    window: { from: minutesLater(24 * 60), to: minutesLater(26 * 60) },
    items: [],
    createdAt: minutesLater(2),
    updatedAt: minutesLater(2),
    endedAt: null
  },
  occurredAt: minutesLater(2)
}

const later = (version: number, minutes: number, changes: Partial<OrderChanged["order"]>): OrderChanged => ({
  ...drafted,
  version,
  order: {
    ...drafted.order,
    items: [{ material: "mixed-rubble", quantity: 2_500, unit: "kilogram" }],
    ...changes,
    updatedAt: minutesLater(minutes)
  },
  occurredAt: minutesLater(minutes)
})

const moved = { from: minutesLater(48 * 60), to: minutesLater(50 * 60) }
const completed = later(7, 49 * 60, { status: "Completed", window: moved, endedAt: minutesLater(49 * 60) })

export const orderTopics = {
  "ops.service.order.drafted": topic(
    OrderChanged,
    "An order was made; it holds no bin yet. One that is scheduled at once is drafted first.",
    drafted
  ),
  "ops.service.order.changed": topic(OrderChanged, "Items were added to an order.", later(2, 3, {})),
  "ops.service.order.scheduled": topic(
    OrderChanged,
    "An order got its window: from now on it holds its bin for it.",
    later(3, 4, { status: "Scheduled" })
  ),
  "ops.service.order.moved": topic(
    OrderChanged,
    "An order got another window; if it was confirmed, it has to be confirmed again.",
    later(4, 20, { status: "Scheduled", window: moved })
  ),
  "ops.service.order.confirmed": topic(
    OrderChanged,
    "A scheduled order was confirmed.",
    later(5, 30, { status: "Confirmed", window: moved })
  ),
  "ops.service.order.cancelled": topic(
    OrderChanged,
    "An order was cancelled and holds nothing any more.",
    later(6, 40, { status: "Cancelled", window: moved, endedAt: minutesLater(40) })
  ),
  "ops.service.order.completed": topic(OrderChanged, "An order was carried out.", completed),
  "ops.pickup.completed": topic(
    OrderChanged,
    "A pickup or a swap was carried out: the bin has left the customer.",
    completed
  )
} as const

export const OrderTopic = Schema.Literals(Object.keys(orderTopics) as ReadonlyArray<keyof typeof orderTopics>)
export type OrderTopic = typeof OrderTopic.Type
