/** What may be asked of a service order. */
import { Schema } from "effect"
import { EpochMillis, OrderId } from "../Ids.ts"
import { maxItems, OrderItem, OrderTerms, TimeWindow } from "./Spec.ts"

const target = { orderId: OrderId, at: EpochMillis }
const items = Schema.Array(OrderItem).check(Schema.isMaxLength(maxItems))

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
