/**
 * * Which instants a rule means, in a zone whose clocks are changed. Pure; the zone data is the runtime's. * The rule is walked on a clock that is
 * never changed. Time is cut into stretches with one offset, in each of which the clock is such a clock; what a change makes missing or repeats is
 * decided by the policies, where two stretches meet. Times that are left out, as one fact: from the first to the last, and how many.
 */
import { Result } from "effect"
import type { EpochMillis } from "../Ids.ts"
import type { Skip, SkipReason } from "./Schedule.ts"
import { type CronProblem, type CronTimes, type Mark, type Occurrence, parseCron, type Timing } from "./Timing.ts"
import { offsetAt, type Segment, segmentsBetween } from "./zone.ts"

export interface Occurrences {
  /** The first after this instant (epoch milliseconds). Null when there is none any more. */
  readonly next: (after: number) => Occurrence | null
  /** The last before it. Agrees with `next`. */
  readonly previous: (before: number) => Occurrence | null
  /** Under `skip`: in `from` < at ≤ `to` those that are left out because clocks passed over them, at the instant that `shift` would give them. */
  readonly passedOver: (from: number, to: number) => ReadonlyArray<EpochMillis>
}

type CronTiming = Extract<Timing, { readonly _tag: "Cron" }>

const hourMs = 3_600_000
/** No change of an offset is larger: a zone that changes the side of the date line leaves out a day. */
const reachMs = 26 * hourMs
/** Time that is looked through at once. */
const spanMs = 72 * hourMs
/** Spans looked through before a rule counts as one that never comes. */
const spanLimit = 200

const occurrence = (at: number, mark: Mark): Occurrence => ({ at: at as EpochMillis, mark })

/** A stretch in which times of the clock count, and those of them that the clock shows twice: [`twiceFrom`, `twiceTo`) is marked. */
interface Stretch extends Segment {
  readonly mark: (at: number) => Mark
}

const stretchOf = (segments: ReadonlyArray<Segment>, index: number, repeated: "first" | "second" | "both"): Stretch => {
  const segment = segments[index] as Segment
  const back = Math.max(0, (segments[index - 1]?.offset ?? segment.offset) - segment.offset)
  const ahead = Math.max(0, segment.offset - (segments[index + 1]?.offset ?? segment.offset))
  const from = segment.from + (repeated === "first" ? back : 0)
  const to = segment.to - (repeated === "second" ? ahead : 0)
  const mark = (at: number): Mark =>
    at < segment.from + back ? "second" : at >= segment.to - ahead ? "first" : "regular"
  return { from, to, offset: segment.offset, mark }
}

/** What is done about times that were passed over where this segment begins: of several the first stands for all. */
const atGap = (
  times: CronTimes,
  segments: ReadonlyArray<Segment>,
  index: number
): { at: number; jump: number } | null => {
  const [before, segment] = [segments[index - 1], segments[index] as Segment]
  if (before === undefined || before.offset >= segment.offset) return null
  const wall = times.next(segment.from + before.offset - 1)
  return wall === null || wall >= segment.from + segment.offset
    ? null
    : { at: wall - before.offset, jump: segment.from }
}

const ofCron = (timing: CronTiming, times: CronTimes): Occurrences => {
  const { missingHour, zone } = timing
  const repeated = timing.repeatedHour === "auto" ? (times.paced ? "both" : "first") : timing.repeatedHour

  const gaps = (segments: ReadonlyArray<Segment>) => segments.flatMap((_, index) => atGap(times, segments, index) ?? [])

  const shifted = (segments: ReadonlyArray<Segment>): ReadonlyArray<Occurrence> =>
    missingHour === "skip"
      ? []
      : gaps(segments).map(({ at, jump }) =>
          missingHour === "shift" ? occurrence(at, "shifted") : occurrence(jump, "at_jump")
        )

  const next = (after: number): Occurrence | null => {
    let from = after
    for (let spans = 0; spans < spanLimit; spans += 1) {
      const to = from + spanMs
      const segments = segmentsBetween(zone, from - reachMs, to + reachMs)
      const found = shifted(segments).filter(({ at }) => at > from)
      for (const [index] of segments.entries()) {
        const stretch = stretchOf(segments, index, repeated)
        const start = Math.max(stretch.from, from + 1)
        const wall = start < stretch.to ? times.next(start + stretch.offset - 1) : null
        if (wall === null || wall - stretch.offset >= stretch.to) continue
        const at = wall - stretch.offset
        // What the clock shows anyway is not shifted there.
        found.unshift(occurrence(at, stretch.mark(at)))
        break
      }
      const first = found.reduce<Occurrence | null>(
        (best, each) => (best === null || each.at < best.at ? each : best),
        null
      )
      if (first !== null && first.at <= to) return first
      const far = times.next(from + offsetAt(zone, from))
      if (far === null) return first
      from = Math.max(to, far - offsetAt(zone, from) - 2 * reachMs)
    }
    return null
  }

  const previous = (before: number): Occurrence | null => {
    let to = before
    for (let spans = 0; spans < spanLimit; spans += 1) {
      const from = to - spanMs
      const segments = segmentsBetween(zone, from - reachMs, to + reachMs)
      const found = shifted(segments).filter(({ at }) => at < to)
      for (let index = segments.length - 1; index >= 0; index -= 1) {
        const stretch = stretchOf(segments, index, repeated)
        const end = Math.min(stretch.to, to)
        const wall = end > stretch.from ? times.previous(end + stretch.offset) : null
        if (wall === null || wall - stretch.offset < stretch.from) continue
        const at = wall - stretch.offset
        found.unshift(occurrence(at, stretch.mark(at)))
        break
      }
      const last = found.reduce<Occurrence | null>(
        (best, each) => (best === null || each.at > best.at ? each : best),
        null
      )
      if (last !== null && last.at >= from) return last
      const far = times.previous(to + offsetAt(zone, to))
      if (far === null) return last
      to = Math.min(from, far - offsetAt(zone, to) + 2 * reachMs)
    }
    return null
  }

  return {
    next,
    previous,
    passedOver: (from, to) =>
      missingHour !== "skip" || to <= from
        ? []
        : gaps(segmentsBetween(zone, from - reachMs, to)).flatMap(({ at }) =>
            at > from && at <= to ? [at as EpochMillis] : []
          )
  }
}

const ofInterval = ({ anchor, everyMs }: Extract<Timing, { readonly _tag: "Every" }>): Occurrences => ({
  next: (after) => occurrence(anchor + Math.max(0, Math.floor((after - anchor) / everyMs) + 1) * everyMs, "regular"),
  previous: (before) => {
    const count = Math.ceil((before - anchor) / everyMs) - 1
    return count < 0 ? null : occurrence(anchor + count * everyMs, "regular")
  },
  passedOver: () => []
})

/** Reading the expression is the only thing that can fail. */
export const occurrencesOf = (timing: Timing): Result.Result<Occurrences, CronProblem> =>
  timing._tag === "Every"
    ? Result.succeed(ofInterval(timing))
    : Result.map(parseCron(timing.expression), (times) => ofCron(timing, times))

/** The next time a schedule is to be carried out: its rule, between its beginning and its end. */
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
