/** Times that are left out, as one fact: from the first to the last, and how many. */
import type { EpochMillis } from "../Ids.ts"
import type { Occurrences } from "./occurrences.ts"
import type { Skip, SkipReason } from "./Schedule.ts"

/** They are counted so far. */
const countLimit = 100

export const skipOf = (reason: SkipReason, times: ReadonlyArray<{ readonly at: EpochMillis }>): ReadonlyArray<Skip> => {
  const [first, last] = [times[0], times.at(-1)]
  return first === undefined || last === undefined
    ? []
    : [{ reason, first: first.at, last: last.at, count: times.length }]
}

/** All from `first` to `last`, which are times of the rule; counted backwards, as far as anybody counts. */
export const rangeSkip = (occurrences: Occurrences, reason: SkipReason, first: number, last: number): Skip => {
  let count = 1
  for (let at = last; at > first && count <= countLimit; count += 1) {
    const before = occurrences.previous(at)
    if (before === null || before.at < first) break
    at = before.at
  }
  return { reason, first: first as EpochMillis, last: last as EpochMillis, count: count > countLimit ? null : count }
}
