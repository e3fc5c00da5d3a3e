/** A schedule's rule and policies, in words. */
import type { Preview, ScheduleView } from "@dueline/contracts/schedule/ScheduleBodies"

export const ruleWords = ({ cron, every, zone }: ScheduleView): string =>
  cron === null ? `every ${every ?? ""}` : `${cron}, by a clock in ${zone}`

const missing = {
  shift: "as much later as clocks are set forward",
  skip: "not on that day",
  atJump: "at the moment of the change"
} as const
const repeated = {
  auto: "once for a time of day, at each for a pace",
  first: "the first time",
  second: "the second time",
  both: "both times"
} as const

export const missingWords = ({ missingHour }: ScheduleView): string | null =>
  missingHour === null ? null : `${missingHour}: ${missing[missingHour]}`
export const repeatedWords = ({ repeatedHour }: ScheduleView): string | null =>
  repeatedHour === null ? null : `${repeatedHour}: ${repeated[repeatedHour]}`

export const markWords: Readonly<Record<Preview["items"][number]["mark"], string>> = {
  regular: "",
  shifted: "clocks pass over its time: later",
  at_jump: "clocks pass over its time: at the change",
  first: "the first of two alike",
  second: "the second of two alike"
}
