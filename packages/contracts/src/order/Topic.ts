/** Public names of facts about service orders, and what their messages hold: the order as it is after the decision. */
import { Schema } from "effect"
import { CorrelationId, EpochMillis, OrderId, TenantId } from "../Ids.ts"
import { OrderFacts } from "./Spec.ts"

export const OrderTopic = Schema.Literals([
  "ops.service.order.drafted",
  "ops.service.order.changed",
  "ops.service.order.scheduled",
  "ops.service.order.moved",
  "ops.service.order.confirmed",
  "ops.service.order.cancelled",
  "ops.service.order.completed",
  "ops.pickup.completed"
])
export type OrderTopic = typeof OrderTopic.Type

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
