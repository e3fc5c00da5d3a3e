/** What is sent to make or change a schedule, and what is answered about one. */
import { Result, Schema } from "effect"
import { NextCursor } from "../api/conventions.ts"
import { RequestToMake, RetryOverrides } from "../api/ServiceCallRequest.ts"
import { Delay, Instant, parseDelay, parseInstant, PlainText, Timestamp, Version } from "../api/Wire.ts"
import { CorrelationId, ServiceCallId } from "../Ids.ts"
import { Flow, maxTags, RequestSummary, RetryPolicy, Tag, TimeoutMs } from "../serviceCall/Spec.ts"
import { Mark, MissingHour, parseCron, RepeatedHour } from "./Timing.ts"
import { maxCaughtUp, Overlap, ScheduleId, ScheduleName, ScheduleStatus, SkipReason } from "./Schedule.ts"
import { canonicalZone } from "./zone.ts"

const duration = (description: string, leastMs: number, mostMs: number, said: string) =>
  Delay.annotate({ description }).check(
    Schema.makeFilter((delay: number | string) => {
      const millis = parseDelay(delay)
      return (millis >= leastMs && millis <= mostMs) || `must be from ${said}`
    })
  )

const dayMs = 86_400_000

export const CronText = Schema.String.annotate({
  description:
    "Minute, hour, day of month, month, day of week; seconds before them if needed; or `@daily` and the like. Names (`MON`, `JAN`), lists, ranges " +
    "and steps; `L`, `W`, `#` and `?` are refused. A day of month and a day of week that are both restricted mean either",
  examples: ["30 2 * * MON-FRI", "@hourly"]
}).check(
  Schema.makeFilter((text: string) => {
    const parsed = parseCron(text)
    return Result.isSuccess(parsed) || parsed.failure.message
  })
)

export const Zone = Schema.String.annotate({
  description: "An IANA time zone; an offset is refused, since it does not say when clocks are changed",
  examples: ["Europe/Prague"]
}).check(
  Schema.makeFilter(
    (name: string) => canonicalZone(name) !== null || "is no IANA time zone such as Europe/Prague; offsets are refused"
  )
)

export const MissedAsked = Schema.Struct({
  policy: Schema.Literals(["skip", "last", "all"]),
  max: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: maxCaughtUp }))).annotate({
    description: "Of `all`: the latest so many; 10 when left out"
  }),
  window: Schema.optionalKey(
    duration("Nothing is made up for that is longer ago; `1h` when left out", 1_000, 366 * dayMs, "1s to 366d")
  )
}).annotate({
  identifier: "MissedAsked",
  description: "What is made up for after a time in which nothing could be done"
})
export type MissedAsked = typeof MissedAsked.Type

const timing = {
  cron: Schema.optionalKey(CronText),
  every: Schema.optionalKey(
    duration("A fixed interval instead: from `from` on, or from now", 1_000, 366 * dayMs, "1s to 366d")
  ),
  missingHour: Schema.optionalKey(
    MissingHour.annotate({ description: "What is done about a time that clocks pass over; `shift` when left out" })
  ),
  repeatedHour: Schema.optionalKey(
    RepeatedHour.annotate({ description: "What is done about a time that clocks show twice; `auto` when left out" })
  ),
  from: Schema.optionalKey(Schema.NullOr(Instant).annotate({ description: "Nothing before" })),
  until: Schema.optionalKey(Schema.NullOr(Instant).annotate({ description: "Nothing after" }))
}

const terms = {
  ...timing,
  name: Schema.optionalKey(Schema.NullOr(ScheduleName)),
  jitter: Schema.optionalKey(
    duration(
      "Each call is due up to so much later, by an amount that stays the same for the schedule",
      0,
      dayMs,
      "0s to 1d"
    )
  ),
  overlap: Schema.optionalKey(
    Overlap.annotate({ description: "While the call before has not ended; `skip` when left out" })
  ),
  missed: Schema.optionalKey(MissedAsked),
  tags: Schema.optionalKey(
    Schema.Array(Tag)
      .check(Schema.isMaxLength(maxTags - 1))
      .annotate({ description: "Of its calls, beside `schedule:<id>`" })
  ),
  flow: Schema.optionalKey(Schema.NullOr(Flow).annotate({ description: "Which flow its calls belong to" })),
  retry: Schema.optionalKey(RetryOverrides),
  timeoutMs: Schema.optionalKey(TimeoutMs)
}

interface Ruled {
  readonly cron?: string
  readonly every?: number | string
  readonly from?: string | null
  readonly until?: string | null
}
const notBoth = ({ cron, every }: Ruled) =>
  cron === undefined || every === undefined || { path: ["every"], issue: "give cron or every, not both" }
const oneOf = ({ cron, every }: Ruled) => cron !== undefined || every !== undefined || "give cron or every"
const inOrder = ({ from, until }: Ruled) =>
  typeof from !== "string" ||
  typeof until !== "string" ||
  parseInstant(from, "up") <= parseInstant(until, "down") || { path: ["until"], issue: "must not be before `from`" }

const request = RequestToMake.annotate({
  description:
    "As of a submission. `{{occurrence.at}}`, `.local`, `.date`, `.epochMs`, `.id` and `{{schedule.id}}` stand for values in the URL, in headers and in the body"
})

export const CreateSchedule = Schema.Struct({ ...terms, zone: Zone, request })
  .check(Schema.makeFilter(notBoth), Schema.makeFilter(oneOf), Schema.makeFilter(inOrder))
  .annotate({ identifier: "CreateSchedule" })
export type CreateSchedule = typeof CreateSchedule.Type

/** What is left out stays. */
export const UpdateSchedule = Schema.Struct({
  ...terms,
  zone: Schema.optionalKey(Zone),
  request: Schema.optionalKey(request)
})
  .check(Schema.makeFilter(notBoth), Schema.makeFilter(inOrder))
  .annotate({ identifier: "UpdateSchedule", description: "What is left out stays; null takes away" })
export type UpdateSchedule = typeof UpdateSchedule.Type

export const PauseSchedule = Schema.Struct({
  reason: Schema.optionalKey(PlainText.check(Schema.isMinCodePoints(1), Schema.isMaxCodePoints(200)))
}).annotate({ identifier: "PauseSchedule" })
export type PauseSchedule = typeof PauseSchedule.Type

export const maxPreview = 100
export const defaultPreview = 10
export const PreviewCount = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: maxPreview }))

export const PreviewSchedule = Schema.Struct({
  ...timing,
  zone: Zone,
  after: Schema.optionalKey(Instant.annotate({ description: "The first ones after this; now when left out" })),
  count: Schema.optionalKey(PreviewCount)
})
  .check(Schema.makeFilter(notBoth), Schema.makeFilter(oneOf), Schema.makeFilter(inOrder))
  .annotate({ identifier: "PreviewSchedule" })
export type PreviewSchedule = typeof PreviewSchedule.Type

const Local = Schema.String.annotate({
  description: "As a clock in the zone shows it, with its offset",
  examples: ["2026-03-29T03:30:00+02:00"]
})

export const Transitions = Schema.Array(
  Schema.Struct({
    at: Timestamp,
    before: Local.annotate({ description: "What clocks would show if they were not changed" }),
    after: Local,
    kind: Schema.Literals(["forward", "back"])
  })
)

export const Preview = Schema.Struct({
  zone: Schema.String,
  zoneData: Schema.String.annotate({ description: "Version of the IANA zone data", examples: ["2026c"] }),
  items: Schema.Array(
    Schema.Struct({
      at: Timestamp,
      local: Local,
      mark: Mark.annotate({
        description:
          "`shifted` and `at_jump` stand for a time that clocks pass over; `first` and `second` look alike on them"
      })
    })
  ),
  transitions: Transitions.annotate({
    description: "When clocks are changed from now to the last item, 20 at the most"
  })
}).annotate({ identifier: "SchedulePreview" })
export type Preview = typeof Preview.Type

/** What a plan to make times of a schedule calls after all finds. */
export const PlannedTimes = Schema.Struct({
  zone: Schema.String,
  zoneData: Schema.String,
  first: Schema.NullOr(Local),
  last: Schema.NullOr(Local),
  missingHour: Schema.NullOr(MissingHour),
  repeatedHour: Schema.NullOr(RepeatedHour),
  passedOver: Schema.Int.annotate({ description: "Times that clocks pass over and that `skip` leaves out" }),
  transitions: Transitions.annotate({ description: "When clocks are changed in between, the first 20" })
}).annotate({ identifier: "PlannedTimes" })
export type PlannedTimes = typeof PlannedTimes.Type

const SkipView = Schema.Struct({
  reason: SkipReason,
  first: Timestamp,
  last: Timestamp,
  count: Schema.NullOr(Schema.Int).annotate({ description: "Null: more than were counted" })
})

const state = {
  id: ScheduleId,
  name: Schema.NullOr(Schema.String),
  status: ScheduleStatus,
  pausedReason: Schema.NullOr(Schema.String),
  cron: Schema.NullOr(Schema.String),
  every: Schema.NullOr(Schema.String),
  zone: Schema.String.annotate({ description: "Under its one name" }),
  missingHour: Schema.NullOr(MissingHour),
  repeatedHour: Schema.NullOr(RepeatedHour),
  from: Schema.NullOr(Timestamp),
  until: Schema.NullOr(Timestamp),
  jitter: Schema.String,
  overlap: Overlap,
  missed: Schema.Struct({
    policy: Schema.Literals(["skip", "last", "all"]),
    max: Schema.NullOr(Schema.Int),
    window: Schema.NullOr(Schema.String)
  }),
  request: RequestSummary,
  tags: Schema.Array(Schema.String),
  flow: Schema.NullOr(Flow),
  retry: RetryPolicy,
  timeoutMs: Schema.Int,
  next: Schema.NullOr(
    Schema.Struct({
      at: Timestamp,
      local: Local,
      dueAt: Timestamp.annotate({ description: "`at` and this schedule's part of the jitter" })
    })
  ),
  waiting: Schema.Int.annotate({ description: "Times that wait for the call before to end" }),
  last: Schema.NullOr(Schema.Struct({ at: Timestamp, callId: ServiceCallId, firedAt: Timestamp })),
  fired: Schema.Int,
  lastSkip: Schema.NullOr(SkipView),
  revision: Schema.Int.annotate({ description: "Grows with every change of what was asked for" }),
  zoneData: Schema.String,
  createdAt: Timestamp,
  updatedAt: Timestamp,
  version: Version,
  links: Schema.Struct({ self: Schema.String, calls: Schema.String, preview: Schema.String })
}

/** The answer to a command: follows from its outcome alone, so that a repeat is answered with the same bytes. */
export const ScheduleState = Schema.Struct(state).annotate({ identifier: "ScheduleState" })
export type ScheduleState = typeof ScheduleState.Type

export const ScheduleView = Schema.Struct({ ...state, correlationId: CorrelationId }).annotate({
  identifier: "Schedule"
})
export type ScheduleView = typeof ScheduleView.Type

export const SchedulePage = Schema.Struct({ items: Schema.Array(ScheduleView), nextCursor: NextCursor }).annotate({
  identifier: "SchedulePage"
})
