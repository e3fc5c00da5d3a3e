/** The HTTP operations on service orders, with an example of each: an order from the draft to its end. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import {
  conditional,
  conditionalRead,
  created,
  described,
  filtered,
  idempotent,
  idParameter,
  paged,
  parameter,
  readAnswers,
  written
} from "../api/conventions.ts"
import type { OperationParts } from "../api/OperationParts.ts"
import { idAsSent, Instant } from "../api/Wire.ts"
import { BinId, type CorrelationId, CustomerId, OrderId, type ServiceCallId } from "../Ids.ts"
import { OrderStatus } from "./Order.ts"
import { AddOrderItems, CreateOrder, MoveOrder, Order, OrderPage, OrderState, ScheduleOrder } from "./OrderBodies.ts"

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
const movement: MoveOrder = { window: nextDay }

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

const about = { params: { id: idParameter(OrderId) }, headers: conditional }
const answered = HttpApiSchema.WithHeaders(OrderState, written)

export const orderOperations = (parts: OperationParts) => {
  const {
    BearerAuth,
    ChecksAttributes,
    changeErrors,
    commandErrors,
    CountedAs,
    creationErrors,
    problems,
    RateLimit,
    RequestChecks,
    RequiredScope
  } = parts
  const bodyCommandErrors = [...commandErrors, problems.UnsupportedMediaType] as const
  const create = HttpApiEndpoint.post("create", "/", {
    headers: idempotent,
    payload: CreateOrder,
    success: HttpApiSchema.WithHeaders(OrderState.pipe(HttpApiSchema.status(201)), created),
    error: creationErrors
  })
    .annotate(RequiredScope, "ops:orders.write")
    .annotate(ChecksAttributes, true)
    .annotateMerge(
      described(
        "Make a service order",
        "A draft, or with `schedule` an order that holds its bin for its window at once. 409 `schedule_conflict` when another order " +
          "holds it, with the orders in the way and the nearest free windows. Under an `Idempotency-Key` the order's id follows from " +
          "tenant and key.",
        { request: creation, 201: draft }
      )
    )

  const list = HttpApiEndpoint.get("list", "/", {
    query: {
      ...paged,
      ...filtered,
      status: parameter(Schema.optionalKey(OrderStatus), "Only those in this state"),
      binId: parameter(Schema.optionalKey(idAsSent(BinId)), "Only orders for this bin"),
      customerId: parameter(Schema.optionalKey(idAsSent(CustomerId)), "Only those for this customer"),
      from: parameter(Schema.optionalKey(Instant), "Only orders whose window ends after this"),
      to: parameter(Schema.optionalKey(Instant), "Only orders whose window begins before this")
    },
    success: OrderPage,
    error: problems.Unavailable
  })
    .annotate(RequiredScope, "ops:orders.read")
    .annotate(ChecksAttributes, true)
    .annotateMerge(
      described(
        "List service orders, newest first",
        "`from` and `to` find orders whose window overlaps that time. Filters are joined by *and*. A cursor is good for the filter and " +
          "tenant it was issued for.",
        { 200: { items: [order], nextCursor: null } }
      )
    )

  const get = HttpApiEndpoint.get("get", "/:id", {
    params: about.params,
    ...conditionalRead,
    success: readAnswers(Order),
    error: [problems.NotFound, problems.Unavailable]
  })
    .annotate(RequiredScope, "ops:orders.read")
    .annotateMerge(
      described("One service order", "304 when `If-None-Match` names the version. With `asOf` the order as it was.", {
        200: order
      })
    )

  const addItems = HttpApiEndpoint.post("addItems", "/:id/items", {
    ...about,
    payload: AddOrderItems,
    success: answered,
    error: bodyCommandErrors
  })
    .annotate(RequiredScope, "ops:orders.write")
    .annotateMerge(
      described("Add items", "To an order that has not ended; 100 items in all at the most.", {
        request: more,
        200: { ...draft, items: [rubble, wood], version: 2 }
      })
    )

  const schedule = HttpApiEndpoint.post("schedule", "/:id/schedule", {
    ...about,
    payload: ScheduleOrder,
    success: answered,
    error: bodyCommandErrors
  })
    .annotate(RequiredScope, "ops:orders.write")
    .annotateMerge(
      described("Schedule a draft", "From then on the order holds its bin for its window. An empty body means `{}`.", {
        request: scheduling,
        200: scheduled
      })
    )

  const move = HttpApiEndpoint.post("move", "/:id/move", {
    ...about,
    payload: MoveOrder,
    success: answered,
    error: changeErrors
  })
    .annotate(RequiredScope, "ops:orders.write")
    .annotateMerge(
      described(
        "Move an order to another window",
        "`If-Match` is required: 428 without it, 412 with the present ETag when it is stale. A confirmed order has to be confirmed again.",
        { request: movement, 200: { ...scheduled, window: nextDay, version: 3 } }
      )
    )

  const confirm = HttpApiEndpoint.post("confirm", "/:id/confirm", { ...about, success: answered, error: commandErrors })
    .annotate(RequiredScope, "ops:orders.write")
    .annotateMerge(
      described("Confirm a scheduled order", "Confirming what is confirmed changes nothing.", {
        200: { ...scheduled, status: "Confirmed", version: 3 }
      })
    )

  const cancel = HttpApiEndpoint.post("cancel", "/:id/cancel", { ...about, success: answered, error: commandErrors })
    .annotate(RequiredScope, "ops:orders.write")
    .annotateMerge(
      described("Cancel an order", "The bin is free again, and calls that were to be made are cancelled.", {
        200: { ...ended, status: "Cancelled" }
      })
    )

  const complete = HttpApiEndpoint.post("complete", "/:id/complete", {
    ...about,
    success: answered,
    error: commandErrors
  })
    .annotate(RequiredScope, "ops:orders.write")
    .annotateMerge(
      described("Complete an order", "A scheduled or confirmed one. A pickup or a swap tells so in addition.", {
        200: { ...ended, status: "Completed" }
      })
    )

  return HttpApiGroup.make("orders")
    .add(create, addItems, schedule, move, confirm, cancel, complete)
    .middleware(RateLimit)
    .add(list, get)
    .prefix("/ops/orders")
    .middleware(RequestChecks)
    .middleware(BearerAuth)
    .annotate(CountedAs, "orders")
    .annotateMerge(
      OpenApi.annotations({
        title: "Orders",
        description: "Somebody comes in a time window and brings, takes or swaps a bin."
      })
    )
}
