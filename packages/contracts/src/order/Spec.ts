/** What a service order is: somebody comes in a time window and brings, takes or swaps a bin. */
import { Schema } from "effect"
import { BinId, CustomerId, EpochMillis } from "../Ids.ts"
import { Origin } from "../serviceCall/Spec.ts"

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
  leadMs: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 31 * 86_400_000 }))
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
