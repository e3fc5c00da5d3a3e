/**
 * What a rule means, found out slowly: every minute around a change of the clocks is looked at as a clock in the zone shows it, by the runtime's own
 * formatting, and the policies are read off the list of minutes. Shares nothing with the module it judges but the zone data.
 */
import { occurrencesOf } from "@dueline/contracts/schedule/occurrences"
import type { Mark, MissingHour, RepeatedHour } from "@dueline/contracts/schedule/Timing"
import { transitionsBetween } from "@dueline/contracts/schedule/zone"
import { Result } from "effect"

export interface Rule {
  readonly expression: string
  readonly missingHour: MissingHour
  readonly repeatedHour: RepeatedHour
}

/** Five fields of numbers, `*`, steps, ranges and lists. */
export const expressions: ReadonlyArray<string> = [
  "*/10 * * * *",
  "4-59/15 * * * *",
  "7 * * * *",
  "30 2 * * *",
  "0 0 * * *",
  "15,45 0-4 * * *",
  "*/20 2,23 * * *",
  "59 23 * * 0,6",
  "30 1 1-31/2 * *",
  "15,35,50 1,2 * * *",
  "0 12 * * 5",
  "10 */2 28-31 3,10 *"
]

const minuteMs = 60_000
const hourMs = 3_600_000

const clocks = new Map<string, Intl.DateTimeFormat>()

/** What a clock shows, as milliseconds of a clock that is never changed. */
const clockOf = (zone: string) => {
  const format =
    clocks.get(zone) ??
    new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit"
    })
  clocks.set(zone, format)
  return (at: number): number => {
    const [, month, day, year, hour, minute, second] =
      /^(\d+)\/(\d+)\/(\d+), (\d+):(\d+):(\d+)$/u.exec(format.format(at)) ?? []
    return Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second))
  }
}

const within = (field: string, value: number): boolean =>
  field.split(",").some((part) => {
    const [range = "", step = "1"] = part.split("/")
    const [from = 0, to = part.includes("/") || range === "*" ? 99 : from] =
      range === "*" ? [0, 99] : range.split("-").map(Number)
    const first = range === "*" && part.includes("/") ? Number.NaN : from
    const offset = Number.isNaN(first) ? value : value - first
    return value >= from && value <= to && offset % Number(step) === 0
  })

const matches = (expression: string, wall: number): boolean => {
  const [minute = "", hour = "", day = "", month = "", weekday = ""] = expression.split(" ")
  const date = new Date(wall)
  if (wall % minuteMs !== 0) return false
  if (!within(minute, date.getUTCMinutes()) || !within(hour, date.getUTCHours())) return false
  if (!within(month, date.getUTCMonth() + 1)) return false
  const [ofDay, ofWeekday] = [within(day, date.getUTCDate()), within(weekday, date.getUTCDay())]
  return day.startsWith("*") || weekday.startsWith("*") ? ofDay && ofWeekday : ofDay || ofWeekday
}

export interface Fired {
  readonly at: number
  readonly mark: Mark
}

/** A moment, and what the clock shows at it. */
export interface Shown {
  readonly at: number
  readonly wall: number
}

/** A change of the clocks with time before and after it, and as much again at both ends, which is looked at but not judged. */
export interface Surroundings {
  readonly zone: string
  readonly from: number
  readonly to: number
  readonly minutes: ReadonlyArray<Shown>
}

/** `size`: how far clocks are changed, in milliseconds. Steps are half a minute where clocks once differed from UTC by seconds. */
export const surroundings = (zone: string, at: number, size: number): Surroundings => {
  const clock = clockOf(zone)
  const whole = Math.floor(at / minuteMs) * minuteMs
  const reach = Math.ceil(Math.abs(size) / hourMs) * hourMs + 3 * hourMs
  const [first, last] = [whole - 2 * reach, whole + 2 * reach]
  const isWhole = (moment: number) => (clock(moment) - moment) % minuteMs === 0
  const step = isWhole(first) && isWhole(last) ? minuteMs : minuteMs / 2
  const minutes: Array<Shown> = []
  for (let moment = first; moment <= last; moment += step) minutes.push({ at: moment, wall: clock(moment) })
  return { zone, from: whole - reach, to: whole + reach, minutes }
}

const paced = (expression: string): boolean => expression.split(" ", 2).some((field) => field.startsWith("*"))

/** Everything in `from` < at ≤ `to`. */
export const referenceFirings = (
  { from, minutes: walls, to, zone }: Surroundings,
  rule: Rule
): ReadonlyArray<Fired> => {
  const shown = new Map<number, Array<number>>()
  for (const { at, wall } of walls) {
    const already = shown.get(wall)
    if (already === undefined) shown.set(wall, [at])
    else already.push(at)
  }
  const repeated = rule.repeatedHour === "auto" ? (paced(rule.expression) ? "both" : "first") : rule.repeatedHour
  const fired = new Map<number, Mark>()
  for (const { at, wall } of walls) {
    if (!matches(rule.expression, wall)) continue
    const [first, second] = shown.get(wall) ?? []
    if (second === undefined) fired.set(at, "regular")
    else if (at === first && repeated !== "second") fired.set(at, "first")
    else if (at === second && repeated !== "first") fired.set(at, "second")
  }
  for (const [index, { at, wall }] of walls.entries()) {
    const before = walls[index - 1]
    if (before === undefined || wall - before.wall <= at - before.at) continue
    const offsetBefore = before.wall - before.at
    // The change may lie between two minutes that are looked at.
    const jump = transitionsBetween(zone, before.at, at)[0]?.at ?? at
    for (
      let missing = Math.ceil((jump + offsetBefore) / minuteMs) * minuteMs;
      missing < jump + (wall - at);
      missing += minuteMs
    ) {
      if (!matches(rule.expression, missing)) continue
      const [instant, mark] =
        rule.missingHour === "shift" ? [missing - offsetBefore, "shifted" as const] : [jump, "at_jump" as const]
      if (rule.missingHour !== "skip" && !fired.has(instant)) fired.set(instant, mark)
      break
    }
  }
  return [...fired].flatMap(([at, mark]) => (at > from && at <= to ? [{ at, mark }] : [])).sort((a, b) => a.at - b.at)
}

/** The same by the module, forwards and backwards. */
export const walkedFirings = ({ from, to, zone }: Surroundings, rule: Rule) => {
  const { next, previous } = Result.getOrThrow(occurrencesOf({ _tag: "Cron", zone, ...rule }))
  const forwards: Array<Fired> = []
  for (let found = next(from); found !== null && found.at <= to; found = next(found.at)) forwards.push(found)
  const backwards: Array<Fired> = []
  for (let found = previous(to + 1); found !== null && found.at > from; found = previous(found.at))
    backwards.unshift(found)
  return { forwards, backwards }
}
