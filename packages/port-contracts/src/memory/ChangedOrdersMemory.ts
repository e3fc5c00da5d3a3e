/** Orders that changed, in memory. */
import type { ChangedOrders } from "@dueline/contracts/ports/ChangedOrders"
import { Effect } from "effect"
import { type MemoryState, rowsOf } from "./MemoryState.ts"

export const make = (state: MemoryState): ChangedOrders["Service"] => ({
  changed: ({ after, before, limit }) =>
    Effect.sync(() =>
      rowsOf(state, "order")
        .filter(({ notifications, updatedAt }) => notifications.length > 0 && updatedAt <= before)
        .map(({ orderId, tenantId, updatedAt }) => ({ tenantId, orderId, updatedAt }))
        .filter(
          ({ orderId, updatedAt }) =>
            updatedAt > after.updatedAt || (updatedAt === after.updatedAt && orderId > after.orderId)
        )
        .sort((a, b) => a.updatedAt - b.updatedAt || (a.orderId < b.orderId ? -1 : 1))
        .slice(0, limit)
    )
})
