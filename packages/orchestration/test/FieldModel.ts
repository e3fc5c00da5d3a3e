/**
 * The rules of customers, bins and orders once more, written from the requirements and knowing nothing of the code: what a person with a
 * notebook would keep of one of them, and what they would expect to hear.
 */
import type { BinCommand } from "@dueline/contracts/bin/Bin"
import type { CustomerCommand } from "@dueline/contracts/customer/Customer"
import type { OrderCommand } from "@dueline/contracts/order/Order"

/** What is answered, by name, what the world is told, and what is asked of others before it may become true. */
export interface Expected {
  readonly says: string
  readonly tells: ReadonlyArray<string>
  readonly needs: ReadonlyArray<string>
}

const hear = (says: string): Expected => ({ says, tells: [], needs: [] })
const done = (says: string, tells: ReadonlyArray<string>, ...needs: ReadonlyArray<string>): Expected => ({
  says,
  tells,
  needs
})

export interface CustomerBook {
  status: "None" | "Active" | "Erased"
  fingerprint: string | null
  /** The profile as it lies in the vault; null when there is none. */
  profile: string | null
  changedAt: number
}

export const customerBook = (): CustomerBook => ({ status: "None", fingerprint: null, profile: null, changedAt: 0 })

/** OPS-1: registered once, changed while known, erased for ever. */
export const askCustomer = (book: CustomerBook, command: CustomerCommand): Expected => {
  const yes = "CustomerAccepted"
  if (command._tag === "RegisterCustomer") {
    if (book.status !== "None") return hear(book.fingerprint === command.fingerprint ? yes : "CustomerIdTaken")
    Object.assign(book, { status: "Active", fingerprint: command.fingerprint, profile: command.sealed })
    book.changedAt = command.at
    return done(yes, ["ops.customer.created"])
  }
  if (book.status === "None") return hear("CustomerNotFound")
  if (command._tag === "UpdateCustomer") {
    if (book.status === "Erased") return hear("CustomerIsErased")
    if (command.fields.length === 0) return hear(yes)
    Object.assign(book, { profile: command.sealed, changedAt: command.at })
    return done(yes, ["ops.customer.updated"])
  }
  if (book.status === "Erased") return hear(yes)
  Object.assign(book, { status: "Erased", profile: null, changedAt: command.at })
  return done(yes, ["ops.customer.erased"], "customer_in_use")
}

export interface BinBook {
  status: "None" | "Active" | "Maintenance" | "Retired"
  fingerprint: string | null
  /** What it is, by the name of the property. */
  facts: Record<string, unknown>
  capacity: number
  changedAt: number
}

export const binBook = (): BinBook => ({ status: "None", fingerprint: null, facts: {}, capacity: 0, changedAt: 0 })

const different = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b)

const create = (book: BinBook, command: Extract<BinCommand, { readonly _tag: "CreateBin" }>): Expected => {
  if (book.status !== "None") return hear(book.fingerprint === command.fingerprint ? "BinAccepted" : "BinIdTaken")
  const capacity = command.capacityLitres ?? command.bin.sizeLitres
  if (capacity > command.bin.sizeLitres) return hear("CapacityAboveSize")
  Object.assign(book, { status: "Active", fingerprint: command.fingerprint, facts: { ...command.bin }, capacity })
  book.changedAt = command.at
  const needs = command.bin.customerId === null ? [] : ["customer_missing"]
  return done("BinAccepted", ["ops.bin.created"], ...needs)
}

/** OPS-2: what is there changes until it is retired, never to hold more than it has room for, and never away from those who count on it. */
export const askBin = (book: BinBook, command: BinCommand): Expected => {
  const yes = "BinAccepted"
  if (command._tag === "CreateBin") return create(book, command)
  if (book.status === "None") return hear("BinNotFound")
  const size = book.facts.sizeLitres as number
  if (command._tag === "RetireBin") {
    if (book.status === "Retired") return hear(yes)
    Object.assign(book, { status: "Retired", changedAt: command.at })
    return done(yes, ["ops.bin.retired"], "bin_in_use")
  }
  if (book.status === "Retired") return hear("BinIsRetired")
  if (command._tag === "UpdateBinCapacity") {
    if (command.capacityLitres > size) return hear("CapacityAboveSize")
    if (command.capacityLitres === book.capacity) return hear(yes)
    Object.assign(book, { capacity: command.capacityLitres, changedAt: command.at })
    return done(yes, ["ops.bin.capacity.updated"])
  }
  const { status = book.status, ...changes } = command.changes
  const facts = { ...book.facts, ...changes }
  if (!different([facts, status], [book.facts, book.status])) return hear(yes)
  if ((facts.sizeLitres as number) < book.capacity) return hear("CapacityAboveSize")
  const handed = different(facts.customerId, book.facts.customerId) && facts.customerId !== null
  Object.assign(book, { facts, status, changedAt: command.at })
  return done(yes, ["ops.bin.updated"], ...(handed ? ["customer_missing", "bin_in_use"] : []))
}

export interface OrderBook {
  status: "None" | "Draft" | "Scheduled" | "Confirmed" | "Completed" | "Cancelled"
  fingerprint: string | null
  kind: string
  window: string
  items: number
  endedAt: number | null
  changedAt: number
}

export const orderBook = (): OrderBook => ({
  status: "None",
  fingerprint: null,
  kind: "",
  window: "null",
  items: 0,
  endedAt: null,
  changedAt: 0
})

const yes = "OrderAccepted"
const topic = (what: string) => `ops.service.order.${what}`
/** What it takes to hold a bin. */
const hold = ["customer_missing", "bin_missing"]

const become = (
  book: OrderBook,
  changes: Partial<OrderBook>,
  at: number,
  ...tells: ReadonlyArray<string>
): Expected => {
  Object.assign(book, changes, { changedAt: at })
  return done(yes, tells)
}

const order = (book: OrderBook, command: Extract<OrderCommand, { readonly _tag: "CreateOrder" }>): Expected => {
  const { at, fingerprint, items, terms } = command
  if (book.status !== "None") return hear(book.fingerprint === fingerprint ? yes : "OrderIdTaken")
  if (command.schedule && command.window === null) return hear("OrderWindowMissing")
  const status = command.schedule ? "Scheduled" : "Draft"
  const window = JSON.stringify(command.window)
  become(book, { status, fingerprint, window, items: items.length, kind: terms.kind }, at)
  return done(yes, command.schedule ? [topic("drafted"), topic("scheduled")] : [topic("drafted")], ...hold)
}

/** OPS-5: a draft is scheduled, moved, confirmed and completed; it may be cancelled until then, and what has ended stays as it is. */
export const askOrder = (book: OrderBook, command: OrderCommand): Expected => {
  if (command._tag === "CreateOrder") return order(book, command)
  if (book.status === "None") return hear("OrderNotFound")
  const { at } = command
  const holds = book.status === "Scheduled" || book.status === "Confirmed"
  const over = book.status === "Completed" || book.status === "Cancelled"
  switch (command._tag) {
    case "AddOrderItems": {
      const items = book.items + command.items.length
      if (over) return hear("OrderNotInState")
      if (items > 100) return hear("TooManyItems")
      return items === book.items ? hear(yes) : become(book, { items }, at, topic("changed"))
    }
    case "ScheduleOrder": {
      const window = command.window === null ? book.window : JSON.stringify(command.window)
      if (book.status === "Scheduled" && window === book.window) return hear(yes)
      if (book.status !== "Draft") return hear("OrderNotInState")
      if (window === "null") return hear("OrderWindowMissing")
      return { ...become(book, { status: "Scheduled", window }, at, topic("scheduled")), needs: hold }
    }
    case "MoveOrder": {
      const window = JSON.stringify(command.window)
      if (!holds) return hear("OrderNotInState")
      if (window === book.window) return hear(yes)
      return { ...become(book, { status: "Scheduled", window }, at, topic("moved")), needs: hold }
    }
    case "ConfirmOrder":
      if (book.status === "Confirmed") return hear(yes)
      if (book.status !== "Scheduled") return hear("OrderNotInState")
      return become(book, { status: "Confirmed" }, at, topic("confirmed"))
    case "CancelOrder":
      if (book.status === "Cancelled") return hear(yes)
      if (over) return hear("OrderNotInState")
      return become(book, { status: "Cancelled", endedAt: at }, at, topic("cancelled"))
    case "CompleteOrder": {
      if (book.status === "Completed") return hear(yes)
      if (!holds) return hear("OrderNotInState")
      const left = book.kind === "delivery" ? [] : ["ops.pickup.completed"]
      return become(book, { status: "Completed", endedAt: at }, at, topic("completed"), ...left)
    }
  }
}
