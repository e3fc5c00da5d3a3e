/**
 * What stands in the way of somebody whose window is taken: which orders hold the bin, and when it is free. When a bin is free: what to propose to
 * somebody whose window is taken.
 */
import { Clock, Effect } from "effect"
import type { EpochMillis, TenantId } from "../Ids.ts"
import type { StoreUnavailable } from "../ports/Persistence.ts"
import type { OpsQueries } from "../ports/Queries.ts"
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

/** How many windows are proposed before the wanted one, and how many after it. */
const oneSide = 2

/**
 * Windows as long as the wanted one that overlap none of `busy` and begin at `now` or later, the nearest to the wanted first: of each gap
 * between two busy windows the one that begins nearest, from the two nearest gaps on either side. Where the wanted window is free itself,
 * it is the first. `busy` may overlap each other and come in any order; a window from or to an infinity is allowed.
 */
export const freeWindows = (busy: ReadonlyArray<Span>, wanted: TimeWindow, now: number): ReadonlyArray<TimeWindow> => {
  const length = wanted.to - wanted.from
  const nearest = gapsBetween(busy, now).flatMap(({ from, to }) =>
    to - from < length ? [] : [Math.min(Math.max(wanted.from, from), to - length)]
  )
  const before = nearest.filter((begin) => begin < wanted.from).slice(-oneSide)
  const after = nearest.filter((begin) => begin >= wanted.from).slice(0, oneSide)
  return [...before, ...after]
    .sort((a, b) => Math.abs(a - wanted.from) - Math.abs(b - wanted.from) || a - b)
    .map((begin) => ({ from: begin as EpochMillis, to: (begin + length) as EpochMillis }))
}

interface Span {
  readonly from: number
  readonly to: number
}

/** In order of time, the first of them from `now` on, the last without an end. */
const gapsBetween = (busy: ReadonlyArray<Span>, now: number): ReadonlyArray<Span> => {
  const gaps: Array<Span> = []
  let free = now
  for (const { from, to } of [...busy].sort((a, b) => a.from - b.from)) {
    if (from > free) gaps.push({ from: free, to: from })
    free = Math.max(free, to)
  }
  return free === Number.POSITIVE_INFINITY ? gaps : [...gaps, { from: free, to: Number.POSITIVE_INFINITY }]
}
