/**
 * The service-order aggregate: its state, what happens when something is asked of it, what it requires of bin and customer, and what it
 * announces.
 */
import { binFits } from "@dueline/contracts/bin/Bin"
import { customerActive } from "@dueline/contracts/customer/Customer"
import { CorrelationId, type EpochMillis, type OrderId, type StreamId } from "@dueline/contracts/Ids"
import {
  maxItems,
  OrderBinUnfit,
  type OrderCommand,
  OrderCustomerUnfit,
  OrderEvent,
  OrderFacts,
  OrderIdTaken,
  OrderNotFound,
  OrderNotInState,
  type OrderOutcome,
  type OrderRejection,
  type OrderStatus,
  OrderWindowMissing,
  OrderWindowTaken,
  TooManyItems
} from "@dueline/contracts/order/Order"
import type { OrderChanged, OrderTopic } from "@dueline/contracts/order/Topic"
import type { Requirement, StoreRule } from "@dueline/contracts/StoreRule"
import { Result, Schema } from "effect"
import type { Aggregate, Stamp } from "../engine/Aggregate.ts"

/** In snapshots too: a changed shape needs another `form` there. */
const OrderState = Schema.TaggedUnion({
  Unknown: {},
  Known: { order: OrderFacts, fingerprint: Schema.NullOr(Schema.String), correlationId: CorrelationId }
})
type OrderState = typeof OrderState.Type
type Known = Extract<OrderState, { readonly _tag: "Known" }>

const initial: OrderState = { _tag: "Unknown" }

const changed = (state: Known, at: EpochMillis, changes: Partial<OrderFacts>): OrderState => ({
  ...state,
  order: { ...state.order, ...changes, updatedAt: at }
})

const drafted = (event: Extract<OrderEvent, { readonly _tag: "OrderDrafted" }>, at: EpochMillis): OrderState => {
  const { createdAt, fingerprint, items, terms, window } = event
  const { origin, ...fixed } = terms
  const order: OrderFacts = { ...fixed, status: "Draft", window, items, createdAt, updatedAt: at, endedAt: null }
  return { _tag: "Known", order, fingerprint, correlationId: origin.correlationId }
}

/** Total: an event that does not apply changes nothing. */
const evolve = (state: OrderState, event: OrderEvent, at: EpochMillis): OrderState => {
  if (event._tag === "OrderDrafted") return drafted(event, at)
  if (state._tag === "Unknown") return state
  switch (event._tag) {
    case "OrderItemsAdded":
      return changed(state, at, { items: [...state.order.items, ...event.items] })
    case "OrderScheduled":
    case "OrderMoved":
      return changed(state, at, { status: "Scheduled", window: event.window })
    case "OrderConfirmed":
      return changed(state, at, { status: "Confirmed" })
    case "OrderCancelled":
      return changed(state, at, { status: "Cancelled", endedAt: at })
    case "OrderCompleted":
      return changed(state, at, { status: "Completed", endedAt: at })
    case "PickupCompleted":
      return changed(state, at, {})
  }
}

type Decision = Result.Result<ReadonlyArray<OrderEvent>, OrderRejection>
type Of<Tag extends OrderCommand["_tag"]> = Extract<OrderCommand, { readonly _tag: Tag }>

const nothing: Decision = Result.succeed([])
const these = (...events: ReadonlyArray<OrderEvent>): Decision => Result.succeed(events)

const notIn = ({ orderId }: OrderCommand, { status }: OrderFacts, ...allowed: ReadonlyArray<OrderStatus>): Decision =>
  Result.fail(new OrderNotInState({ orderId, status, allowed }))

/** Asking twice for the same thing decides nothing the second time. */
const decide = (command: OrderCommand, state: OrderState): Decision => {
  if (command._tag === "CreateOrder") return create(command, state)
  if (state._tag === "Unknown") return Result.fail(new OrderNotFound({ orderId: command.orderId }))
  const { order } = state
  switch (command._tag) {
    case "AddOrderItems":
      return addItems(command, order)
    case "ScheduleOrder":
      return schedule(command, order)
    case "MoveOrder":
      return move(command, order)
    case "ConfirmOrder":
      if (order.status === "Confirmed") return nothing
      return order.status === "Scheduled" ? these({ _tag: "OrderConfirmed" }) : notIn(command, order, "Scheduled")
    case "CancelOrder":
      if (order.status === "Cancelled") return nothing
      return order.status === "Completed"
        ? notIn(command, order, "Draft", "Scheduled", "Confirmed")
        : these({ _tag: "OrderCancelled" })
    case "CompleteOrder":
      return complete(command, order)
  }
}

const create = (command: Of<"CreateOrder">, state: OrderState): Decision => {
  const { at, fingerprint, items, orderId, terms, window } = command
  if (state._tag === "Known") {
    return state.fingerprint === fingerprint ? nothing : Result.fail(new OrderIdTaken({ orderId }))
  }
  if (items.length > maxItems) return Result.fail(new TooManyItems({ orderId, count: items.length, limit: maxItems }))
  const draft: OrderEvent = { _tag: "OrderDrafted", terms, window, items, createdAt: at, fingerprint }
  if (!command.schedule) return these(draft)
  return window === null
    ? Result.fail(new OrderWindowMissing({ orderId }))
    : these(draft, { _tag: "OrderScheduled", window })
}

const addItems = (command: Of<"AddOrderItems">, order: OrderFacts): Decision => {
  const { items, orderId } = command
  if (order.status === "Completed" || order.status === "Cancelled") {
    return notIn(command, order, "Draft", "Scheduled", "Confirmed")
  }
  const count = order.items.length + items.length
  if (count > maxItems) return Result.fail(new TooManyItems({ orderId, count, limit: maxItems }))
  return items.length === 0 ? nothing : these({ _tag: "OrderItemsAdded", items })
}

const sameWindow = (a: OrderFacts["window"], b: OrderFacts["window"]): boolean => a?.from === b?.from && a?.to === b?.to

const schedule = (command: Of<"ScheduleOrder">, order: OrderFacts): Decision => {
  const window = command.window ?? order.window
  if (order.status === "Scheduled" && sameWindow(window, order.window)) return nothing
  if (order.status !== "Draft") return notIn(command, order, "Draft")
  return window === null
    ? Result.fail(new OrderWindowMissing({ orderId: command.orderId }))
    : these({ _tag: "OrderScheduled", window })
}

const move = (command: Of<"MoveOrder">, order: OrderFacts): Decision => {
  const { window } = command
  const { status, window: previous } = order
  if ((status !== "Scheduled" && status !== "Confirmed") || previous === null) {
    return notIn(command, order, "Scheduled", "Confirmed")
  }
  return sameWindow(window, previous) ? nothing : these({ _tag: "OrderMoved", window, previous })
}

const complete = (command: Of<"CompleteOrder">, order: OrderFacts): Decision => {
  const { binId, kind, status } = order
  if (status === "Completed") return nothing
  if (status !== "Scheduled" && status !== "Confirmed") return notIn(command, order, "Scheduled", "Confirmed")
  const completed: OrderEvent = { _tag: "OrderCompleted" }
  return kind === "delivery" ? these(completed) : these(completed, { _tag: "PickupCompleted", binId })
}

/** Bin and customer are looked at when an order is made and whenever it takes hold of a window; what happens to them later is theirs. */
const requires = (events: ReadonlyArray<OrderEvent>, after: OrderState): ReadonlyArray<Requirement> => {
  const binding = ["OrderDrafted", "OrderScheduled", "OrderMoved"]
  if (after._tag === "Unknown" || !events.some(({ _tag }) => binding.includes(_tag))) return []
  const { binId, customerId } = after.order
  return [customerActive(customerId), binFits(binId, customerId)]
}

/** The rejection that a broken rule comes to; null for a rule that the command cannot break. */
const refuse = (rule: StoreRule, { orderId }: OrderCommand, order: OrderFacts): OrderRejection | null => {
  const { binId, customerId, window } = order
  switch (rule) {
    case "window_taken":
      return window === null ? null : new OrderWindowTaken({ orderId, binId, window })
    case "customer_missing":
      return new OrderCustomerUnfit({ orderId, customerId, reason: "not_found" })
    case "customer_erased":
      return new OrderCustomerUnfit({ orderId, customerId, reason: "erased" })
    case "bin_missing":
      return new OrderBinUnfit({ orderId, binId, reason: "not_found" })
    case "bin_retired":
      return new OrderBinUnfit({ orderId, binId, reason: "retired" })
    case "bin_in_maintenance":
      return new OrderBinUnfit({ orderId, binId, reason: "in_maintenance" })
    case "bin_of_another_customer":
      return new OrderBinUnfit({ orderId, binId, reason: "of_another_customer" })
    default:
      return null
  }
}

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

/** The public message of each fact. */
const announce = (
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

export const Order: Aggregate<OrderCommand, OrderState, OrderEvent, OrderRejection, OrderOutcome> = {
  category: "order",
  event: OrderEvent,
  upcasters: {},
  snapshot: { form: 1, state: OrderState },
  streamOf: ({ orderId }) => orderId as string as StreamId,
  opens: ({ _tag }) => _tag === "CreateOrder",
  ended: (state) => state._tag === "Known" && state.order.endedAt !== null,
  initial,
  correlation: (state) => (state._tag === "Unknown" ? null : state.correlationId),
  evolve,
  decide,
  respond: ({ _tag, orderId }, after) => {
    if (after._tag === "Unknown") throw new Error(`an accepted ${_tag} left no order behind`)
    return { _tag: "OrderAccepted", orderId, order: after.order }
  },
  attachment: (_command, before) => before,
  ruled: true,
  requires: (events, after) => requires(events, after),
  refuse: (rule, command, after) => (after._tag === "Unknown" ? null : refuse(rule, command, after.order)),
  project: (after, { streamId, tenantId, version }) => {
    if (after._tag === "Unknown") return null
    const orderId = streamId as string as OrderId
    return { _tag: "OrderRow", tenantId, orderId, version, ...after.order, correlationId: after.correlationId }
  },
  announce: (event, after, stamp, { orderId }) => announce(event, after, stamp, orderId),
  intend: () => []
}
