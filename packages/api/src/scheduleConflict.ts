/** What to say to somebody whose window is taken: which orders are in the way, and when the bin is free. */
import type { ConflictDetails } from "@dueline/contracts/api/Problem"
import { formatInstant } from "@dueline/contracts/api/Wire"
import type { EpochMillis, TenantId } from "@dueline/contracts/Ids"
import { freeWindows } from "@dueline/contracts/order/freeWindows"
import type { OrderRow, OrderWindowTaken, TimeWindow } from "@dueline/contracts/order/Order"
import { maxOrdersInTheWay, type Window } from "@dueline/contracts/order/OrderBodies"
import type { OpsQueries } from "@dueline/contracts/ports/OpsQueries"
import { Clock, Effect } from "effect"

/** How far on either side of the wanted window free ones are looked for. */
const aroundMs = 14 * 86_400_000

/** Of one bin's orders that are looked at; what lies behind the last of them counts as taken. */
const maxLooked = 200

/** Read after the refusal, so it may already have changed; without an answer from the store there are no details. */
export const scheduleConflict = (
  queries: OpsQueries["Service"],
  tenantId: TenantId,
  { binId, orderId, window }: OrderWindowTaken
): Effect.Effect<ConflictDetails> =>
  Effect.gen(function* () {
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
      freeWindows: freeWindows(busy, window, now).map(windowOf)
    }
  }).pipe(
    Effect.catchTag("StoreUnavailable", ({ operation }) =>
      Effect.as(Effect.logWarning("no details of a schedule conflict", { operation }), {})
    )
  )

export const windowOf = ({ from, to }: TimeWindow): Window => ({ from: formatInstant(from), to: formatInstant(to) })

const shown = ({ orderId, status, window }: OrderRow) =>
  window === null ? [] : [{ id: orderId, status, window: windowOf(window) }]
