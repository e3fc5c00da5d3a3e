/** When a schedule is to be carried out, as it is kept: the rule, and what is done where clocks are changed. */
import { Schema } from "effect"
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
