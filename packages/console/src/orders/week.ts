/** A week of a calendar: its days as a clock in the zone has them, be they of 23, 24 or 25 hours, and where on each an order lies. */
import { formatTime, instantOf } from "../time/zone.ts"

const dayMs = 86_400_000

/** `2026-03-29` and so many days on, by the calendar. */
export const addDays = (date: string, days: number): string =>
  new Date(Date.parse(`${date}T00:00:00Z`) + days * dayMs).toISOString().slice(0, 10)

export const dateOf = (millis: number, zone: string): string => formatTime(millis, zone).slice(0, 10)

export const mondayOf = (date: string): string => addDays(date, -((new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7))

/** When the day begins. Where clocks pass over midnight, with the first time that they show. */
export const beginningOf = (date: string, zone: string): number => instantOf(`${date}T00:00`, zone)

export interface Stretch {
  readonly id: string
  readonly from: number
  readonly to: number
}

export interface Block {
  readonly id: string
  /** From the beginning of the day to its end, 0 to 1. */
  readonly top: number
  readonly bottom: number
  /** Beside others at the same time: which place, of how many. */
  readonly lane: number
  readonly lanes: number
}

/** Gives each the first lane that is free, and all that touch each other as many lanes as any of them needs. */
const inLanes = (stretches: ReadonlyArray<Stretch>): ReadonlyArray<Stretch & { lane: number; lanes: number }> => {
  const placed: Array<Stretch & { lane: number; lanes: number }> = []
  let group: typeof placed = []
  let ends: Array<number> = []
  const close = () => {
    for (const one of group) one.lanes = ends.length
    group = []
    ends = []
  }
  for (const stretch of [...stretches].sort((a, b) => a.from - b.from || b.to - a.to)) {
    if (ends.every((end) => end <= stretch.from)) close()
    const free = ends.findIndex((end) => end <= stretch.from)
    const lane = free === -1 ? ends.length : free
    ends[lane] = stretch.to
    const one = { ...stretch, lane, lanes: 1 }
    group.push(one)
    placed.push(one)
  }
  close()
  return placed
}

/** What of the stretches lies on the day between two instants. */
export const blocksOf = (stretches: ReadonlyArray<Stretch>, from: number, to: number): ReadonlyArray<Block> =>
  inLanes(
    stretches
      .filter((stretch) => stretch.from < to && stretch.to > from)
      .map(({ id, ...stretch }) => ({ id, from: Math.max(from, stretch.from), to: Math.min(to, stretch.to) }))
  ).map(({ id, lane, lanes, ...stretch }) => ({
    id,
    top: (stretch.from - from) / (to - from),
    bottom: (stretch.to - from) / (to - from),
    lane,
    lanes
  }))
