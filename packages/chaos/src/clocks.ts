/**
 * How far what a process says of the time may be off. The targets and this process go by the machine's clock, which nobody changes; a
 * process whose clock was set forward takes what is due within its jump for due, and stamps what it records with its own time. So
 * while a clock is off, and for as long after that as it was off by, times are allowed to differ by that jump, and by nothing more.
 */
import type { History, Incident } from "./History.ts"

/** What was begun by a wrong clock may be under way for so long. */
const underWayMs = 1_000

const jumps = ({ incidents }: History): ReadonlyArray<Required<Pick<Incident, "from" | "to" | "clockMs">>> =>
  incidents.flatMap(({ clockMs, from, to }) => (clockMs === undefined ? [] : [{ clockMs, from, to }]))

const most = (offs: ReadonlyArray<number>): number => Math.max(0, ...offs)

/** How far some clock was ahead at `at` or shortly before, in milliseconds; 0 when none was. */
export const aheadAt = (history: History, at: number): number =>
  most(
    jumps(history).flatMap(({ clockMs, from, to }) =>
      from <= at && at <= to + Math.abs(clockMs) + underWayMs ? clockMs : []
    )
  )

/** How far some clock was behind between `from` and `to`, in milliseconds. */
export const behindWithin = (history: History, begin: number, end: number): number =>
  most(
    jumps(history).flatMap(({ clockMs, from, to }) =>
      from <= end && begin <= to + Math.abs(clockMs) + underWayMs ? -clockMs : []
    )
  )

/** How far some clock was off between `begin` and `end`, either way, in milliseconds. */
export const offWithin = (history: History, begin: number, end: number): number =>
  most(
    jumps(history).flatMap(({ clockMs, from, to }) =>
      from <= end && begin <= to + Math.abs(clockMs) + underWayMs ? Math.abs(clockMs) : []
    )
  )

/** How far two clocks were ever apart, in milliseconds. */
export const clockSpan = (history: History): number => {
  const offs = [0, ...jumps(history).map(({ clockMs }) => clockMs)]
  return Math.max(...offs) - Math.min(...offs)
}

/** How far any clock was ever off. */
export const mostOff = (history: History): number => most(jumps(history).map(({ clockMs }) => Math.abs(clockMs)))
