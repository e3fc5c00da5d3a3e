/** What a bulk job is: one thing to be done to everything that a filter chose, at a stated rate, in steps that are counted. */
import { Schema } from "effect"
import { CorrelationId, EpochMillis, TenantId, uuid } from "../Ids.ts"
import { DeadLetterId } from "../ports/DeadLetters.ts"
import type { Rules } from "../Rules.ts"
import { ScheduleId } from "../schedule/Schedule.ts"
import { Timing } from "../schedule/Timing.ts"
import { ServiceCallStatus } from "../serviceCall/Command.ts"
import { Origin } from "../serviceCall/Spec.ts"
import type { Fields } from "../specification/Specification.ts"
import { SubscriptionId } from "../subscription/Subscription.ts"
import { common, minutesLater, topic } from "../topics/topic.ts"

/** A bulk job; also the id of its stream. Follows from the plan that was confirmed, so that confirming it twice is one job. */
export const BulkJobId = uuid.pipe(Schema.brand("BulkJobId"))
export type BulkJobId = typeof BulkJobId.Type

/** `Aborting`: the step that was begun is brought to its end. The last two are final. */
export const BulkJobStatus = Schema.Literals(["Running", "Paused", "Aborting", "Aborted", "Completed"])
export type BulkJobStatus = typeof BulkJobStatus.Type

export const BulkAction = Schema.Literals([
  "cancel-calls",
  "move-calls",
  "run-calls",
  "replay-dead-letters",
  "backfill-schedule",
  "redeliver-messages"
])
export type BulkAction = typeof BulkAction.Type

const maybe = <S extends Schema.Top>(schema: S) => Schema.NullOr(schema)

/** Which calls: all that is not null must be so. */
export const CallChoice = Schema.Struct({
  status: ServiceCallStatus,
  tags: Schema.Array(Schema.String),
  dueFrom: maybe(EpochMillis),
  dueTo: maybe(EpochMillis),
  search: maybe(Schema.String)
})
export type CallChoice = typeof CallChoice.Type

/** Which dead letters. `id`: this one. */
export const LetterChoice = Schema.Struct({
  id: maybe(DeadLetterId),
  topic: maybe(Schema.String),
  group: maybe(Schema.String),
  reason: maybe(Schema.String),
  from: maybe(EpochMillis),
  to: maybe(EpochMillis)
})
export type LetterChoice = typeof LetterChoice.Type

/**
 * Which times of a schedule: `from` ≤ time < `to`, by the rule that it had when this was planned. Under another revision they would be other
 * calls, so that what is left is passed over once it is changed.
 */
export const TimesChoice = Schema.Struct({
  scheduleId: ScheduleId,
  revision: Schema.Int,
  timing: Timing,
  from: EpochMillis,
  to: EpochMillis
})
export type TimesChoice = typeof TimesChoice.Type

/** Which messages of a subscription: kept at `from` ≤ time < `to`. */
export const MessagesChoice = Schema.Struct({ subscriptionId: SubscriptionId, from: EpochMillis, to: EpochMillis })
export type MessagesChoice = typeof MessagesChoice.Type

/** What is done, and to what. */
export const BulkWork = Schema.TaggedUnion({
  CancelCalls: { filter: CallChoice },
  /** To a time, or by so many milliseconds from the time each is due at: one of the two. */
  MoveCalls: { filter: CallChoice, to: maybe(EpochMillis), byMs: maybe(Schema.Int) },
  RunCalls: { filter: CallChoice },
  ReplayDeadLetters: { filter: LetterChoice },
  /** Times that have passed become calls after all, the oldest first. */
  BackfillSchedule: { filter: TimesChoice },
  /** Messages that a subscription asks for stand in its line once more, the oldest first. */
  RedeliverMessages: { filter: MessagesChoice }
})
export type BulkWork = typeof BulkWork.Type

export const actionOf = ({ _tag }: BulkWork): BulkAction =>
  (
    ({
      CancelCalls: "cancel-calls",
      MoveCalls: "move-calls",
      RunCalls: "run-calls",
      ReplayDeadLetters: "replay-dead-letters",
      BackfillSchedule: "backfill-schedule",
      RedeliverMessages: "redeliver-messages"
    }) as const
  )[_tag]

/** Items a second. */
export const maxBulkRate = 200
export const defaultBulkRate = 50
export const BulkRate = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: maxBulkRate }))

/** Where the next step begins: after the item with this time and id, newest first; of times and messages the oldest first, messages by their number. */
export const BulkMark = Schema.Struct({ at: EpochMillis, id: Schema.String })
export type BulkMark = typeof BulkMark.Type

/** What a plan found: what is later than `at` is left alone. `exact` false: there were more than it counted. */
export const BulkPlan = Schema.Struct({ at: EpochMillis, count: Schema.Int, exact: Schema.Boolean })
export type BulkPlan = typeof BulkPlan.Type

/** All that is known of a job at one version. */
export const BulkJobFacts = Schema.Struct({
  work: BulkWork,
  plan: BulkPlan,
  rate: BulkRate,
  startedBy: Schema.String,
  status: BulkJobStatus,
  /** Steps that came to their end. */
  steps: Schema.Int,
  after: Schema.NullOr(BulkMark),
  done: Schema.Int,
  failed: Schema.Int,
  /** What had changed meanwhile, or was not there any more. */
  skipped: Schema.Int,
  createdAt: EpochMillis,
  updatedAt: EpochMillis,
  endedAt: Schema.NullOr(EpochMillis)
})
export type BulkJobFacts = typeof BulkJobFacts.Type

const target = { bulkJobId: BulkJobId, at: EpochMillis }
const begun = { work: BulkWork, plan: BulkPlan, rate: BulkRate, startedBy: Schema.String, origin: Origin }
const counted = { done: Schema.Int, failed: Schema.Int, skipped: Schema.Int, after: Schema.NullOr(BulkMark) }

/** What may be asked of a job. */
export const BulkJobCommand = Schema.TaggedUnion({
  StartBulkJob: { ...target, ...begun },
  /** One step came to its end; `step` counts from 1. `last`: there is nothing after it. */
  RecordBulkStep: { ...target, step: Schema.Int, ...counted, last: Schema.Boolean },
  PauseBulkJob: target,
  ResumeBulkJob: target,
  AbortBulkJob: target
})
export type BulkJobCommand = typeof BulkJobCommand.Type

/** Facts about a job. Every case is stored for ever: add cases, never edit one. */
export const BulkJobEvent = Schema.TaggedUnion({
  BulkJobStarted: { ...begun, startedAt: EpochMillis },
  BulkStepRecorded: { step: Schema.Int, ...counted },
  BulkJobPaused: {},
  BulkJobResumed: {},
  BulkJobAbortRequested: {},
  BulkJobAborted: {},
  BulkJobCompleted: {}
})
export type BulkJobEvent = typeof BulkJobEvent.Type

/** What an accepted command is answered with: the job as the command left it. */
export const BulkJobOutcome = Schema.TaggedUnion({
  BulkJobAccepted: { bulkJobId: BulkJobId, job: BulkJobFacts }
})
export type BulkJobOutcome = typeof BulkJobOutcome.Type

const about = { bulkJobId: BulkJobId }

export class BulkJobNotFound extends Schema.TaggedError<BulkJobNotFound>()("BulkJobNotFound", about) {}
/** It has ended, or is about to. */
export class BulkJobOver extends Schema.TaggedError<BulkJobOver>()("BulkJobOver", {
  ...about,
  status: BulkJobStatus
}) {}
/** A step that does not follow the last one that is known. */
export class BulkStepUnexpected extends Schema.TaggedError<BulkStepUnexpected>()("BulkStepUnexpected", {
  ...about,
  step: Schema.Int
}) {}

/** Why the answer to a command about a job is no. Nothing was stored. */
export const BulkJobRejection = Schema.Union([BulkJobNotFound, BulkJobOver, BulkStepUnexpected])
export type BulkJobRejection = typeof BulkJobRejection.Type

export const bulkJobProblems = {
  job_over: { status: 409, title: "The job has come to its end." },
  step_unexpected: { status: 409, title: "The job is at another step." },
  empty_filter: { status: 422, title: "The filter chooses everything." },
  range_too_large: { status: 422, title: "The range holds more than one job may make." },
  plan_invalid: { status: 422, title: "The token is not of a plan that was made here." },
  plan_expired: { status: 422, title: "The plan is too old." }
} as const

/** The read model of a job: one row, in step with the events. */
export interface BulkJobRow extends BulkJobFacts {
  readonly _tag: "BulkJobRow"
  readonly tenantId: TenantId
  readonly bulkJobId: BulkJobId
  readonly version: number
  readonly correlationId: string
}

/** What lists of jobs can be filtered by. */
export const bulkJobFields = {
  action: {
    type: "text",
    read: ({ work }) => work._tag,
    oneOf: Object.keys(BulkWork.cases)
  },
  status: { type: "text", read: ({ status }) => status, oneOf: BulkJobStatus.literals },
  startedBy: { type: "text", read: ({ startedBy }) => startedBy },
  createdAt: { type: "instant", read: ({ createdAt }) => createdAt },
  updatedAt: { type: "instant", read: ({ updatedAt }) => updatedAt },
  endedAt: { type: "instant", read: ({ endedAt }) => endedAt },
  version: { type: "number", read: ({ version }) => version }
} satisfies Fields<BulkJobRow>

/** None: a job stands for itself. */
export const bulkJobRules = { required: [], unique: [], apart: [] } as const satisfies Rules<keyof typeof bulkJobFields>

/** Version 1 of the message on every `ops.bulk-job.*` topic. */
export const BulkJobChanged = Schema.Struct({
  schemaVersion: Schema.Literal(1),
  tenantId: TenantId,
  bulkJobId: BulkJobId,
  /** The stream's version, so that a reader can tell which message is newer. */
  version: Schema.Int,
  job: BulkJobFacts,
  occurredAt: EpochMillis,
  correlationId: CorrelationId
}).annotate({ identifier: "BulkJobChanged" })
export type BulkJobChanged = typeof BulkJobChanged.Type

const job: BulkJobFacts = {
  work: {
    _tag: "RunCalls",
    filter: { status: "Failed", tags: ["invoice"], dueFrom: null, dueTo: null, search: null }
  },
  plan: { at: minutesLater(100), count: 120, exact: true },
  rate: defaultBulkRate,
  startedBy: "operator",
  status: "Running",
  steps: 0,
  after: null,
  done: 0,
  failed: 0,
  skipped: 0,
  createdAt: minutesLater(101),
  updatedAt: minutesLater(101),
  endedAt: null
}
const first: BulkJobChanged = {
  ...common,
  bulkJobId: "6d2b8a4c-1e77-8c3a-9e7f-0f4c2a6e5b1d" as BulkJobId,
  version: 1,
  job,
  occurredAt: minutesLater(101)
}
const later = (version: number, changes: Partial<BulkJobFacts>): BulkJobChanged => ({
  ...first,
  version,
  job: { ...job, ...changes, updatedAt: minutesLater(102) },
  occurredAt: minutesLater(102)
})
const half = { steps: 1, done: 48, skipped: 2 }
const ended = { steps: 3, done: 117, failed: 1, skipped: 2, endedAt: minutesLater(102) }

export const bulkJobTopics = {
  "ops.bulk-job.started": topic(BulkJobChanged, "A plan was confirmed.", first),
  "ops.bulk-job.paused": topic(BulkJobChanged, "A job pauses.", later(3, { ...half, status: "Paused" })),
  "ops.bulk-job.resumed": topic(BulkJobChanged, "A job that paused goes on.", later(4, half)),
  "ops.bulk-job.completed": topic(
    BulkJobChanged,
    "Everything that was chosen has been dealt with, each item in one way or another.",
    later(8, { ...ended, status: "Completed" })
  ),
  "ops.bulk-job.aborted": topic(
    BulkJobChanged,
    "A job was aborted; nothing more is done to what is left.",
    later(5, { ...half, status: "Aborted", endedAt: minutesLater(102) })
  )
} as const
export type BulkJobTopic = keyof typeof bulkJobTopics
