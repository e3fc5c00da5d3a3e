/** What is known of an order that came in as a payload: where the payload is, when it is looked at next, and what became of it. */
import { Schema } from "effect"
import { BinId, CustomerId, EpochMillis, OrderId } from "../Ids.ts"
import {
  maxItems,
  maxNotifications,
  OrderItem,
  OrderKind,
  OrderNotification,
  OrderStatus,
  TimeWindow
} from "../order/Order.ts"

/** A payload, and a request that brings one, in bytes. */
export const maxPayloadBytes = 262_144

/** RFC 9530, of the payload's bytes as they are sent without a coding. */
export const PayloadDigest = Schema.String.check(
  Schema.isPattern(/^sha-256=:[A-Za-z0-9+/]{43}=:$/u, {
    description: "sha-256=:…: around the SHA-256 of the payload's bytes in base64 (RFC 9530)"
  })
)

/** Where a payload lies. `uri`: as it may be shown; the whole one, which may hold a secret, is sealed beside the history. */
export const PayloadReference = Schema.Struct({
  uri: Schema.String.check(Schema.isMaxCodePoints(8_000)),
  digest: PayloadDigest
})
export type PayloadReference = typeof PayloadReference.Type

/** Why no order came of it. Codes are never renamed or reused. */
export const DropbinFailureCode = Schema.Literals([
  "payload_host_refused",
  "payload_redirected",
  "payload_refused",
  "payload_unreachable",
  "payload_too_large",
  "payload_coded",
  "payload_digest_wrong",
  "payload_invalid",
  "payload_lost",
  "customer_unfit",
  "bin_unfit",
  "schedule_conflict",
  "order_refused"
])
export type DropbinFailureCode = typeof DropbinFailureCode.Type

export const maxPayloadErrors = 50

/** For people, who read what to do; times and ids for programs. */
export const DropbinFailure = Schema.Struct({
  code: DropbinFailureCode,
  /** What happened, and what to do. */
  detail: Schema.String,
  /** What is wrong with the payload, place by place. */
  errors: Schema.Array(Schema.Struct({ path: Schema.String, message: Schema.String })).check(
    Schema.isMaxLength(maxPayloadErrors)
  ),
  /** Of a schedule conflict: the orders that held the bin, and the nearest windows in which nothing did. */
  orders: Schema.Array(Schema.Struct({ orderId: OrderId, status: OrderStatus, window: TimeWindow })),
  freeWindows: Schema.Array(TimeWindow)
})
export type DropbinFailure = typeof DropbinFailure.Type

export const DropbinFacts = Schema.Struct({
  /** Null: the payload came with the request. */
  reference: Schema.NullOr(PayloadReference),
  /** The order that was made. */
  orderId: Schema.NullOr(OrderId),
  failure: Schema.NullOr(DropbinFailure),
  /** When it is looked at next; null once it has ended. */
  dueAt: Schema.NullOr(EpochMillis)
})
export type DropbinFacts = typeof DropbinFacts.Type

/** An order as a payload asks for it, looked at before anything was kept. */
export const OrderAsked = Schema.Struct({
  customerId: CustomerId,
  binId: BinId,
  kind: OrderKind,
  notifications: Schema.Array(OrderNotification).check(Schema.isMaxLength(maxNotifications)),
  window: TimeWindow,
  items: Schema.Array(OrderItem).check(Schema.isMaxLength(maxItems))
})
export type OrderAsked = typeof OrderAsked.Type

/** What is sealed beside the history: the order that the request brought, or the whole address of the payload. */
export const DropbinContent = Schema.fromJsonString(
  Schema.Union([Schema.Struct({ order: OrderAsked }), Schema.Struct({ uri: Schema.String })])
)
export type DropbinContent = typeof DropbinContent.Type
