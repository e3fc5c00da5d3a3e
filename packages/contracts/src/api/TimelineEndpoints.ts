/** The HTTP operation that tells everything one cause brought about. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { Category } from "../kinds.ts"
import { CorrelationId, StreamId } from "../Ids.ts"
import { BearerAuth, RequestChecks, RequiredScope } from "./Access.ts"
import { described, NextCursor, paged } from "./conventions.ts"
import { callExamples } from "./callExamples.ts"
import { parameter } from "./parameters.ts"
import { problems } from "./ProblemError.ts"
import { HistoryEvent } from "./ServiceCallView.ts"

export const TimelineEvent = Schema.Struct({
  category: Schema.Union([Category, Schema.Literal("product-event")]),
  id: StreamId.annotate({ description: "Of what the event is about: `category` says what that is" }),
  ...HistoryEvent.fields
}).annotate({ identifier: "TimelineEvent" })
export type TimelineEvent = typeof TimelineEvent.Type

export const TimelinePage = Schema.Struct({ items: Schema.Array(TimelineEvent), nextCursor: NextCursor }).annotate({
  identifier: "TimelinePage"
})

const read = HttpApiEndpoint.get("read", "/", {
  query: { ...paged, correlation: parameter(CorrelationId, "The correlation id") },
  success: TimelinePage,
  error: problems.Unavailable
})
  .annotate(RequiredScope, "ops:timeline.read")
  .annotateMerge(
    described(
      "Everything under one correlation id",
      "Events of every kind of aggregate, and product events without what they hold, oldest first. None hold personal data or secrets.",
      callExamples.timeline
    )
  )

export class Timeline extends HttpApiGroup.make("timeline")
  .add(read)
  .prefix("/v1/timeline")
  .middleware(RequestChecks)
  .middleware(BearerAuth)
  .annotateMerge(
    OpenApi.annotations({ title: "Timeline", description: "What followed from what, across everything." })
  ) {}
