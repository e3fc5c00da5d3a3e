/** The service-order aggregate as one value: all that the writer knows of it. */
import type { OrderId, StreamId } from "@dueline/contracts/Ids"
import type { OrderCommand } from "@dueline/contracts/order/Command"
import { OrderEvent } from "@dueline/contracts/order/Event"
import type { OrderOutcome } from "@dueline/contracts/order/Outcome"
import type { OrderRejection } from "@dueline/contracts/order/Rejection"
import type { Aggregate } from "../engine/Aggregate.ts"
import { decide } from "./decide.ts"
import { announce } from "./react.ts"
import { refuse, requires } from "./rules.ts"
import { evolve, initial, OrderState } from "./State.ts"

export const Order: Aggregate<OrderCommand, OrderState, OrderEvent, OrderRejection, OrderOutcome> = {
  category: "order",
  event: OrderEvent,
  upcasters: {},
  snapshot: { form: 1, state: OrderState },
  streamOf: ({ orderId }) => orderId as string as StreamId,
  opens: ({ _tag }) => _tag === "CreateOrder",
  ended: (state) => state._tag === "Known" && state.order.endedAt !== null,
  initial,
  correlation: (state) => (state._tag === "Unknown" ? null : state.correlationId),
  evolve,
  decide,
  respond: ({ _tag, orderId }, after) => {
    if (after._tag === "Unknown") throw new Error(`an accepted ${_tag} left no order behind`)
    return { _tag: "OrderAccepted", orderId, order: after.order }
  },
  attachment: (_command, before) => before,
  ruled: true,
  requires: (events, after) => requires(events, after),
  refuse: (rule, command, after) => (after._tag === "Unknown" ? null : refuse(rule, command, after.order)),
  project: (after, { streamId, tenantId, version }) => {
    if (after._tag === "Unknown") return null
    const orderId = streamId as string as OrderId
    return { _tag: "OrderRow", tenantId, orderId, version, ...after.order, correlationId: after.correlationId }
  },
  announce: (event, after, stamp, { orderId }) => announce(event, after, stamp, orderId),
  intend: () => []
}
