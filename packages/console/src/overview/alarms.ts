/** What of the overview somebody has to look at, the worst first, in as few words as a title has room for. */
import type { Overview } from "@dueline/contracts/api/OverviewEndpoints"

/** A call that is late by less is on its way. */
const lateMs = 5_000

export const isLate = ({ overdue: { oldest } }: Pick<Overview, "overdue">): boolean =>
  oldest !== null && oldest.lateMs > lateMs

/** Of those that failed in the last hour as many as may be failed still: once they have been run again with success it is none. */
export const stillFailed = ({ calls, lastHour }: Pick<Overview, "calls" | "lastHour">): number =>
  Math.min(lastHour.failed, calls.Failed)

export const alarmsOf = ({
  calls,
  circuits,
  deadLetters,
  dependencies,
  lastHour,
  overdue
}: Overview): ReadonlyArray<string> => [
  ...dependencies.filter(({ status }) => status === "down").map(({ name }) => `${name} is down`),
  ...(isLate({ overdue }) ? [`${overdue.count}${overdue.more ? "+" : ""} overdue`] : []),
  ...(stillFailed({ calls, lastHour }) > 0 ? [`${stillFailed({ calls, lastHour })} failed`] : []),
  ...(deadLetters.count > 0
    ? [`${deadLetters.count}${deadLetters.more ? "+" : ""} dead ${deadLetters.count === 1 ? "letter" : "letters"}`]
    : []),
  ...(circuits.length > 0 ? [`${circuits.length} ${circuits.length === 1 ? "circuit" : "circuits"} open`] : [])
]
