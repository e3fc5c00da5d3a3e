/** A customer, a bin and an order to tell stories about: their ids, their commands and their events. */
import type { BinCommand, BinDescription, BinEvent, BinFacts } from "@dueline/contracts/bin/Bin"
import { type Command, streamIdOf } from "@dueline/contracts/kinds"
import type { CustomerCommand, CustomerEvent } from "@dueline/contracts/customer/Customer"
import type { Envelope } from "@dueline/contracts/Envelope"
import { BinId, CommandId, CustomerId, IdempotencyKey, OrderId } from "@dueline/contracts/Ids"
import type {
  OrderCommand,
  OrderEvent,
  OrderFacts,
  OrderItem,
  OrderTerms,
  TimeWindow
} from "@dueline/contracts/order/Order"
import { ms, origin, t0, tenantId } from "./ServiceCallSample.ts"

export { ms, origin, t0, tenantId } from "./ServiceCallSample.ts"

type Of<T extends { readonly _tag: string }, Tag extends T["_tag"]> = Extract<T, { readonly _tag: Tag }>
type Changes<T extends { readonly _tag: string }, Tag extends T["_tag"]> = Partial<Omit<Of<T, Tag>, "_tag">>

const uuid = (kind: string, n: number): string => `00000000-0000-7000-8000-${kind}${n.toString(16).padStart(8, "0")}`
export const customer = (n: number): CustomerId => CustomerId.make(uuid("c000", n))
export const bin = (n: number): BinId => BinId.make(uuid("b000", n))
export const order = (n: number): OrderId => OrderId.make(uuid("0d00", n))
export const customerId = customer(1)
export const binId = bin(1)
export const orderId = order(1)

/** The hours from `from` to `to` of the sample's first day. */
export const hours = (from: number, to: number): TimeWindow => ({
  from: ms(t0 + from * 3_600_000),
  to: ms(t0 + to * 3_600_000)
})

export const register = (changes: Changes<CustomerCommand, "RegisterCustomer"> = {}): CustomerCommand => ({
  _tag: "RegisterCustomer",
  customerId,
  at: t0,
  fields: ["name", "email"],
  sealed: "key.profile-1",
  fingerprint: "f1",
  origin,
  ...changes
})
export const updateCustomer = (changes: Changes<CustomerCommand, "UpdateCustomer"> = {}): CustomerCommand => ({
  _tag: "UpdateCustomer",
  customerId,
  at: ms(t0 + 1),
  fields: ["phone"],
  sealed: "key.profile-2",
  ...changes
})
export const erase = (changes: Changes<CustomerCommand, "EraseCustomer"> = {}): CustomerCommand => ({
  _tag: "EraseCustomer",
  customerId,
  at: ms(t0 + 2),
  ...changes
})

export const registered: CustomerEvent = {
  _tag: "CustomerRegistered",
  fields: ["name", "email"],
  registeredAt: t0,
  fingerprint: "f1",
  origin
}
export const customerUpdated: CustomerEvent = { _tag: "CustomerUpdated", fields: ["phone"] }
export const erased: CustomerEvent = { _tag: "CustomerErased" }

export const description = (changes: Partial<BinDescription> = {}): BinDescription => ({
  serialNumber: "SN-1",
  category: "skip",
  sizeLitres: 1_100,
  location: { lat: 50.08, lon: 14.43 },
  customerId: null,
  ...changes
})
export const createBin = (changes: Changes<BinCommand, "CreateBin"> = {}): BinCommand => ({
  _tag: "CreateBin",
  binId,
  at: t0,
  bin: description(),
  capacityLitres: 900,
  fingerprint: "f1",
  origin,
  ...changes
})
export const updateBin = (
  changes: Of<BinCommand, "UpdateBin">["changes"],
  rest: Changes<BinCommand, "UpdateBin"> = {}
): BinCommand => ({ _tag: "UpdateBin", binId, at: ms(t0 + 1), changes, ...rest })
export const updateCapacity = (
  capacityLitres: number,
  rest: Changes<BinCommand, "UpdateBinCapacity"> = {}
): BinCommand => ({ _tag: "UpdateBinCapacity", binId, at: ms(t0 + 2), capacityLitres, ...rest })
export const retire = (changes: Changes<BinCommand, "RetireBin"> = {}): BinCommand => ({
  _tag: "RetireBin",
  binId,
  at: ms(t0 + 3),
  ...changes
})

export const binCreated: BinEvent = {
  _tag: "BinCreated",
  bin: description(),
  capacityLitres: 900,
  createdAt: t0,
  fingerprint: "f1",
  origin
}
export const binUpdated = (
  changed: Of<BinEvent, "BinUpdated">["changed"],
  changes: Partial<BinDescription> = {},
  status: Exclude<BinFacts["status"], "Retired"> = "Active"
): BinEvent => ({ _tag: "BinUpdated", bin: description(changes), status, changed })
export const binRetired: BinEvent = { _tag: "BinRetired" }

export const item = (quantity = 1): OrderItem => ({ material: "glass-07", quantity, unit: "piece" })
export const terms = (changes: Partial<OrderTerms> = {}): OrderTerms => ({
  customerId,
  binId,
  kind: "pickup",
  notifications: [{ url: "https://hooks.example.com/order", leadMs: 3_600_000 }],
  origin,
  ...changes
})
export const createOrder = (changes: Changes<OrderCommand, "CreateOrder"> = {}): OrderCommand => ({
  _tag: "CreateOrder",
  orderId,
  at: t0,
  terms: terms(),
  window: hours(8, 10),
  items: [item()],
  schedule: false,
  fingerprint: "f1",
  ...changes
})
export const addItems = (items: ReadonlyArray<OrderItem> = [item(2)]): OrderCommand => ({
  _tag: "AddOrderItems",
  orderId,
  at: ms(t0 + 1),
  items
})
export const schedule = (window: TimeWindow | null = null): OrderCommand => ({
  _tag: "ScheduleOrder",
  orderId,
  at: ms(t0 + 2),
  window
})
export const move = (window: TimeWindow, rest: Changes<OrderCommand, "MoveOrder"> = {}): OrderCommand => ({
  _tag: "MoveOrder",
  orderId,
  at: ms(t0 + 3),
  window,
  ...rest
})
export const confirm: OrderCommand = { _tag: "ConfirmOrder", orderId, at: ms(t0 + 4) }
export const cancelOrder = (changes: Changes<OrderCommand, "CancelOrder"> = {}): OrderCommand => ({
  _tag: "CancelOrder",
  orderId,
  at: ms(t0 + 5),
  ...changes
})
export const complete: OrderCommand = { _tag: "CompleteOrder", orderId, at: ms(t0 + 6) }

export const drafted = (
  changes: Partial<Omit<Of<OrderEvent, "OrderDrafted">, "_tag" | "terms">> & { readonly kind?: OrderFacts["kind"] } = {}
): OrderEvent => {
  const { kind = "pickup", ...rest } = changes
  const base = { window: hours(8, 10), items: [item()], createdAt: t0, fingerprint: "f1" }
  return { _tag: "OrderDrafted", terms: terms({ kind }), ...base, ...rest }
}
export const scheduled = (window = hours(8, 10)): OrderEvent => ({ _tag: "OrderScheduled", window })
export const moved = (window: TimeWindow, previous = hours(8, 10)): OrderEvent => ({
  _tag: "OrderMoved",
  window,
  previous
})
export const confirmed: OrderEvent = { _tag: "OrderConfirmed" }
export const orderCancelled: OrderEvent = { _tag: "OrderCancelled" }
export const completed: OrderEvent = { _tag: "OrderCompleted" }
export const pickedUp: OrderEvent = { _tag: "PickupCompleted", binId }

type EnvelopeChanges = Partial<Omit<Envelope<Command>, "command" | "idempotency">> & { readonly key?: string }

let asked = 0

/** Every envelope is a request of its own; with a key, one that is answered again when it is repeated. */
export const envelope = <C extends Command>(command: C, { key, ...changes }: EnvelopeChanges = {}): Envelope<C> => ({
  tenantId,
  commandId: CommandId.make(`${command._tag}:${streamIdOf(command)}:${asked++}`),
  correlationId: origin.correlationId,
  actor: { kind: "user", id: "user-1" },
  traceparent: null,
  idempotency: key === undefined ? null : { key: IdempotencyKey.make(key), fingerprint: JSON.stringify(command) },
  expectedVersion: null,
  ...changes,
  command
})
