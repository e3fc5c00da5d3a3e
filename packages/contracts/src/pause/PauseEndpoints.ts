/** The HTTP operations on pauses: what is sent, what is answered, and an example of each. */
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
  NextCursor,
  paged,
  parameter,
  readAnswers,
  written
} from "../api/conventions.ts"
import type { OperationParts } from "../api/OperationParts.ts"
import { Timestamp, Version } from "../api/Wire.ts"
import { CorrelationId } from "../Ids.ts"
import { maxPauses, PauseId, PauseOf, PauseReason, PauseStatus, ReleaseRate } from "./Pause.ts"

export const CreatePause = Schema.Struct({
  of: PauseOf.annotate({ description: "Which calls wait: all of the tenant, or those of one target, flow or tag" }),
  key: Schema.optionalKey(
    Schema.String.check(Schema.isMinCodePoints(1), Schema.isMaxCodePoints(300)).annotate({
      description:
        "The target's origin (`https://api.example.com`) or host, the key of the flow, or the tag; left out for the tenant"
    })
  ),
  reason: PauseReason.annotate({ description: "Shown with every call that waits for it" })
}).annotate({ identifier: "CreatePause" })
export type CreatePause = typeof CreatePause.Type

export const ResumePause = Schema.Struct({
  releasePerSecond: Schema.optionalKey(
    ReleaseRate.annotate({
      description:
        "How many of the calls that waited start in a second, of all processes together; left out, all at once"
    })
  )
}).annotate({ identifier: "ResumePause" })

const state = {
  id: PauseId,
  of: PauseOf,
  key: Schema.NullOr(Schema.String).annotate({ description: "Null for the whole tenant" }),
  reason: Schema.String,
  pausedBy: Schema.String,
  status: PauseStatus,
  resumedAt: Schema.NullOr(Timestamp),
  resumedBy: Schema.NullOr(Schema.String),
  releasePerSecond: Schema.NullOr(Schema.Finite).annotate({
    description: "Null while it holds, and when all go at once"
  }),
  createdAt: Timestamp,
  updatedAt: Timestamp,
  version: Version,
  links: Schema.Struct({ self: Schema.String })
}

/** The answer to a command. */
export const PauseState = Schema.Struct(state).annotate({ identifier: "PauseState" })
export type PauseState = typeof PauseState.Type

export const PauseView = Schema.Struct({ ...state, correlationId: CorrelationId }).annotate({ identifier: "Pause" })
export type PauseView = typeof PauseView.Type

const PausePage = Schema.Struct({ items: Schema.Array(PauseView), nextCursor: NextCursor }).annotate({
  identifier: "PausePage"
})

const id = "7a1f5a90-7b2e-8d44-b6a1-0e9d2c7f4b13" as PauseId
const reason = "they are moving to another data centre"
const first: PauseState = {
  id,
  of: "target",
  key: "api.example.com",
  reason,
  pausedBy: "operator",
  status: "Active",
  resumedAt: null,
  resumedBy: null,
  releasePerSecond: null,
  createdAt: "2026-01-31T09:00:00.000Z",
  updatedAt: "2026-01-31T09:00:00.000Z",
  version: 1,
  links: { self: `/v1/pauses/${id}` }
}
const shown: PauseView = { ...first, correlationId: "1y2p0ij32e8e7" as CorrelationId }

const params = { id: idParameter(PauseId) }

export const pauseOperations = (parts: OperationParts) => {
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
  const create = HttpApiEndpoint.post("create", "/", {
    headers: idempotent,
    payload: CreatePause,
    success: HttpApiSchema.WithHeaders(PauseState.pipe(HttpApiSchema.status(201)), created),
    error: creationErrors
  })
    .annotate(RequiredScope, "ops:pauses.write")
    .annotate(ChecksAttributes, true)
    .annotateMerge(
      described(
        "Pause calls",
        "They are accepted, cancelled and moved as before, and wait when they are due; what is on the wire ends. Every process hears of it at " +
          `once, and within 5 s while the bus is away. At most ${maxPauses} hold at a time: more are 409 \`too_many_pauses\`.`,
        { request: { of: "target", key: "https://api.example.com", reason }, 201: first }
      )
    )

  const list = HttpApiEndpoint.get("list", "/", {
    query: {
      ...paged,
      ...filtered,
      of: parameter(Schema.optionalKey(PauseOf), "Only those of this sort"),
      key: parameter(Schema.optionalKey(Schema.String), "Only those of this target, flow or tag"),
      status: parameter(Schema.optionalKey(PauseStatus), "Only those in this state")
    },
    success: PausePage,
    error: problems.Unavailable
  })
    .annotate(RequiredScope, "ops:pauses.read")
    .annotate(ChecksAttributes, true)
    .annotateMerge(
      described("List pauses, newest first", "Filters are joined by *and*.", {
        200: { items: [shown], nextCursor: null }
      })
    )

  const get = HttpApiEndpoint.get("get", "/:id", {
    params,
    ...conditionalRead,
    success: readAnswers(PauseView),
    error: [problems.NotFound, problems.Unavailable]
  })
    .annotate(RequiredScope, "ops:pauses.read")
    .annotateMerge(
      described("One pause", "304 when `If-None-Match` names the version. With `asOf` as it was then.", { 200: shown })
    )

  const resume = HttpApiEndpoint.post("resume", "/:id/resume", {
    params,
    headers: conditional,
    payload: ResumePause,
    success: HttpApiSchema.WithHeaders(PauseState, written),
    error: [...commandErrors, ...bodyErrors]
  })
    .annotate(RequiredScope, "ops:pauses.write")
    .annotateMerge(
      described(
        "Resume what was paused",
        "Calls that became due meanwhile start, the earliest first, at `releasePerSecond` or at once; those that become due later are not held up " +
          "by that. Resumed again with another rate, what still waits goes at that. An empty body means `{}`.",
        {
          request: { releasePerSecond: 20 },
          200: {
            ...first,
            status: "Resumed",
            resumedAt: "2026-02-01T10:00:00.000Z",
            resumedBy: "operator",
            releasePerSecond: 20,
            updatedAt: "2026-02-01T10:00:00.000Z",
            version: 2
          }
        }
      )
    )

  return HttpApiGroup.make("pauses")
    .add(create, resume)
    .middleware(RateLimit)
    .add(list, get)
    .prefix("/v1/pauses")
    .middleware(RequestChecks)
    .middleware(BearerAuth)
    .annotate(CountedAs, "pauses")
    .annotateMerge(
      OpenApi.annotations({
        title: "Pauses",
        description: "Calls of a tenant, a target, a flow or a tag that wait until somebody resumes them."
      })
    )
}
