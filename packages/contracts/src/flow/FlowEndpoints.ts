/** The HTTP operations on flows: what is sent, what is answered, and an example of each. */
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
import { FlowConcurrency, FlowKey, FlowRate } from "../serviceCall/Spec.ts"
import { FlowId, FlowStatus } from "./Flow.ts"

export const DefineFlow = Schema.Struct({
  key: FlowKey,
  concurrency: Schema.optionalKey(FlowConcurrency),
  ratePerSecond: Schema.optionalKey(FlowRate)
}).annotate({
  identifier: "DefineFlow",
  description: "Bounds of all calls with this key; what is left out bounds nothing"
})

const state = {
  id: FlowId,
  key: FlowKey,
  concurrency: Schema.NullOr(Schema.Int),
  ratePerSecond: Schema.NullOr(Schema.Finite),
  status: FlowStatus,
  createdAt: Timestamp,
  updatedAt: Timestamp,
  version: Version,
  links: Schema.Struct({ self: Schema.String })
}

/** The answer to a command. */
export const FlowState = Schema.Struct(state).annotate({ identifier: "FlowState" })
export type FlowState = typeof FlowState.Type

export const FlowView = Schema.Struct({
  ...state,
  running: Schema.Int.annotate({ description: "Calls under way now, counted up to 10,000" }),
  waiting: Schema.Int.annotate({ description: "Calls that are due and not under way, counted up to 10,000" }),
  text: Schema.String.annotate({ description: "The same in words" }),
  correlationId: CorrelationId
}).annotate({ identifier: "DefinedFlow" })
export type FlowView = typeof FlowView.Type

const FlowPage = Schema.Struct({ items: Schema.Array(FlowView), nextCursor: NextCursor }).annotate({
  identifier: "FlowPage"
})

const id = "7a1f5a90-7b2e-8d44-b6a1-0e9d2c7ff107" as FlowId
const first: FlowState = {
  id,
  key: "stripe",
  concurrency: 5,
  ratePerSecond: null,
  status: "Active",
  createdAt: "2026-01-31T09:00:00.000Z",
  updatedAt: "2026-01-31T09:00:00.000Z",
  version: 1,
  links: { self: `/v1/flows/${id}` }
}
const shown: FlowView = {
  ...first,
  running: 5,
  waiting: 12,
  text: "running 5 of 5, waiting 12",
  correlationId: "1y2p0ij32e8e7" as CorrelationId
}

const params = { id: idParameter(FlowId) }

export const flowOperations = (parts: OperationParts) => {
  const {
    BearerAuth,
    ChecksAttributes,
    commandErrors,
    CountedAs,
    creationErrors,
    problems,
    RateLimit,
    RequestChecks,
    RequiredScope
  } = parts
  const define = HttpApiEndpoint.post("define", "/", {
    headers: idempotent,
    payload: DefineFlow,
    success: HttpApiSchema.WithHeaders(FlowState.pipe(HttpApiSchema.status(201)), created),
    error: creationErrors
  })
    .annotate(RequiredScope, "ops:flows.write")
    .annotate(ChecksAttributes, true)
    .annotateMerge(
      described(
        "Define a flow",
        "Its id follows from tenant and key. Defined again it has other bounds, which count for what begins from then on; of these and those that a " +
          "call brings the stricter one counts.",
        { request: { key: "stripe", concurrency: 5 }, 201: first }
      )
    )

  const list = HttpApiEndpoint.get("list", "/", {
    query: {
      ...paged,
      ...filtered,
      key: parameter(Schema.optionalKey(FlowKey), "Only the one with this key"),
      status: parameter(Schema.optionalKey(FlowStatus), "Only those in this state; left out, those that are active")
    },
    success: FlowPage,
    error: problems.Unavailable
  })
    .annotate(RequiredScope, "ops:flows.read")
    .annotate(ChecksAttributes, true)
    .annotateMerge(
      described("List defined flows, newest first", "With what is under way and what waits of each, now.", {
        200: { items: [shown], nextCursor: null }
      })
    )

  const get = HttpApiEndpoint.get("get", "/:id", {
    params,
    ...conditionalRead,
    success: readAnswers(FlowView),
    error: [problems.NotFound, problems.Unavailable]
  })
    .annotate(RequiredScope, "ops:flows.read")
    .annotateMerge(
      described("One flow", "304 when `If-None-Match` names the version: what is under way is no part of it.", {
        200: shown
      })
    )

  const remove = HttpApiEndpoint.delete("remove", "/:id", {
    params,
    headers: conditional,
    success: HttpApiSchema.WithHeaders(FlowState, written),
    error: commandErrors
  })
    .annotate(RequiredScope, "ops:flows.write")
    .annotateMerge(
      described("Remove a flow", "Its calls stay; from then on only the bounds count that they bring.", {
        200: { ...first, status: "Removed", version: 2 }
      })
    )

  return HttpApiGroup.make("flows")
    .add(define, remove)
    .middleware(RateLimit)
    .add(list, get)
    .prefix("/v1/flows")
    .middleware(RequestChecks)
    .middleware(BearerAuth)
    .annotate(CountedAs, "flows")
    .annotateMerge(
      OpenApi.annotations({
        title: "Flows",
        description: "Calls with one key that are made so many at once and so many in a second."
      })
    )
}
