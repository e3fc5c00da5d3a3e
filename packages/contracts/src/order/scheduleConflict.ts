/** What stands in the way of somebody whose window is taken: which orders hold the bin, and when it is free. */
import { Clock, Effect } from "effect"
import type { EpochMillis, TenantId } from "../Ids.ts"
import type { OpsQueries } from "../ports/OpsQueries.ts"
import type { StoreUnavailable } from "../ports/Persistence.ts"
import { freeWindows } from "./freeWindows.ts"
import type { OrderRow, OrderStatus, OrderWindowTaken, TimeWindow } from "./Order.ts"
import { maxOrdersInTheWay } from "./OrderBodies.ts"

/** How far on either side of the wanted window free ones are looked for. */
const aroundMs = 14 * 86_400_000

/** Of one bin's orders that are looked at; what lies behind the last of them counts as taken. */
const maxLooked = 200

export interface ScheduleConflict {
  readonly orders: ReadonlyArray<{
    readonly orderId: OrderRow["orderId"]
    readonly status: OrderStatus
    readonly window: TimeWindow
  }>
  readonly freeWindows: ReadonlyArray<TimeWindow>
}

/** Read after the refusal, so it may already have changed. */
export const scheduleConflict = Effect.fnUntraced(function* (
  queries: OpsQueries["Service"],
  tenantId: TenantId,
  { binId, orderId, window }: OrderWindowTaken
): Effect.fn.Return<ScheduleConflict, StoreUnavailable> {
  const now = yield* Clock.currentTimeMillis
  const from = window.from - aroundMs
  const to = window.to + aroundMs
  const around = { from: from as EpochMillis, to: to as EpochMillis }
  const others = (rows: ReadonlyArray<OrderRow>) => rows.filter((row) => row.orderId !== orderId)
  // One more than is shown: an order that is moved is not in its own way.
  const inTheWay = yield* queries.holding({ tenantId, binId, window, limit: maxOrdersInTheWay + 1 })
  const found = yield* queries.holding({ tenantId, binId, window: around, limit: maxLooked })
  const held = found.flatMap((row) => row.window ?? [])
  const known = found.length < maxLooked ? to : (held.at(-1)?.from ?? to)
  const busy = [
    { from: Number.NEGATIVE_INFINITY, to: from },
    ...others(found).flatMap((row) => row.window ?? []),
    { from: known, to: Number.POSITIVE_INFINITY }
  ]
  return {
    orders: others(inTheWay).slice(0, maxOrdersInTheWay).flatMap(shown),
    freeWindows: freeWindows(busy, window, now)
  }
})

const shown = ({ orderId, status, window }: OrderRow) => (window === null ? [] : [{ orderId, status, window }])
