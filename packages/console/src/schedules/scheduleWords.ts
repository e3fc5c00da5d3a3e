/** A schedule's rule and policies, in words. */
import type { Preview, ScheduleView } from "@dueline/contracts/schedule/ScheduleBodies"
import { durationWords } from "../time/durationWords.ts"
import { cronWords } from "./cronWords.ts"

export const ruleWords = ({ cron, every, zone }: Pick<ScheduleView, "cron" | "every" | "zone">): string => {
  if (cron === null) return `every ${durationWords(every ?? "")}`
  const words = cronWords(cron)
  return words === null ? `${cron}, by a clock in ${zone}` : `${words} by a clock in ${zone} (${cron})`
}

const overlaps = {
  skip: "the next one is left out",
  queue: "the next one waits for it",
  cancelRunning: "it is cancelled",
  allow: "both are made"
} as const

export const overlapWords = ({ overlap }: Pick<ScheduleView, "overlap">): string => `${overlap}: ${overlaps[overlap]}`

export const missedWords = ({ missed: { max, policy, window } }: Pick<ScheduleView, "missed">): string => {
  const within = window === null ? "" : `, of the last ${durationWords(window)}`
  if (policy === "skip") return "skip: none is made up for"
  return policy === "last" ? `last: one call is made${within}` : `all: up to ${max ?? "all"} calls are made${within}`
}

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
