/**
 * When a schedule is to be carried out: the rule as it is kept, what is done where clocks are changed, and cron expressions: five fields (minute,
 * hour, day of month, month, day of week), or six with seconds first.
 */
import { Cron, Result, Schema } from "effect"
import { EpochMillis } from "../Ids.ts"

/**
 * A time that clocks pass over when they are set forward:
 * - `shift`: as much later as they are set forward, 02:30 at 03:30; several that are passed over run once, as the first;
 * - `skip`: not that day;
 * - `atJump`: once, at the moment of the change.
 */
export const MissingHour = Schema.Literals(["shift", "skip", "atJump"])
export type MissingHour = typeof MissingHour.Type

/**
 * A time that clocks show twice when they are set back: the first time, the second, or both. `auto` is `both` for what goes on at a pace (`*` at
 * the beginning of minute or hour) and `first` for a time of day.
 */
export const RepeatedHour = Schema.Literals(["auto", "first", "second", "both"])
export type RepeatedHour = typeof RepeatedHour.Type

export const Timing = Schema.TaggedUnion({
  /** By a clock in the zone. */
  Cron: { expression: Schema.String, zone: Schema.String, missingHour: MissingHour, repeatedHour: RepeatedHour },
  /** From `anchor` on, each so many milliseconds of time that passes, whatever clocks show. The zone is for showing. */
  Every: { everyMs: Schema.Int, anchor: EpochMillis, zone: Schema.String }
})
export type Timing = typeof Timing.Type

/**
 * What a time is on the clocks of its zone: `shifted` and `at_jump` stand for one that clocks passed over, `first` and `second` are one of two
 * that look alike.
 */
export const Mark = Schema.Literals(["regular", "shifted", "at_jump", "first", "second"])
export type Mark = typeof Mark.Type

/** A time at which a schedule is to be carried out. */
export const Occurrence = Schema.Struct({ at: EpochMillis, mark: Mark })
export type Occurrence = typeof Occurrence.Type

/** What cannot be read. `field` counts from 1, 0 when it is the whole. */
export interface CronProblem {
  readonly field: number
  readonly message: string
}

export interface CronTimes {
  /** Whether it names a time of day, such as 02:30, or goes on at a pace, such as every quarter of an hour. */
  readonly paced: boolean
  /** The first time after this one as clocks show it (milliseconds as if the clock were UTC's). Null when none comes within decades. */
  readonly next: (wall: number) => number | null
  /** The last one before. */
  readonly previous: (wall: number) => number | null
}

const named: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *"
}

export const maxExpressionLength = 200

const fieldNames = ["second", "minute", "hour", "day of month", "month", "day of week"] as const

/** What other programs know besides, and how the same is said here. */
const unsupported: ReadonlyArray<readonly [RegExp, string]> = [
  [/\?/u, "`?` is not supported: write `*`"],
  [/#/u, "`#` (the n-th weekday of a month) is not supported: name a day of the month, or the weekday alone"],
  [/(?:^|,)(?:L|\d*L|[A-Z]{3}L|L-\d+)(?:,|$)/iu, "`L` (the last one) is not supported: name the day"],
  [/\dW|LW|WL/iu, "`W` (the nearest weekday) is not supported: name the day, or `MON-FRI`"],
  [/~/u, "`~` (a time at random) is not supported: use `jitter`"]
]

const problem = (field: number, message: string) => Result.fail<CronProblem>({ field, message })

const problemOf = (text: string, place: number): string | null => {
  const known = unsupported.find(([pattern]) => pattern.test(text))
  if (known !== undefined) return known[1]
  // The others are put aside, so that what is wrong is wrong in this one.
  const alone = fieldNames.map((_, index) => (index === place ? text : "*")).join(" ")
  const parsed = Cron.parse(alone, "UTC")
  return Result.isSuccess(parsed)
    ? null
    : `${parsed.failure.message.charAt(0).toLowerCase()}${parsed.failure.message.slice(1)}`
}

/** Walking ends, after years of looking, by an exception. */
const orNull = (step: () => Date): number | null => {
  try {
    return step().getTime()
  } catch {
    return null
  }
}

export const parseCron = (expression: string): Result.Result<CronTimes, CronProblem> => {
  const text = expression.trim()
  if (text.length > maxExpressionLength) return problem(0, `is longer than ${maxExpressionLength} characters`)
  const written = text.startsWith("@") ? named[text.toLowerCase()] : text
  if (written === undefined)
    return problem(0, `is not known: use one of ${Object.keys(named).join(", ")}, or five or six fields`)
  const parts = written.split(/\s+/u)
  if (parts.length !== 5 && parts.length !== 6) {
    return problem(
      0,
      `has ${parts.length} fields: write minute, hour, day of month, month, day of week, and seconds before them if needed`
    )
  }
  const fields = parts.length === 5 ? ["0", ...parts] : parts
  for (const [index, field] of fields.entries()) {
    const found = problemOf(field, index)
    if (found !== null)
      return problem(
        index + parts.length - 5,
        `field ${index + parts.length - 5} (${fieldNames[index]}), \`${field}\`: ${found}`
      )
  }
  const cron = Cron.parse(fields.join(" "), "UTC")
  if (Result.isFailure(cron)) return problem(0, cron.failure.message)
  return Result.succeed({
    paced: fields[1]?.startsWith("*") === true || fields[2]?.startsWith("*") === true,
    next: (wall) => orNull(() => Cron.next(cron.success, wall)),
    previous: (wall) => orNull(() => Cron.prev(cron.success, wall))
  })
}
