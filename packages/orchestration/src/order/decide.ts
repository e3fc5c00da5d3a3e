/** What happens when something is asked of a service order. */
import type { OrderCommand } from "@dueline/contracts/order/Command"
import type { OrderEvent } from "@dueline/contracts/order/Event"
import {
  OrderIdTaken,
  OrderNotFound,
  OrderNotInState,
  type OrderRejection,
  OrderWindowMissing,
  TooManyItems
} from "@dueline/contracts/order/Rejection"
import { maxItems, type OrderFacts, type OrderStatus } from "@dueline/contracts/order/Spec"
import { Result } from "effect"
import type { OrderState } from "./State.ts"

type Decision = Result.Result<ReadonlyArray<OrderEvent>, OrderRejection>
type Of<Tag extends OrderCommand["_tag"]> = Extract<OrderCommand, { readonly _tag: Tag }>

const nothing: Decision = Result.succeed([])
const these = (...events: ReadonlyArray<OrderEvent>): Decision => Result.succeed(events)

const notIn = ({ orderId }: OrderCommand, { status }: OrderFacts, ...allowed: ReadonlyArray<OrderStatus>): Decision =>
  Result.fail(new OrderNotInState({ orderId, status, allowed }))

/** Asking twice for the same thing decides nothing the second time. */
export const decide = (command: OrderCommand, state: OrderState): Decision => {
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
