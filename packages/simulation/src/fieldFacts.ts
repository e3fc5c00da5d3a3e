/**
 * What a customer, a bin or an order must be after an event, worked out a second time: written from the requirements and not from the
 * aggregates, so that a mistake in one shows in the other.
 */
import { BinEvent } from "@dueline/contracts/bin/Bin"
import { CustomerEvent } from "@dueline/contracts/customer/Customer"
import type { RecordedEvent } from "@dueline/contracts/Envelope"
import { OrderEvent, type TimeWindow } from "@dueline/contracts/order/Order"
import { Schema } from "effect"

/** All that is known of one of them, by the names that its row has. */
export interface Facts {
  readonly status: string
  readonly createdAt: number
  readonly updatedAt: number
  readonly correlationId: string
  readonly [name: string]: unknown
}

export interface OrderFacts extends Facts {
  readonly binId: string
  readonly customerId: string
  readonly window: TimeWindow | null
}

export const isOrder = (facts: Facts): facts is OrderFacts => "items" in facts
export const isBin = (facts: Facts): boolean => "serialNumber" in facts
/** It holds its bin for its window. */
export const isActive = ({ status }: OrderFacts): boolean => status === "Scheduled" || status === "Confirmed"

type FieldEvent = CustomerEvent | BinEvent | OrderEvent
const decode = Schema.decodeUnknownSync(Schema.Union([CustomerEvent, BinEvent, OrderEvent]))

/** The facts after the event, or what is wrong with it where it stands. */
export const factsAfter = (facts: Facts | null, { payload, recordedAt, version }: RecordedEvent): Facts | string => {
  const event = decode(payload)
  const first = begun(event, recordedAt)
  if ((first !== null) !== (version === 1)) return `${event._tag} is event ${version}`
  if (first !== null) return first
  if (facts === null) return `${event._tag} of nothing`
  if (["Erased", "Retired", "Cancelled"].includes(facts.status)) return `${event._tag} after it was ${facts.status}`
  const now = { ...facts, updatedAt: recordedAt }
  return isOrder(now) ? orderAfter(now, event) : keptAfter(now, event)
}

const begun = (event: FieldEvent, at: number): Facts | null => {
  switch (event._tag) {
    case "CustomerRegistered": {
      const { correlationId } = event.origin
      return { status: "Active", createdAt: event.registeredAt, updatedAt: at, erasedAt: null, correlationId }
    }
    case "BinCreated": {
      const { bin, capacityLitres, createdAt, origin } = event
      return { ...bin, capacityLitres, status: "Active", createdAt, updatedAt: at, correlationId: origin.correlationId }
    }
    case "OrderDrafted": {
      const { createdAt, items, terms, window } = event
      const { origin, ...fixed } = terms
      const { correlationId } = origin
      return { ...fixed, items, window, status: "Draft", createdAt, updatedAt: at, endedAt: null, correlationId }
    }
    default:
      return null
  }
}

const keptAfter = (now: Facts, event: FieldEvent): Facts | string => {
  switch (event._tag) {
    case "CustomerUpdated":
      return event.fields.length > 0 ? now : "nothing changed"
    case "CustomerErased":
      return { ...now, status: "Erased", erasedAt: now.updatedAt }
    case "BinUpdated": {
      const after = { ...now, ...event.bin, status: event.status }
      const changed = Object.keys(after).filter(
        (name) => name !== "updatedAt" && JSON.stringify(after[name as "status"]) !== JSON.stringify(now[name])
      )
      if (String(changed.sort()) !== String([...event.changed].sort()))
        return `${String(event.changed)} is not ${String(changed)}`
      return event.bin.sizeLitres < Number(now.capacityLitres) ? "smaller than what it may hold" : after
    }
    case "BinCapacityUpdated":
      if (event.previousLitres !== now.capacityLitres) return `it was ${String(now.capacityLitres)}`
      if (event.capacityLitres > Number(now.sizeLitres)) return "more than it has room for"
      return { ...now, capacityLitres: event.capacityLitres }
    case "BinRetired":
      return { ...now, status: "Retired" }
    default:
      return `${event._tag} of something else`
  }
}

const orderAfter = (now: OrderFacts, event: FieldEvent): Facts | string => {
  const { status, updatedAt, window } = now
  const ifIn = (allowed: ReadonlyArray<string>, changes: Partial<OrderFacts>): Facts | string =>
    allowed.includes(status) ? { ...now, ...changes } : `from ${status}`
  const live = ["Draft", "Scheduled", "Confirmed"]
  const holding = ["Scheduled", "Confirmed"]
  switch (event._tag) {
    case "OrderItemsAdded":
      return ifIn(live, { items: [...(now.items as ReadonlyArray<unknown>), ...event.items] })
    case "OrderScheduled":
      return ifIn(["Draft"], { status: "Scheduled", window: event.window })
    case "OrderMoved":
      if (JSON.stringify(event.previous) !== JSON.stringify(window)) return "from another window"
      return ifIn(holding, { status: "Scheduled", window: event.window })
    case "OrderConfirmed":
      return ifIn(["Scheduled"], { status: "Confirmed" })
    case "OrderCancelled":
      return ifIn(live, { status: "Cancelled", endedAt: updatedAt })
    case "OrderCompleted":
      return ifIn(holding, { status: "Completed", endedAt: updatedAt })
    case "PickupCompleted":
      return now.kind === "delivery" ? "nothing was to be picked up" : ifIn(["Completed"], {})
    default:
      return `${event._tag} of something else`
  }
}
