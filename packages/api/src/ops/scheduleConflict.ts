/** What to say to somebody whose window is taken: which orders are in the way, and when the bin is free. */
import type { ConflictDetails } from "@dueline/contracts/api/Problem"
import { formatInstant } from "@dueline/contracts/api/Wire"
import type { TenantId } from "@dueline/contracts/Ids"
import type { OrderWindowTaken, TimeWindow } from "@dueline/contracts/order/Order"
import type { Window } from "@dueline/contracts/order/OrderBodies"
import * as InTheWay from "@dueline/contracts/order/scheduleConflict"
import type { OpsQueries } from "@dueline/contracts/ports/Queries"
import { Effect } from "effect"

/** Without an answer from the store there are no details. */
export const scheduleConflict = (
  queries: OpsQueries["Service"],
  tenantId: TenantId,
  taken: OrderWindowTaken
): Effect.Effect<ConflictDetails> =>
  InTheWay.scheduleConflict(queries, tenantId, taken).pipe(
    Effect.map((found): ConflictDetails => conflictOf(found)),
    Effect.catchTag("StoreUnavailable", ({ operation }) =>
      Effect.as(Effect.logWarning("no details of a schedule conflict", { operation }), {})
    )
  )

export const conflictOf = ({ freeWindows, orders }: InTheWay.ScheduleConflict) => ({
  orders: orders.map(({ orderId, status, window }) => ({ id: orderId, status, window: windowOf(window) })),
  freeWindows: freeWindows.map(windowOf)
})

export const windowOf = ({ from, to }: TimeWindow): Window => ({ from: formatInstant(from), to: formatInstant(to) })
