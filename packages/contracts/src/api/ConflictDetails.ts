/** What stands in the way, for whoever wants to do something about it. */
import { Schema } from "effect"
import { OrderId } from "../Ids.ts"
import { OrderStatus } from "../order/Order.ts"
import { ServiceCallStatus } from "../serviceCall/Rejection.ts"
import { Timestamp } from "./Wire.ts"

const Status = Schema.Literals([...new Set([...ServiceCallStatus.literals, ...OrderStatus.literals])])

export const Window = Schema.Struct({ from: Timestamp, to: Timestamp }).annotate({
  identifier: "Window",
  description: "From inclusive, to exclusive: windows that only touch do not overlap"
})
export type Window = typeof Window.Type

export const maxOrdersInTheWay = 10

export const ConflictDetails = Schema.Struct({
  status: Schema.optionalKey(Status),
  attempt: Schema.optionalKey(Schema.Int),
  allowed: Schema.optionalKey(Schema.Array(Status)),
  expectedVersion: Schema.optionalKey(Schema.Int),
  actualVersion: Schema.optionalKey(Schema.Int),
  reason: Schema.optionalKey(
    Schema.Literals(["not_found", "retired", "in_maintenance", "of_another_customer", "erased"])
  ).annotate({ description: "Why the bin or the customer does not fit" }),
  orders: Schema.optionalKey(
    Schema.Array(Schema.Struct({ id: OrderId, status: OrderStatus, window: Window })).annotate({
      description: `The orders that hold the bin in this window, by the beginning of theirs, ${maxOrdersInTheWay} at the most`
    })
  ),
  freeWindows: Schema.optionalKey(
    Schema.Array(Window).annotate({
      description:
        "Windows of the same length in which nothing holds the bin now, the nearest first: up to two before and two after"
    })
  )
}).annotate({ identifier: "ConflictDetails", description: "What stands in the way" })
export type ConflictDetails = typeof ConflictDetails.Type
