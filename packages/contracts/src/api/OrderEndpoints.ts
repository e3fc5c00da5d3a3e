/** The HTTP operations on service orders. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { BinId, CustomerId, OrderId } from "../Ids.ts"
import { OrderStatus } from "../order/Spec.ts"
import { BearerAuth, RequestChecks, RequiredScope } from "./Access.ts"
import {
  changeErrors,
  commandErrors,
  conditional,
  conditionalRead,
  created,
  creationErrors,
  described,
  filtered,
  idempotent,
  paged,
  readAnswers,
  written
} from "./conventions.ts"
import { AddOrderItems, CreateOrder, MoveOrder, ScheduleOrder } from "./OrderRequest.ts"
import { Order, OrderPage, OrderState } from "./OrderView.ts"
import { problems } from "./ProblemError.ts"
import { CountedAs, RateLimit } from "./RateLimit.ts"
import { Instant, idAsSent } from "./Wire.ts"

const about = { params: { id: idAsSent(OrderId) }, headers: conditional }
const answered = HttpApiSchema.WithHeaders(OrderState, written)
const bodyCommandErrors = [...commandErrors, problems.UnsupportedMediaType] as const

const create = HttpApiEndpoint.post("create", "/", {
  headers: idempotent,
  payload: CreateOrder,
  success: HttpApiSchema.WithHeaders(OrderState.pipe(HttpApiSchema.status(201)), created),
  error: creationErrors
})
  .annotate(RequiredScope, "ops:orders.write")
  .annotateMerge(
    described(
      "Make a service order",
      "A draft, or with `schedule` an order that holds its bin for its window at once. 409 `schedule_conflict` when another order " +
        "holds it, with the orders in the way and the nearest free windows. Under an `Idempotency-Key` the order's id follows from " +
        "tenant and key."
    )
  )

const list = HttpApiEndpoint.get("list", "/", {
  query: {
    ...paged,
    ...filtered,
    status: Schema.optionalKey(OrderStatus),
    binId: Schema.optionalKey(idAsSent(BinId)),
    customerId: Schema.optionalKey(idAsSent(CustomerId)),
    from: Schema.optionalKey(Instant),
    to: Schema.optionalKey(Instant)
  },
  success: OrderPage,
  error: problems.Unavailable
})
  .annotate(RequiredScope, "ops:orders.read")
  .annotateMerge(
    described(
      "List service orders, newest first",
      "`from` and `to` find orders whose window overlaps that time. Filters are joined by *and*. A cursor is good for the filter and " +
        "tenant it was issued for."
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
    described("One service order", "304 when `If-None-Match` names the version. With `asOf` the order as it was.")
  )

const addItems = HttpApiEndpoint.post("addItems", "/:id/items", {
  ...about,
  payload: AddOrderItems,
  success: answered,
  error: bodyCommandErrors
})
  .annotate(RequiredScope, "ops:orders.write")
  .annotateMerge(described("Add items", "To an order that has not ended; 100 items in all at the most."))

const schedule = HttpApiEndpoint.post("schedule", "/:id/schedule", {
  ...about,
  payload: ScheduleOrder,
  success: answered,
  error: bodyCommandErrors
})
  .annotate(RequiredScope, "ops:orders.write")
  .annotateMerge(
    described("Schedule a draft", "From then on the order holds its bin for its window. An empty body means `{}`.")
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
      "`If-Match` is required: 428 without it, 412 with the present ETag when it is stale. A confirmed order has to be confirmed again."
    )
  )

const confirm = HttpApiEndpoint.post("confirm", "/:id/confirm", { ...about, success: answered, error: commandErrors })
  .annotate(RequiredScope, "ops:orders.write")
  .annotateMerge(described("Confirm a scheduled order", "Confirming what is confirmed changes nothing."))

const cancel = HttpApiEndpoint.post("cancel", "/:id/cancel", { ...about, success: answered, error: commandErrors })
  .annotate(RequiredScope, "ops:orders.write")
  .annotateMerge(described("Cancel an order", "The bin is free again, and calls that were to be made are cancelled."))

const complete = HttpApiEndpoint.post("complete", "/:id/complete", {
  ...about,
  success: answered,
  error: commandErrors
})
  .annotate(RequiredScope, "ops:orders.write")
  .annotateMerge(
    described("Complete an order", "A scheduled or confirmed one. A pickup or a swap tells so in addition.")
  )

export class Orders extends HttpApiGroup.make("orders")
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
  ) {}
