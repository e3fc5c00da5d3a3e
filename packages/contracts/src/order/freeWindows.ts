/** When a bin is free: what to propose to somebody whose window is taken. */
import type { EpochMillis } from "../Ids.ts"
import type { TimeWindow } from "./Order.ts"

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
