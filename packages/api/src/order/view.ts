/** Service orders as they are answered. */
import type { Window } from "@dueline/contracts/api/ConflictDetails"
import type { Order, OrderState } from "@dueline/contracts/api/OrderView"
import { formatDuration, formatInstant } from "@dueline/contracts/api/Wire"
import type { CorrelationId, OrderId, TenantId } from "@dueline/contracts/Ids"
import type { OrderOutcome } from "@dueline/contracts/order/Outcome"
import type { OrderRow } from "@dueline/contracts/order/Row"
import type { OrderFacts, TimeWindow } from "@dueline/contracts/order/Spec"
import type { Answer } from "@dueline/contracts/ports/Orchestrator"
import { notificationCallId } from "@dueline/identity/derivedId"

export const ordersPath = "/ops/orders"
export const orderPath = (orderId: OrderId): string => `${ordersPath}/${orderId}`

export const windowOf = ({ from, to }: TimeWindow): Window => ({ from: formatInstant(from), to: formatInstant(to) })

const shown = (tenantId: TenantId, orderId: OrderId, order: OrderFacts, version: number): OrderState => ({
  id: orderId,
  status: order.status,
  kind: order.kind,
  customerId: order.customerId,
  binId: order.binId,
  window: order.window === null ? null : windowOf(order.window),
  items: order.items.map(({ material, quantity, unit }) => ({ material, quantity, unit })),
  notifications: order.notifications.map(({ leadMs, url }, index) => ({
    url,
    lead: formatDuration(leadMs),
    callId: notificationCallId(tenantId, orderId, index)
  })),
  createdAt: formatInstant(order.createdAt),
  updatedAt: formatInstant(order.updatedAt),
  endedAt: order.endedAt === null ? null : formatInstant(order.endedAt),
  version,
  links: { self: orderPath(orderId) }
})

/** From the answer alone, never from the row: a repeat gets the same bytes. */
export const orderState = (tenantId: TenantId, { outcome, version }: Answer<OrderOutcome>): OrderState =>
  shown(tenantId, outcome.orderId, outcome.order, version)

export const orderOf = (row: OrderRow): Order => ({
  ...shown(row.tenantId, row.orderId, row, row.version),
  correlationId: row.correlationId as CorrelationId
})
