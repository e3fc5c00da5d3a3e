/** The HTTP operations on schedules, with an example of each. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import {
  conditional,
  conditionalRead,
  created,
  described,
  filtered,
  idempotent,
  idParameter,
  paged,
  parameter,
  readAnswers,
  written
} from "../api/conventions.ts"
import type { OperationParts } from "../api/OperationParts.ts"
import type { CorrelationId, ServiceCallId } from "../Ids.ts"
import { defaultRetryPolicy, defaultTimeoutMs } from "../serviceCall/Spec.ts"
import { ScheduleId, ScheduleName, ScheduleStatus } from "./Schedule.ts"
import {
  CreateSchedule,
  defaultPreview,
  maxPreview,
  PauseSchedule,
  Preview,
  PreviewCount,
  PreviewSchedule,
  SchedulePage,
  ScheduleState,
  ScheduleView,
  UpdateSchedule
} from "./ScheduleBodies.ts"

const id = "7b1e9c04-6a2f-8d35-b8c1-4f0e2d7a9c63" as ScheduleId
const callId = "0f4c2a6e-5b1d-8c3a-9e7f-2d6b8a4c1e05" as ServiceCallId
const url = "https://example.com/reports?day={{occurrence.date}}"

const creation: CreateSchedule = {
  name: "nightly-report",
  cron: "30 2 * * *",
  zone: "Europe/Prague",
  missed: { policy: "last", window: "6h" },
  request: { method: "POST", url, body: { at: "{{occurrence.at}}" } }
}
const first: ScheduleState = {
  id,
  name: "nightly-report",
  status: "Active",
  pausedReason: null,
  cron: "30 2 * * *",
  every: null,
  zone: "Europe/Prague",
  missingHour: "shift",
  repeatedHour: "auto",
  from: null,
  until: null,
  jitter: "PT0S",
  overlap: "skip",
  missed: { policy: "last", max: null, window: "PT6H" },
  request: {
    method: "POST",
    url,
    headers: { "content-type": "application/json" },
    bodyBytes: 28,
    bodySnippet: '{"at":"{{occurrence.at}}"}'
  },
  tags: [],
  flow: null,
  retry: defaultRetryPolicy,
  timeoutMs: defaultTimeoutMs,
  next: { at: "2026-03-29T01:30:00.000Z", local: "2026-03-29T03:30:00+02:00", dueAt: "2026-03-29T01:30:00.000Z" },
  waiting: 0,
  last: null,
  fired: 0,
  lastSkip: null,
  revision: 1,
  zoneData: "2026c",
  createdAt: "2026-03-28T09:00:00.000Z",
  updatedAt: "2026-03-28T09:00:00.000Z",
  version: 1,
  links: {
    self: `/v1/schedules/${id}`,
    calls: `/v1/service-calls?tag=schedule:${id}`,
    preview: `/v1/schedules/${id}/preview`
  }
}
const schedule: ScheduleView = { ...first, correlationId: "1y2p0ij32e8e7" as CorrelationId }
const paused: ScheduleState = { ...first, status: "Paused", pausedReason: "the reports move", next: null, version: 2 }
const preview: Preview = {
  zone: "Europe/Prague",
  zoneData: "2026c",
  items: [
    { at: "2026-03-29T01:30:00.000Z", local: "2026-03-29T03:30:00+02:00", mark: "shifted" },
    { at: "2026-03-30T00:30:00.000Z", local: "2026-03-30T02:30:00+02:00", mark: "regular" }
  ],
  transitions: [
    {
      at: "2026-03-29T01:00:00.000Z",
      before: "2026-03-29T02:00:00+01:00",
      after: "2026-03-29T03:00:00+02:00",
      kind: "forward"
    }
  ]
}

const about = { params: { id: idParameter(ScheduleId) }, headers: conditional }
const answered = HttpApiSchema.WithHeaders(ScheduleState, written)

export const scheduleOperations = (parts: OperationParts) => {
  const {
    BearerAuth,
    ChecksAttributes,
    bodyErrors,
    commandErrors,
    CountedAs,
    creationErrors,
    problems,
    RateLimit,
    RequestChecks,
    RequiredScope
  } = parts
  const withBody = [...commandErrors, problems.UnsupportedMediaType] as const

  const create = HttpApiEndpoint.post("create", "/", {
    headers: idempotent,
    payload: CreateSchedule,
    success: HttpApiSchema.WithHeaders(ScheduleState.pipe(HttpApiSchema.status(201)), created),
    error: creationErrors
  })
    .annotate(RequiredScope, "ops:schedules.write")
    .annotate(ChecksAttributes, true)
    .annotateMerge(
      described(
        "Make a schedule",
        "Of each of its times a service call is made, whose id follows from schedule, revision and time. Under an `Idempotency-Key` the schedule's " +
          "id follows from tenant and key.",
        { request: creation, 201: first }
      )
    )

  const previewNew = HttpApiEndpoint.post("previewNew", "/preview", {
    payload: PreviewSchedule,
    success: Preview,
    error: bodyErrors
  })
    .annotate(RequiredScope, "ops:schedules.read")
    .annotate(ChecksAttributes, true)
    .annotateMerge(
      described("The next times of a rule that is not kept", "Nothing is stored.", {
        request: { cron: "30 2 * * *", zone: "Europe/Prague", after: "2026-03-28T12:00:00Z", count: 2 },
        200: preview
      })
    )

  const list = HttpApiEndpoint.get("list", "/", {
    query: {
      ...paged,
      ...filtered,
      name: parameter(Schema.optionalKey(ScheduleName), "Only those with this name"),
      status: parameter(Schema.optionalKey(ScheduleStatus), "Only those in this state; left out, all but deleted ones")
    },
    success: SchedulePage,
    error: problems.Unavailable
  })
    .annotate(RequiredScope, "ops:schedules.read")
    .annotate(ChecksAttributes, true)
    .annotateMerge(
      described("List schedules, newest first", "Filters are joined by *and*.", {
        200: { items: [schedule], nextCursor: null }
      })
    )

  const get = HttpApiEndpoint.get("get", "/:id", {
    params: about.params,
    ...conditionalRead,
    success: readAnswers(ScheduleView),
    error: [problems.NotFound, problems.Unavailable]
  })
    .annotate(RequiredScope, "ops:schedules.read")
    .annotateMerge(
      described("One schedule", "304 when `If-None-Match` names the version. With `asOf` as it was then.", {
        200: schedule
      })
    )

  const previewOf = HttpApiEndpoint.get("preview", "/:id/preview", {
    params: about.params,
    query: {
      count: parameter(Schema.optionalKey(PreviewCount), "How many", {
        type: "integer",
        minimum: 1,
        maximum: maxPreview,
        default: defaultPreview
      })
    },
    success: Preview,
    error: [problems.NotFound, problems.Unavailable]
  })
    .annotate(RequiredScope, "ops:schedules.read")
    .annotateMerge(described("The next times of a schedule", "Also while it is paused.", { 200: preview }))

  const update = HttpApiEndpoint.patch("update", "/:id", {
    ...about,
    payload: UpdateSchedule,
    success: answered,
    error: withBody
  })
    .annotate(RequiredScope, "ops:schedules.write")
    .annotateMerge(
      described(
        "Change a schedule",
        "What is left out stays. Times that had come and had not become calls are left out, as `changed`. One that had ended goes on if its rule now " +
          "has a next time.",
        { request: { cron: "0 4 * * *" }, 200: { ...first, cron: "0 4 * * *", revision: 2, version: 2 } }
      )
    )

  const pause = HttpApiEndpoint.post("pause", "/:id/pause", {
    ...about,
    payload: PauseSchedule,
    success: answered,
    error: withBody
  })
    .annotate(RequiredScope, "ops:schedules.write")
    .annotateMerge(
      described("Pause a schedule", "Calls that were made of it already stay. An empty body means `{}`.", {
        request: { reason: "the reports move" },
        200: paused
      })
    )

  const resume = HttpApiEndpoint.post("resume", "/:id/resume", { ...about, success: answered, error: commandErrors })
    .annotate(RequiredScope, "ops:schedules.write")
    .annotateMerge(
      described("Resume a schedule", "Times that came meanwhile are left out, as `paused`.", {
        200: { ...first, version: 3 }
      })
    )

  const run = HttpApiEndpoint.post("run", "/:id/run", { ...about, success: answered, error: commandErrors })
    .annotate(RequiredScope, "ops:schedules.write")
    .annotateMerge(
      described(
        "Make its call now",
        "Once, whatever its rule, its state and its policies say; `last.callId` is the call.",
        {
          200: {
            ...first,
            last: { at: "2026-03-28T10:00:00.000Z", callId, firedAt: "2026-03-28T10:00:00.000Z" },
            fired: 1,
            version: 2
          }
        }
      )
    )

  const remove = HttpApiEndpoint.delete("remove", "/:id", { ...about, success: answered, error: commandErrors })
    .annotate(RequiredScope, "ops:schedules.write")
    .annotateMerge(
      described("Delete a schedule", "For good, and its request is erased. Calls that were made of it already stay.", {
        200: { ...first, status: "Deleted", next: null, version: 2 }
      })
    )

  return HttpApiGroup.make("schedules")
    .add(create, update, pause, resume, run, remove)
    .middleware(RateLimit)
    .add(list, get, previewNew, previewOf)
    .prefix("/v1/schedules")
    .middleware(RequestChecks)
    .middleware(BearerAuth)
    .annotate(CountedAs, "schedules")
    .annotateMerge(
      OpenApi.annotations({
        title: "Schedules",
        description: "Calls that come again: by a cron expression in a time zone, or at a fixed interval."
      })
    )
}
