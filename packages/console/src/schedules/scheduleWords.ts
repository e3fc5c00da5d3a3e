/** A schedule's rule and policies, in words. */
import type { Preview, ScheduleView } from "@dueline/contracts/schedule/ScheduleBodies"
import { durationWords } from "../time/zone.ts"

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

/** A cron expression in words, for the forms that most schedules have; null for the others, which only their next times explain. */
const days: Readonly<Record<string, string>> = {
  "0": "Sunday",
  "1": "Monday",
  "2": "Tuesday",
  "3": "Wednesday",
  "4": "Thursday",
  "5": "Friday",
  "6": "Saturday",
  "7": "Sunday",
  SUN: "Sunday",
  MON: "Monday",
  TUE: "Tuesday",
  WED: "Wednesday",
  THU: "Thursday",
  FRI: "Friday",
  SAT: "Saturday"
}

const two = (text: string): string => text.padStart(2, "0")
const isNumber = (text: string): boolean => /^\d{1,2}$/u.test(text)

/** `MON-FRI`, `1,3`: Monday to Friday, Monday and Wednesday. */
const dayWords = (field: string): string | null => {
  const part = (text: string): string | null => {
    const names = text.split("-").map((one) => days[one.toUpperCase()])
    return names.length > 2 || names.includes(undefined) ? null : names.join(" to ")
  }
  const parts = field.split(",").map(part)
  return parts.includes(null) ? null : parts.join(", ").replace(/, (?=[^,]*$)/u, " and ")
}

// `*` and `*/n` of a field, as how many; null for anything else.
const pace = (field: string): number | null => {
  if (field === "*") return 1
  const [, n] = /^\*\/(\d{1,2})$/u.exec(field) ?? []
  return n === undefined ? null : Number(n)
}

const every = (n: number, unit: string): string => (n === 1 ? `every ${unit}` : `every ${n} ${unit}s`)

const dateWords = (day: string, weekday: string): string | null => {
  if (day === "*") return weekday === "*" ? "every day" : dayWords(weekday)
  return isNumber(day) && weekday === "*" ? `on day ${day} of each month` : null
}

export const cronWords = (expression: string): string | null => {
  const [minute = "", hour = "", day = "", month = "", weekday = "", more] = expression.trim().split(/\s+/u)
  if (month !== "*" || weekday === "" || more !== undefined) return null
  const date = dateWords(day, weekday)
  if (date === null) return null
  const within = date === "every day" ? "" : `, ${date}`
  const [minutes, hours] = [pace(minute), pace(hour)]
  if (minutes !== null && hour === "*") return every(minutes, "minute") + within
  if (!isNumber(minute)) return null
  if (hours !== null) return `${every(hours, "hour")} at ${two(minute)} past${within}`
  return isNumber(hour) ? `${date} at ${two(hour)}:${two(minute)}` : null
}
