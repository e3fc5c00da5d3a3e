/** For how long something was away in a stretch of time: what is promised while all is well may take so much longer. */
import type { History } from "./History.ts"

/** What a fault leads to may go on for so long after it: whoever was away comes back. */
export const aftermathMs = 5_000

/** In milliseconds between two times; faults that overlap count once. Redis is only for company: without it everything goes on. */
export const disturbedMs = ({ incidents }: Pick<History, "incidents">, begin: number, end: number): number => {
  let until = begin
  let sum = 0
  for (const { from, kind, to } of incidents.toSorted((a, b) => a.from - b.from)) {
    if (kind.startsWith("redis-")) continue
    const [start, over] = [Math.max(from, until), Math.min(to + aftermathMs, end)]
    if (over > start) sum += over - start
    until = Math.max(until, over)
  }
  return sum
}
