/** The next time a schedule is to be carried out: its rule, between its beginning and its end. */
import type { EpochMillis } from "../Ids.ts"
import type { Occurrences } from "./occurrences.ts"
import type { Occurrence, Timing } from "./Timing.ts"

export interface Plan {
  readonly timing: Timing
  /** Nothing before this, and nothing after that (epoch milliseconds). */
  readonly from: EpochMillis | null
  readonly until: EpochMillis | null
}

/** The first after this instant. Null when there is none any more. */
export const upcoming = (
  { next }: Occurrences,
  { from, until }: Pick<Plan, "from" | "until">,
  after: number
): Occurrence | null => {
  const found = next(from === null ? after : Math.max(after, from - 1))
  return found === null || (until !== null && found.at > until) ? null : found
}
