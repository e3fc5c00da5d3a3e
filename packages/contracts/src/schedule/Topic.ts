/** Public names of what happens to schedules, and what their messages hold. Requests are in none of them. */
import { Schema } from "effect"
import { CorrelationId, EpochMillis, TenantId } from "../Ids.ts"
import { common, ids, minutesLater, topic } from "../topics/topic.ts"
import { Firing, ScheduleFacts, ScheduleId, Skip } from "./Schedule.ts"

const { call: _request, name: scheduleName, pausedReason: _freeText, ...others } = ScheduleFacts.fields

/** A field `name` in a message is a person's. */
const ScheduleTold = Schema.Struct({ scheduleName, ...others })
type ScheduleTold = typeof ScheduleTold.Type

const head = {
  schemaVersion: Schema.Literal(1),
  tenantId: TenantId,
  scheduleId: ScheduleId,
  /** The stream's version, so that a reader can tell which message is newer. */
  version: Schema.Int,
  occurredAt: EpochMillis,
  correlationId: CorrelationId
}
const underRule = { revision: Schema.Int, zone: Schema.String, zoneData: Schema.String }

export const ScheduleChanged = Schema.Struct({ ...head, schedule: ScheduleTold }).annotate({
  identifier: "ScheduleChanged"
})
export type ScheduleChanged = typeof ScheduleChanged.Type

export const ScheduleFired = Schema.Struct({ ...head, ...underRule, firing: Firing }).annotate({
  identifier: "ScheduleFired"
})
export type ScheduleFired = typeof ScheduleFired.Type

export const ScheduleSkipped = Schema.Struct({ ...head, ...underRule, skip: Skip }).annotate({
  identifier: "ScheduleSkipped"
})
export type ScheduleSkipped = typeof ScheduleSkipped.Type

const scheduleId = "0198c0de-0f01-7000-8000-00000000f001" as ScheduleId
const rule = { revision: 1, zone: "Europe/Prague", zoneData: "2026c" }
const firing: Firing = {
  occurrence: { at: minutesLater(60), mark: "regular" },
  cause: "due",
  callId: ids.callId,
  dueAt: minutesLater(60),
  cancels: null
}
const schedule: ScheduleTold = {
  scheduleName: "nightly-report",
  timing: {
    _tag: "Cron",
    expression: "0 10 * * *",
    zone: rule.zone,
    missingHour: "shift",
    repeatedHour: "auto"
  },
  from: null,
  until: null,
  jitterMs: 0,
  offsetMs: 0,
  overlap: "skip",
  missed: { _tag: "Last", windowMs: 3_600_000 },
  doneUntil: minutesLater(0),
  nextAt: minutesLater(60),
  zoneData: rule.zoneData,
  waiting: [],
  lookAt: null,
  looks: 0,
  status: "Active",
  revision: 1,
  last: null,
  fired: 0,
  lastSkip: null,
  createdAt: minutesLater(0),
  updatedAt: minutesLater(0)
}

export const scheduleTopics = {
  "ops.schedule.changed": topic(
    ScheduleChanged,
    "A schedule was made, changed, paused, resumed or deleted, or new zone data moved its next time.",
    { ...common, scheduleId, version: 1, schedule, occurredAt: minutesLater(0) }
  ),
  "ops.schedule.fired": topic(
    ScheduleFired,
    "A time of a schedule came: `firing.callId` is the call that is made of it.",
    {
      ...common,
      ...rule,
      scheduleId,
      version: 2,
      firing,
      occurredAt: minutesLater(60)
    }
  ),
  "ops.schedule.skipped": topic(ScheduleSkipped, "Times of a schedule were left out: `skip.reason` says why.", {
    ...common,
    ...rule,
    scheduleId,
    version: 3,
    skip: { reason: "overlap", first: minutesLater(60), last: minutesLater(60), count: 1 },
    occurredAt: minutesLater(60)
  })
} as const
export type ScheduleTopic = keyof typeof scheduleTopics

/** What the calls of a schedule are tagged with. */
export const scheduleTag = (id: ScheduleId): string => `schedule:${id}`
