/** What the next decision needs to remember about a service order, and how facts change it. */
import { CorrelationId, type EpochMillis } from "@dueline/contracts/Ids"
import type { OrderEvent } from "@dueline/contracts/order/Event"
import { OrderFacts } from "@dueline/contracts/order/Spec"
import { Schema } from "effect"

/** In snapshots too: a changed shape needs another `form` there. */
export const OrderState = Schema.TaggedUnion({
  Unknown: {},
  Known: { order: OrderFacts, fingerprint: Schema.NullOr(Schema.String), correlationId: CorrelationId }
})
export type OrderState = typeof OrderState.Type
export type Known = Extract<OrderState, { readonly _tag: "Known" }>

export const initial: OrderState = { _tag: "Unknown" }

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

export const evolve = (state: OrderState, event: OrderEvent, at: EpochMillis): OrderState => {
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
