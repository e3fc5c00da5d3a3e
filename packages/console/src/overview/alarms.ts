/** What of the overview somebody has to look at, the worst first, in as few words as a title has room for. */
import type { Overview } from "@dueline/contracts/api/OverviewEndpoints"

/** A call that is late by less is on its way. */
const lateMs = 5_000

export const isLate = ({ overdue: { oldest } }: Pick<Overview, "overdue">): boolean =>
  oldest !== null && oldest.lateMs > lateMs

export const alarmsOf = ({
  circuits,
  deadLetters,
  dependencies,
  lastHour,
  overdue
}: Overview): ReadonlyArray<string> => [
  ...dependencies.filter(({ status }) => status === "down").map(({ name }) => `${name} is down`),
  ...(isLate({ overdue }) ? [`${overdue.count}${overdue.more ? "+" : ""} overdue`] : []),
  ...(lastHour.failed > 0 ? [`${lastHour.failed} failed`] : []),
  ...(deadLetters.count > 0
    ? [`${deadLetters.count}${deadLetters.more ? "+" : ""} dead ${deadLetters.count === 1 ? "letter" : "letters"}`]
    : []),
  ...(circuits.length > 0 ? [`${circuits.length} ${circuits.length === 1 ? "circuit" : "circuits"} open`] : [])
]
