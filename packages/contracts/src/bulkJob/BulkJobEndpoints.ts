/** The HTTP operations on bulk jobs: a plan that touches nothing, the job that follows from its token, and how it goes on. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import type { AccessScope } from "../api/Access.ts"
import {
  conditional,
  conditionalRead,
  created,
  described,
  filtered,
  idParameter,
  NextCursor,
  paged,
  parameter,
  readAnswers,
  written
} from "../api/conventions.ts"
import type { OperationParts } from "../api/OperationParts.ts"
import { Instant, parseDelay, StorableText, Timestamp, Version } from "../api/Wire.ts"
import { CorrelationId } from "../Ids.ts"
import { ScheduleId } from "../schedule/Schedule.ts"
import { PlannedTimes } from "../schedule/ScheduleBodies.ts"
import { SubscriptionId } from "../subscription/Subscription.ts"
import { ServiceCallStatus } from "../serviceCall/Command.ts"
import { Tags } from "../serviceCall/Spec.ts"
import { BulkAction, BulkJobId, BulkJobStatus, BulkRate, defaultBulkRate, maxBulkRate } from "./BulkJob.ts"

const Word = StorableText.check(Schema.isMinCodePoints(1), Schema.isMaxCodePoints(200))

const callFilter = {
  status: Schema.optionalKey(ServiceCallStatus),
  tags: Schema.optionalKey(Tags),
  dueFrom: Schema.optionalKey(Instant),
  dueTo: Schema.optionalKey(Instant),
  q: Schema.optionalKey(Word.annotate({ description: "Part of the URL, in either case" }))
}
const letterFilter = {
  topic: Schema.optionalKey(Word),
  group: Schema.optionalKey(Word.annotate({ description: "`outbox` for what never reached the bus" })),
  reason: Schema.optionalKey(Word.annotate({ description: "Part of the last reason, in either case" })),
  from: Schema.optionalKey(
    Instant.annotate({ description: "Given up at or after; of times and messages at or after" })
  ),
  to: Schema.optionalKey(Instant.annotate({ description: "Given up before; of times and messages before" }))
}
const { from, to } = letterFilter
const timesFilter = { schedule: Schema.optionalKey(ScheduleId), from, to }
const messagesFilter = { subscription: Schema.optionalKey(SubscriptionId), from, to }

/** As the lists of calls and of dead letters are filtered. */
export const BulkFilter = Schema.Struct({ ...callFilter, ...letterFilter, ...timesFilter, ...messagesFilter }).annotate(
  {
    identifier: "BulkFilter",
    description:
      "Of calls `status`, `tags`, `dueFrom`, `dueTo`, `q`; of dead letters `topic`, `group`, `reason`, `from`, `to`; of a schedule `schedule`, and of a " +
      "subscription `subscription`, each with `from` and `to`, all three. All that are given must be so; at least one has to be"
  }
)
export type BulkFilter = typeof BulkFilter.Type

const maxShiftMs = 3_653 * 86_400_000

const Shift = Schema.String.annotate({
  description: "How much later than now each is due: `30m`, `2h`, `1d`, ISO 8601"
}).check(
  Schema.isMaxCodePoints(40).abort(),
  Schema.makeFilter((text: string) => {
    const by = parseDelay(text)
    return (by > 0 && by <= maxShiftMs) || "is not a duration above zero, e.g. 30m, 2h or 1d"
  })
)

const namesOf = (action: BulkAction): ReadonlyArray<string> =>
  Object.keys(
    { "replay-dead-letters": letterFilter, "backfill-schedule": timesFilter, "redeliver-messages": messagesFilter }[
      String(action)
    ] ?? callFilter
  )

/** What a job's starter needs beside `ops:jobs.write`: a job does what its starter may do. */
export const actionScopes = {
  "cancel-calls": "ops:calls.write",
  "move-calls": "ops:calls.write",
  "run-calls": "ops:calls.write",
  "replay-dead-letters": "ops:dead-letters.write",
  "backfill-schedule": "ops:schedules.write",
  "redeliver-messages": "ops:subscriptions.write"
} as const satisfies Readonly<Record<BulkAction, AccessScope>>

export const PlanBulkJob = Schema.Struct({
  action: BulkAction,
  filter: BulkFilter,
  moveTo: Schema.optionalKey(Instant.annotate({ description: "When all of them are to be due" })),
  moveBy: Schema.optionalKey(Shift)
})
  .check(
    Schema.makeFilter(({ action, filter }) => {
      const stranger = Object.keys(filter).find((name) => !namesOf(action).includes(name))
      return (
        stranger === undefined || {
          path: ["filter", stranger],
          issue: `says nothing to ${action}: give ${namesOf(action).join(", ")}`
        }
      )
    }),
    Schema.makeFilter(({ action, filter }) => {
      const needed = action === "backfill-schedule" || action === "redeliver-messages" ? namesOf(action) : []
      const missing = needed.find((name) => !Object.hasOwn(filter, name))
      return missing === undefined || { path: ["filter", missing], issue: `${action} needs ${needed.join(", ")}` }
    }),
    Schema.makeFilter(({ action, moveBy, moveTo }) => {
      const given = (moveTo === undefined ? 0 : 1) + (moveBy === undefined ? 0 : 1)
      if (action === "move-calls")
        return given === 1 || { path: ["moveTo"], issue: "give moveTo or moveBy, one of them" }
      return given === 0 || { path: [moveTo === undefined ? "moveBy" : "moveTo"], issue: "belongs to move-calls" }
    })
  )
  .annotate({ identifier: "PlanBulkJob" })
export type PlanBulkJob = typeof PlanBulkJob.Type

const Counted = Schema.Array(Schema.Struct({ name: Schema.String, count: Schema.Int }))

/** Of a plan's items the first ones, and names by which they are counted. */
export const sampleSize = 10
export const namesCounted = 20
/** A plan counts so many, and what it is good for. */
export const maxPlanned = 10_000
export const planMs = 15 * 60_000

const Sample = Schema.Struct({
  id: Schema.String,
  target: Schema.String,
  reason: Schema.NullOr(Schema.String),
  links: Schema.Struct({ self: Schema.String })
})

export const BulkPlanView = Schema.Struct({
  action: BulkAction,
  count: Schema.Int,
  exact: Schema.Boolean.annotate({
    description: `False when there are more than were counted: ${maxPlanned}, or as many as could be in 5 s. The job does all of them`
  }),
  sample: Schema.Array(Sample).annotate({
    description: `The newest ${sampleSize}; of times the first, \`target\` as a clock shows them and \`reason\` where clocks are changed`
  }),
  byTarget: Counted.annotate({
    description: "Hosts of calls, groups of dead letters, topics of messages; the most frequent first"
  }),
  byReason: Counted.annotate({
    description: "Why they failed, or what the change of clocks makes of times; the most frequent first"
  }),
  times: Schema.optionalKey(PlannedTimes),
  plannedAt: Timestamp,
  expiresAt: Timestamp,
  token: Schema.String.annotate({ description: "Starts the job, once" })
}).annotate({ identifier: "BulkPlan" })
export type BulkPlanView = typeof BulkPlanView.Type

export const StartBulkJob = Schema.Struct({
  token: Schema.String.check(Schema.isMinCodePoints(1), Schema.isMaxCodePoints(20_000)),
  rate: Schema.optionalKey(
    BulkRate.annotate({ description: `Items a second, ${defaultBulkRate} when left out, ${maxBulkRate} at the most` })
  )
}).annotate({ identifier: "StartBulkJob" })
export type StartBulkJob = typeof StartBulkJob.Type

const links = Schema.Struct({ self: Schema.String, items: Schema.String })

const state = {
  id: BulkJobId,
  action: BulkAction,
  filter: BulkFilter,
  deadLetter: Schema.NullOr(Schema.String).annotate({
    description: "The one dead letter that is replayed, where it was one"
  }),
  moveTo: Schema.NullOr(Timestamp),
  moveBy: Schema.NullOr(Schema.String),
  status: BulkJobStatus,
  rate: BulkRate,
  startedBy: Schema.String,
  plan: Schema.Struct({ at: Timestamp, count: Schema.Int, exact: Schema.Boolean }).annotate({
    description: "What is later than `at` is left alone"
  }),
  progress: Schema.Struct({
    done: Schema.Int,
    failed: Schema.Int,
    skipped: Schema.Int.annotate({ description: "Changed since they were looked at, or gone" })
  }),
  createdAt: Timestamp,
  updatedAt: Timestamp,
  endedAt: Schema.NullOr(Timestamp),
  version: Version,
  links
}

/** The answer to a command. */
export const BulkJobState = Schema.Struct(state).annotate({ identifier: "BulkJobState" })
export type BulkJobState = typeof BulkJobState.Type

export const BulkJobView = Schema.Struct({ ...state, correlationId: CorrelationId }).annotate({ identifier: "BulkJob" })
export type BulkJobView = typeof BulkJobView.Type

const BulkJobPage = Schema.Struct({ items: Schema.Array(BulkJobView), nextCursor: NextCursor }).annotate({
  identifier: "BulkJobPage"
})

export const ItemOutcome = Schema.Literals(["pending", "done", "failed", "skipped"])
export type ItemOutcome = typeof ItemOutcome.Type

export const BulkJobItem = Schema.Struct({
  id: Schema.String,
  outcome: ItemOutcome,
  detail: Schema.NullOr(Schema.String).annotate({ description: "Why not, where it was not done" }),
  links: Schema.Struct({ self: Schema.String })
}).annotate({ identifier: "BulkJobItem" })
export type BulkJobItem = typeof BulkJobItem.Type

const BulkJobItemPage = Schema.Struct({ items: Schema.Array(BulkJobItem), nextCursor: NextCursor }).annotate({
  identifier: "BulkJobItemPage"
})

const id = "6d2b8a4c-1e77-8c3a-9e7f-0f4c2a6e5b1d" as BulkJobId
const callId = "0f4c2a6e-5b1d-8c3a-9e7f-2d6b8a4c1e05"
const at = "2026-01-31T09:40:00.000Z"
const planning: PlanBulkJob = { action: "run-calls", filter: { status: "Failed", tags: ["invoice"] } }
const plan: BulkPlanView = {
  action: "run-calls",
  count: 120,
  exact: true,
  sample: [
    {
      id: callId,
      target: "https://example.com",
      reason: "http_status",
      links: { self: `/v1/service-calls/${callId}` }
    }
  ],
  byTarget: [{ name: "https://example.com", count: 120 }],
  byReason: [
    { name: "http_status", count: 118 },
    { name: "timeout", count: 2 }
  ],
  plannedAt: at,
  expiresAt: "2026-01-31T09:55:00.000Z",
  token: "eyJhdCI6MTc2OTg1MjQwMDAwMH0.AAABnBN2"
}
export const bulkJobExample: BulkJobState = {
  id,
  action: "run-calls",
  filter: { status: "Failed", tags: ["invoice"] },
  deadLetter: null,
  moveTo: null,
  moveBy: null,
  status: "Running",
  rate: 50,
  startedBy: "operator",
  plan: { at, count: 120, exact: true },
  progress: { done: 0, failed: 0, skipped: 0 },
  createdAt: "2026-01-31T09:41:00.000Z",
  updatedAt: "2026-01-31T09:41:00.000Z",
  endedAt: null,
  version: 1,
  links: { self: `/v1/jobs/${id}`, items: `/v1/jobs/${id}/items` }
}
const job: BulkJobView = { ...bulkJobExample, correlationId: "1y2p0ij32e8e7" as CorrelationId }

const params = { id: idParameter(BulkJobId) }

export const bulkJobOperations = (parts: OperationParts) => {
  const {
    BearerAuth,
    ChecksAttributes,
    bodyErrors,
    commandErrors,
    CountedAs,
    problems,
    RateLimit,
    RequestChecks,
    RequiredScope
  } = parts
  const change = <const Name extends "pause" | "resume" | "abort">(
    name: Name,
    summary: string,
    about: string,
    after: BulkJobStatus
  ) =>
    HttpApiEndpoint.post(name, `/:id/${name}`, {
      params,
      headers: conditional,
      success: HttpApiSchema.WithHeaders(BulkJobState, written),
      error: commandErrors
    })
      .annotate(RequiredScope, "ops:jobs.write")
      .annotateMerge(described(summary, about, { 200: { ...bulkJobExample, status: after, version: 2 } }))

  const planJob = HttpApiEndpoint.post("plan", "/plan", {
    payload: PlanBulkJob,
    success: BulkPlanView,
    error: [...bodyErrors, problems.Forbidden, problems.Unavailable]
  })
    .annotate(RequiredScope, "ops:jobs.write")
    .annotate(ChecksAttributes, true)
    .annotateMerge(
      described(
        "See what a job would do",
        "Touches nothing. Counts what the filter chooses, and gives a token that starts the job within 15 minutes. An empty filter is refused, and so " +
          `are more than ${maxPlanned} times of a schedule. Needs the scope for the change too: \`ops:calls.write\`, \`ops:dead-letters.write\`, ` +
          "`ops:schedules.write`, `ops:subscriptions.write`.",
        { request: planning, 200: plan }
      )
    )

  const start = HttpApiEndpoint.post("start", "/", {
    payload: StartBulkJob,
    success: HttpApiSchema.WithHeaders(BulkJobState.pipe(HttpApiSchema.status(201)), created),
    error: [...bodyErrors, ...commandErrors, problems.Forbidden]
  })
    .annotate(RequiredScope, "ops:jobs.write")
    .annotate(ChecksAttributes, true)
    .annotateMerge(
      described(
        "Start a job from a plan",
        "The same token again is the same job. What was made after the plan is left alone, and what changed since it was looked at is skipped. " +
          "A tenant's jobs run one after the other.",
        { request: { token: plan.token, rate: 50 }, 201: bulkJobExample }
      )
    )

  const list = HttpApiEndpoint.get("list", "/", {
    query: {
      ...paged,
      ...filtered,
      status: parameter(Schema.optionalKey(BulkJobStatus), "Only those in this state")
    },
    success: BulkJobPage,
    error: problems.Unavailable
  })
    .annotate(RequiredScope, "ops:jobs.read")
    .annotate(ChecksAttributes, true)
    .annotateMerge(
      described("List jobs, newest first", "Filters are joined by *and*.", { 200: { items: [job], nextCursor: null } })
    )

  const get = HttpApiEndpoint.get("get", "/:id", {
    params,
    ...conditionalRead,
    success: readAnswers(BulkJobView),
    error: [problems.NotFound, problems.Unavailable]
  })
    .annotate(RequiredScope, "ops:jobs.read")
    .annotateMerge(described("One job and how far it is", "304 when `If-None-Match` names the version.", { 200: job }))

  const items = HttpApiEndpoint.get("items", "/:id/items", {
    params,
    query: { ...paged, outcome: parameter(Schema.optionalKey(ItemOutcome), "Only those it came to this with") },
    success: BulkJobItemPage,
    error: [problems.NotFound, problems.Unavailable]
  })
    .annotate(RequiredScope, "ops:jobs.read")
    .annotateMerge(
      described(
        "What became of each item",
        "In the order in which they were dealt with; those not yet reached are not among them.",
        {
          200: {
            items: [{ id: callId, outcome: "done", detail: null, links: { self: `/v1/service-calls/${callId}` } }],
            nextCursor: null
          }
        }
      )
    )

  return HttpApiGroup.make("jobs")
    .add(
      planJob,
      start,
      change(
        "pause",
        "Let a job pause",
        "A step that was begun, a second's worth of items, comes to its end.",
        "Paused"
      ),
      change("resume", "Let a paused job go on", "From where it was.", "Running"),
      change(
        "abort",
        "Abort a job",
        "For good. `Aborting` until the step that was begun has ended; then nothing more is touched.",
        "Aborting"
      )
    )
    .middleware(RateLimit)
    .add(list, get, items)
    .prefix("/v1/jobs")
    .middleware(RequestChecks)
    .middleware(BearerAuth)
    .annotate(CountedAs, "jobs")
    .annotateMerge(
      OpenApi.annotations({
        title: "Jobs",
        description:
          "One thing done to all that a filter chooses: planned first, then done at a rate, with a result for each item."
      })
    )
}
