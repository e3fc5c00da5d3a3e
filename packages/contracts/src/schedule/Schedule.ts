/** What a schedule is, that a call is made of again and again; what may be asked of it, what becomes of that, and its read model. */
import { Schema } from "effect"
import { CorrelationId, EpochMillis, ServiceCallId, type TenantId, uuid } from "../Ids.ts"
import type { Rules } from "../Rules.ts"
import { Origin, Spec } from "../serviceCall/Spec.ts"
import type { Fields } from "../specification/Specification.ts"
import { Occurrence, Timing } from "./Timing.ts"

/** A schedule; also the id of its stream. */
export const ScheduleId = uuid.pipe(Schema.brand("ScheduleId"))
export type ScheduleId = typeof ScheduleId.Type

export const ScheduleName = Schema.String.check(
  Schema.isPattern(/^[a-z0-9][a-z0-9-]{0,62}$/u, {
    description: "1 to 63 lower-case letters, digits and -, beginning with a letter or digit"
  })
)

/** `Ended`: its last time has come. The last is final. */
export const ScheduleStatus = Schema.Literals(["Active", "Paused", "Ended", "Deleted"])
export type ScheduleStatus = typeof ScheduleStatus.Type

/**
 * What happens when its time comes while the call before has not ended:
 * - `skip`: nothing, this time;
 * - `queue`: it is made when the one before has ended;
 * - `cancelRunning`: the one before is cancelled;
 * - `allow`: both.
 */
export const Overlap = Schema.Literals(["skip", "queue", "cancelRunning", "allow"])
export type Overlap = typeof Overlap.Type

export const maxCaughtUp = 100

/** What is made up for of times at which nothing could be done, so far as they are not longer ago than the window. */
export const Missed = Schema.TaggedUnion({
  Skip: {},
  Last: { windowMs: Schema.Int },
  All: { max: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: maxCaughtUp })), windowMs: Schema.Int }
})
export type Missed = typeof Missed.Type

/** What is asked of a schedule, but for the request itself. */
export const ScheduleTerms = Schema.Struct({
  name: Schema.NullOr(ScheduleName),
  timing: Timing,
  from: Schema.NullOr(EpochMillis),
  until: Schema.NullOr(EpochMillis),
  jitterMs: Schema.Int,
  /** How much later than its time each call is due: within the jitter, and always the same. */
  offsetMs: Schema.Int,
  overlap: Overlap,
  missed: Missed,
  /** The request's summary still has its templates. */
  call: Spec
})
export type ScheduleTerms = typeof ScheduleTerms.Type

/** Times that wait at the most for the call before to end; of a longer outage no more are made up for. */
export const maxWaiting = 100

/** How far a schedule has come. */
export const Progress = Schema.Struct({
  /** Every time until then has become a call, or was left out; none after it. */
  doneUntil: EpochMillis,
  /** Null: there is none any more. */
  nextAt: Schema.NullOr(EpochMillis),
  /** Version of the zone data that `nextAt` follows from. */
  zoneData: Schema.String,
  /** Times that have come and wait for the call before to end, the oldest first. */
  waiting: Schema.Array(Occurrence).check(Schema.isMaxLength(maxWaiting)),
  /** When it is looked again whether that call has ended, and how often it was. */
  lookAt: Schema.NullOr(EpochMillis),
  looks: Schema.Int
})
export type Progress = typeof Progress.Type

/** Why a time was left out. `changed`: its rule was, before it was carried out. */
export const SkipReason = Schema.Literals(["missed", "overlap", "queue_full", "missing_hour", "paused", "changed"])
export type SkipReason = typeof SkipReason.Type

/** Times that were left out, from the first to the last. */
export const Skip = Schema.Struct({
  reason: SkipReason,
  first: EpochMillis,
  last: EpochMillis,
  /** Null: more than anybody counted. */
  count: Schema.NullOr(Schema.Int)
})
export type Skip = typeof Skip.Type

/** `backfilled`: by a job, after it had been left out, or from before the schedule was made. */
export const FiringCause = Schema.Literals(["due", "caught_up", "waited", "asked", "backfilled"])
export type FiringCause = typeof FiringCause.Type

export const Firing = Schema.Struct({
  occurrence: Occurrence,
  cause: FiringCause,
  callId: ServiceCallId,
  dueAt: EpochMillis,
  /** The call before, which makes room for this one. */
  cancels: Schema.NullOr(ServiceCallId),
  /** Whose cause the call has; left out when it is the schedule's own. */
  correlationId: Schema.optionalKey(CorrelationId)
})
export type Firing = typeof Firing.Type

/** All that is known of a schedule at one version. */
export const ScheduleFacts = Schema.Struct({
  ...ScheduleTerms.fields,
  ...Progress.fields,
  status: ScheduleStatus,
  pausedReason: Schema.NullOr(Schema.String),
  /** Grows with every change of its terms; calls of one time under two revisions are two calls. */
  revision: Schema.Int,
  last: Schema.NullOr(Schema.Struct({ at: EpochMillis, callId: ServiceCallId, firedAt: EpochMillis })),
  fired: Schema.Int,
  lastSkip: Schema.NullOr(Skip),
  createdAt: EpochMillis,
  updatedAt: EpochMillis
})
export type ScheduleFacts = typeof ScheduleFacts.Type

/** Whether this time will be carried out, or left out, without anybody's doing. */
export const comesByItself = (
  { doneUntil, status, waiting }: Pick<ScheduleFacts, "doneUntil" | "status" | "waiting">,
  at: number
): boolean => status === "Active" && (at > doneUntil || waiting.some((waits) => waits.at === at))

const target = { scheduleId: ScheduleId, at: EpochMillis }

/** What may be asked of a schedule. What follows from a rule and the zone data is in the command, so that deciding needs neither. */
export const ScheduleCommand = Schema.TaggedUnion({
  CreateSchedule: {
    ...target,
    terms: ScheduleTerms,
    progress: Progress,
    /** The whole request, as the vault sealed it. */
    sealed: Schema.String,
    fingerprint: Schema.NullOr(Schema.String),
    origin: Origin
  },
  /** `revision`: what the new terms were made from. Without `sealed` the request stays. */
  UpdateSchedule: {
    ...target,
    revision: Schema.Int,
    terms: ScheduleTerms,
    progress: Progress,
    sealed: Schema.NullOr(Schema.String)
  },
  PauseSchedule: { ...target, reason: Schema.NullOr(Schema.String) },
  ResumeSchedule: { ...target, revision: Schema.Int, progress: Progress, skipped: Schema.NullOr(Skip) },
  /** Once, now, whatever its rule, its state and its policies say. */
  RunSchedule: { ...target, callId: ServiceCallId },
  /** A time that has passed becomes a call after all; nothing for one that still comes by itself. */
  BackfillSchedule: {
    ...target,
    revision: Schema.Int,
    occurrence: Occurrence,
    callId: ServiceCallId,
    correlationId: CorrelationId
  },
  DeleteSchedule: target,
  /** Its time has come, or the zone data moved it. Nothing unless it is as it was looked at. */
  AdvanceSchedule: {
    ...target,
    revision: Schema.Int,
    doneUntil: EpochMillis,
    skips: Schema.Array(Skip),
    firings: Schema.Array(Firing),
    progress: Progress
  }
})
export type ScheduleCommand = typeof ScheduleCommand.Type

/** Facts about a schedule. Every case is stored for ever: add cases, never edit one. */
export const ScheduleEvent = Schema.TaggedUnion({
  ScheduleCreated: {
    terms: ScheduleTerms,
    progress: Progress,
    createdAt: EpochMillis,
    fingerprint: Schema.NullOr(Schema.String),
    origin: Origin
  },
  ScheduleUpdated: { terms: ScheduleTerms, progress: Progress },
  SchedulePaused: { reason: Schema.NullOr(Schema.String) },
  ScheduleResumed: { progress: Progress },
  ScheduleDeleted: {},
  ScheduleFired: { firing: Firing, progress: Progress },
  OccurrencesSkipped: { skip: Skip, progress: Progress },
  /** A time waits on: the call before has not ended. */
  ScheduleWaited: { progress: Progress },
  /** Other zone data, other next time. */
  ScheduleMoved: { previousAt: Schema.NullOr(EpochMillis), previousZoneData: Schema.String, progress: Progress }
})
export type ScheduleEvent = typeof ScheduleEvent.Type

/** What an accepted command is answered with: the schedule as the command left it. */
export const ScheduleOutcome = Schema.TaggedUnion({
  ScheduleAccepted: { scheduleId: ScheduleId, schedule: ScheduleFacts }
})
export type ScheduleOutcome = typeof ScheduleOutcome.Type

const about = { scheduleId: ScheduleId }

export class ScheduleNotFound extends Schema.TaggedError<ScheduleNotFound>()("ScheduleNotFound", about) {}
/** The id was derived from a key that once named another request. */
export class ScheduleIdTaken extends Schema.TaggedError<ScheduleIdTaken>()("ScheduleIdTaken", about) {}
export class ScheduleIsDeleted extends Schema.TaggedError<ScheduleIsDeleted>()("ScheduleIsDeleted", about) {}
/** Its terms were changed while this change was made from those before. */
export class ScheduleRevised extends Schema.TaggedError<ScheduleRevised>()("ScheduleRevised", {
  ...about,
  revision: Schema.Int
}) {}

/** Why the answer to a command about a schedule is no. Nothing was stored. */
export const ScheduleRejection = Schema.Union([ScheduleNotFound, ScheduleIdTaken, ScheduleIsDeleted, ScheduleRevised])
export type ScheduleRejection = typeof ScheduleRejection.Type

export const scheduleProblems = {
  schedule_deleted: { status: 409, title: "The schedule is deleted for good." },
  schedule_revised: { status: 409, title: "The schedule was changed at the same time." }
} as const

/** The read model of a schedule: one row, in step with the events. */
export interface ScheduleRow extends ScheduleFacts {
  readonly _tag: "ScheduleRow"
  readonly tenantId: TenantId
  readonly scheduleId: ScheduleId
  readonly version: number
  readonly correlationId: string
  /** When it must be looked at again; null when nothing is to be done by itself. */
  readonly wakeAt: EpochMillis | null
}

/** What lists of schedules can be filtered by. */
export const scheduleFields = {
  name: { type: "text", read: ({ name }) => name },
  status: { type: "text", read: ({ status }) => status, oneOf: ScheduleStatus.literals },
  zone: { type: "text", read: ({ timing }) => timing.zone },
  nextAt: { type: "instant", read: ({ nextAt }) => nextAt },
  createdAt: { type: "instant", read: ({ createdAt }) => createdAt },
  updatedAt: { type: "instant", read: ({ updatedAt }) => updatedAt },
  version: { type: "number", read: ({ version }) => version }
} satisfies Fields<ScheduleRow>

/** None: schedules have nothing to do with each other. */
export const scheduleRules = { required: [], unique: [], apart: [] } as const satisfies Rules<
  keyof typeof scheduleFields
>
