/** Worked examples for the OpenAPI document: a service order, from the draft to its end. */
import type { BinId, CorrelationId, CustomerId, OrderId, ServiceCallId } from "../Ids.ts"
import type { AddOrderItems, CreateOrder, MoveOrder, ScheduleOrder } from "./OrderRequest.ts"
import type { Order, OrderState } from "./OrderView.ts"

const id = "91c5d3f8-04ab-8e62-8d17-5f3a9b6e2c70" as OrderId
const customerId = "6d1f0a52-7c3e-8b1d-a94f-0e5c2b7d9a13" as CustomerId
const binId = "2b8e6c41-93d7-8f05-b6a2-4c1d7e9f3085" as BinId
const callId = "0f4c2a6e-5b1d-8c3a-9e7f-2d6b8a4c1e05" as ServiceCallId
const url = "https://example.com/hooks/arrivals"

const window = { from: "2026-02-02T08:00:00.000Z", to: "2026-02-02T10:00:00.000Z" }
const nextDay = { from: "2026-02-03T08:00:00.000Z", to: "2026-02-03T10:00:00.000Z" }
const rubble = { material: "rubble", quantity: 3, unit: "piece" } as const
const wood = { material: "wood", quantity: 200, unit: "kilogram" } as const

const creation: CreateOrder = {
  customerId,
  binId,
  kind: "delivery",
  window,
  items: [rubble],
  notifications: [{ url, lead: "30m" }]
}
const more: AddOrderItems = { items: [wood] }
const scheduling: ScheduleOrder = { window }
const move: MoveOrder = { window: nextDay }

const draft: OrderState = {
  id,
  status: "Draft",
  kind: "delivery",
  customerId,
  binId,
  window,
  items: [rubble],
  notifications: [{ url, lead: "PT30M", callId }],
  createdAt: "2026-01-31T09:00:00.000Z",
  updatedAt: "2026-01-31T09:00:00.000Z",
  endedAt: null,
  version: 1,
  links: { self: `/ops/orders/${id}` }
}
const scheduled: OrderState = { ...draft, status: "Scheduled", version: 2 }
const ended = { ...scheduled, version: 3, endedAt: "2026-02-02T09:30:00.000Z", updatedAt: "2026-02-02T09:30:00.000Z" }
const order: Order = { ...scheduled, correlationId: "1y2p0ij32e8e7" as CorrelationId }

/** By operation id, then `request` or the status of the answer. */
export const orderExamples: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "orders.create": { request: creation, 201: draft },
  "orders.list": { 200: { items: [order], nextCursor: null } },
  "orders.get": { 200: order },
  "orders.addItems": { request: more, 200: { ...draft, items: [rubble, wood], version: 2 } },
  "orders.schedule": { request: scheduling, 200: scheduled },
  "orders.move": { request: move, 200: { ...scheduled, window: nextDay, version: 3 } },
  "orders.confirm": { 200: { ...scheduled, status: "Confirmed", version: 3 } },
  "orders.cancel": { 200: { ...ended, status: "Cancelled" } },
  "orders.complete": { 200: { ...ended, status: "Completed" } }
}
