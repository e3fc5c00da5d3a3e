/**
 * What a service order is (somebody comes in a time window and brings, takes or swaps a bin), what may be asked of it, what becomes of that,
 * its read model, and what holds between it and others.
 */
import { Schema } from "effect"
import { BinId, CustomerId, EpochMillis, OrderId, type TenantId } from "../Ids.ts"
import type { NoRow, Rules } from "../Rules.ts"
import { Flow, Origin } from "../serviceCall/Spec.ts"
import type { Fields } from "../specification/Specification.ts"

export const OrderKind = Schema.Literals(["delivery", "pickup", "swap"])
export type OrderKind = typeof OrderKind.Type

/** `Scheduled` and `Confirmed` orders hold their bin for their window; the others hold nothing. */
export const OrderStatus = Schema.Literals(["Draft", "Scheduled", "Confirmed", "Completed", "Cancelled"])
export type OrderStatus = typeof OrderStatus.Type

export const maxWindowMs = 31 * 86_400_000

/** From inclusive, to exclusive, epoch milliseconds; at most 31 days. Two windows that only touch do not overlap. */
export const TimeWindow = Schema.Struct({ from: EpochMillis, to: EpochMillis }).check(
  Schema.makeFilter(({ from, to }) => to > from || "the window must end after it begins"),
  Schema.makeFilter(({ from, to }) => to - from <= maxWindowMs || "the window must not be longer than 31 days")
)
export type TimeWindow = typeof TimeWindow.Type

/** What is carried. `material` is a code of the tenant's, not a text. */
export const OrderItem = Schema.Struct({
  material: Schema.String.check(
    Schema.isPattern(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/u, { description: "1 to 64 letters, digits and ._-" })
  ),
  quantity: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000_000 })),
  unit: Schema.Literals(["piece", "litre", "kilogram"])
}).annotate({ identifier: "OrderItem" })
export type OrderItem = typeof OrderItem.Type

export const maxItems = 100

/** A call to be made so long before the window begins. The address holds no secret: such calls are signed. */
export const OrderNotification = Schema.Struct({
  url: Schema.String.check(Schema.isMaxCodePoints(2_000)),
  leadMs: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 31 * 86_400_000 })),
  /** Which flow its call belongs to; left out when to none. */
  flow: Schema.optionalKey(Flow)
}).annotate({ identifier: "OrderNotification" })
export type OrderNotification = typeof OrderNotification.Type

export const maxNotifications = 5

/** What stays the same for the whole life of an order. */
const fixed = {
  customerId: CustomerId,
  binId: BinId,
  kind: OrderKind,
  notifications: Schema.Array(OrderNotification).check(Schema.isMaxLength(maxNotifications))
}

export const OrderTerms = Schema.Struct({ ...fixed, origin: Origin })
export type OrderTerms = typeof OrderTerms.Type

/** All that is known of an order at one version. */
export const OrderFacts = Schema.Struct({
  ...fixed,
  status: OrderStatus,
  /** Null only in a draft. */
  window: Schema.NullOr(TimeWindow),
  items: Schema.Array(OrderItem).check(Schema.isMaxLength(maxItems)),
  createdAt: EpochMillis,
  updatedAt: EpochMillis,
  /** When it was completed or cancelled. */
  endedAt: Schema.NullOr(EpochMillis)
})
export type OrderFacts = typeof OrderFacts.Type

const target = { orderId: OrderId, at: EpochMillis }
const items = Schema.Array(OrderItem).check(Schema.isMaxLength(maxItems))

/** What may be asked of a service order. */
export const OrderCommand = Schema.TaggedUnion({
  /** `schedule`: at once, which needs a window; otherwise it is a draft, with or without one. */
  CreateOrder: {
    ...target,
    terms: OrderTerms,
    window: Schema.NullOr(TimeWindow),
    items,
    schedule: Schema.Boolean,
    fingerprint: Schema.NullOr(Schema.String)
  },
  AddOrderItems: { ...target, items },
  /** Makes a draft a scheduled order. `window` null: the one the draft has. */
  ScheduleOrder: { ...target, window: Schema.NullOr(TimeWindow) },
  /** A scheduled or confirmed order goes to another window; a confirmed one has to be confirmed again. */
  MoveOrder: { ...target, window: TimeWindow },
  ConfirmOrder: target,
  CancelOrder: target,
  CompleteOrder: target
})
export type OrderCommand = typeof OrderCommand.Type

/** Facts about a service order. Every case is stored for ever: add cases, never edit one. */
export const OrderEvent = Schema.TaggedUnion({
  /** `window` is what is wished for; the bin is not held for it yet. */
  OrderDrafted: {
    terms: OrderTerms,
    window: Schema.NullOr(TimeWindow),
    items: Schema.Array(OrderItem),
    createdAt: EpochMillis,
    fingerprint: Schema.NullOr(Schema.String)
  },
  OrderItemsAdded: { items: Schema.Array(OrderItem) },
  OrderScheduled: { window: TimeWindow },
  OrderMoved: { window: TimeWindow, previous: TimeWindow },
  OrderConfirmed: {},
  OrderCancelled: {},
  OrderCompleted: {},
  /** Follows the completion of a pickup or a swap: the bin has left the customer. */
  PickupCompleted: { binId: BinId }
})
export type OrderEvent = typeof OrderEvent.Type

/** What an accepted command about an order is answered with: the order as the command left it. */
export const OrderOutcome = Schema.TaggedUnion({ OrderAccepted: { orderId: OrderId, order: OrderFacts } })
export type OrderOutcome = typeof OrderOutcome.Type

const about = { orderId: OrderId }

export class OrderNotFound extends Schema.TaggedError<OrderNotFound>()("OrderNotFound", about) {}

/** The id was derived from a key that once named another request. */
export class OrderIdTaken extends Schema.TaggedError<OrderIdTaken>()("OrderIdTaken", about) {}

/** The command does not fit the state; `allowed` names the states it does fit. */
export class OrderNotInState extends Schema.TaggedError<OrderNotInState>()("OrderNotInState", {
  ...about,
  status: OrderStatus,
  allowed: Schema.Array(OrderStatus)
}) {}

/** To be scheduled an order needs a window, and neither the draft nor the command has one. */
export class OrderWindowMissing extends Schema.TaggedError<OrderWindowMissing>()("OrderWindowMissing", about) {}

export class TooManyItems extends Schema.TaggedError<TooManyItems>()("TooManyItems", {
  ...about,
  count: Schema.Int,
  limit: Schema.Int
}) {}

/** Another scheduled or confirmed order holds the bin for a part of this window. */
export class OrderWindowTaken extends Schema.TaggedError<OrderWindowTaken>()("OrderWindowTaken", {
  ...about,
  binId: BinId,
  window: TimeWindow
}) {}

export class OrderBinUnfit extends Schema.TaggedError<OrderBinUnfit>()("OrderBinUnfit", {
  ...about,
  binId: BinId,
  reason: Schema.Literals(["not_found", "retired", "in_maintenance", "of_another_customer"])
}) {}

export class OrderCustomerUnfit extends Schema.TaggedError<OrderCustomerUnfit>()("OrderCustomerUnfit", {
  ...about,
  customerId: CustomerId,
  reason: Schema.Literals(["not_found", "erased"])
}) {}

/** Why the answer to a command about a service order is no. Nothing was stored. */
export const OrderRejection = Schema.Union([
  OrderNotFound,
  OrderIdTaken,
  OrderNotInState,
  OrderWindowMissing,
  TooManyItems,
  OrderWindowTaken,
  OrderBinUnfit,
  OrderCustomerUnfit
])
export type OrderRejection = typeof OrderRejection.Type

/** The problems that the API tells of orders alone, by code. Codes are never renamed or reused. */
export const orderProblems = {
  order_not_in_state: { status: 409, title: "The order is not in a state that allows this." },
  schedule_conflict: { status: 409, title: "Another order holds the bin for a part of this window." },
  window_missing: { status: 422, title: "To be scheduled an order needs a time window." },
  too_many_items: { status: 422, title: "The order would hold more items than it can." }
} as const

/** The read model of a service order: one row, in step with the events. */
export interface OrderRow extends OrderFacts {
  readonly _tag: "OrderRow"
  readonly tenantId: TenantId
  readonly orderId: OrderId
  readonly version: number
  readonly correlationId: string
}

/** What lists of service orders can be filtered by. */
export const orderFields = {
  customerId: { type: "text", uuid: true, read: ({ customerId }) => customerId },
  binId: { type: "text", uuid: true, read: ({ binId }) => binId },
  kind: { type: "text", read: ({ kind }) => kind, oneOf: OrderKind.literals },
  status: { type: "text", read: ({ status }) => status, oneOf: OrderStatus.literals },
  windowFrom: { type: "instant", read: ({ window }) => window?.from ?? null },
  windowTo: { type: "instant", read: ({ window }) => window?.to ?? null },
  createdAt: { type: "instant", read: ({ createdAt }) => createdAt },
  updatedAt: { type: "instant", read: ({ updatedAt }) => updatedAt },
  endedAt: { type: "instant", read: ({ endedAt }) => endedAt },
  version: { type: "number", read: ({ version }) => version }
} satisfies Fields<OrderRow>

type Field = keyof typeof orderFields
type Required = NoRow<"order", Field, (typeof orderRules.required)[number]>

/** Active orders hold their bin for their window. */
const active = { field: "status", is: ["Scheduled", "Confirmed"] } as const

/** What others may require of orders, and what orders keep among themselves. */
export const orderRules = {
  required: ["customer_in_use", "bin_in_use"],
  unique: [],
  apart: [{ alike: ["binId"], from: "windowFrom", to: "windowTo", when: active, rule: "window_taken" }]
} as const satisfies Rules<Field>

/** The customer has no active orders. */
export const customerFree = (customerId: CustomerId): Required => ({
  _tag: "NoRow",
  kind: "order",
  where: { customerId },
  when: [active],
  rule: "customer_in_use",
  hold: { kind: "customer", id: customerId }
})

/** The bin has no active orders, apart from those of `except`. */
export const binFree = (binId: BinId, except: CustomerId | null): Required => ({
  _tag: "NoRow",
  kind: "order",
  where: { binId },
  when: except === null ? [active] : [active, { field: "customerId", isNot: [except] }],
  rule: "bin_in_use",
  hold: { kind: "bin", id: binId }
})
