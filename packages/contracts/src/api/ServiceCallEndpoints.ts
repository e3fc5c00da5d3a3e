/** The HTTP operations on service calls. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { ServiceCallId } from "../Ids.ts"
import { ServiceCallStatus } from "../serviceCall/Rejection.ts"
import { Tags } from "../serviceCall/Spec.ts"
import { BearerAuth, ChecksAttributes, RequestChecks, RequiredScope } from "./Access.ts"
import { conditional, conditionalRead, described, idParameter, paged, readAnswers, written } from "./conventions.ts"
import { callExamples } from "./callExamples.ts"
import { live } from "./LiveEndpoints.ts"
import { parameter } from "./parameters.ts"
import { commandErrors, changeErrors, problems } from "./ProblemError.ts"
import { CountedAs, RateLimit } from "./RateLimit.ts"
import { RescheduleServiceCall } from "./ServiceCallRequest.ts"
import { HistoryPage, ServiceCall, ServiceCallCancelled, ServiceCallPage, ServiceCallState } from "./ServiceCallView.ts"
import { submit, submitBatch } from "./SubmissionEndpoints.ts"
import { Instant, StorableText } from "./Wire.ts"

const status = HttpApiSchema.status
const eventVersion = { minimum: 0, maximum: 2_147_483_647 } as const
const params = { id: idParameter(ServiceCallId) }

const list = HttpApiEndpoint.get("list", "/", {
  query: {
    status: parameter(Schema.optionalKey(ServiceCallStatus), "Only those in this state"),
    tag: parameter(Schema.optionalKey(Tags), "Only calls that carry this tag; may be repeated, all must match"),
    dueFrom: parameter(Schema.optionalKey(Instant), "Due at or after"),
    dueTo: parameter(Schema.optionalKey(Instant), "Due before"),
    q: parameter(
      Schema.optionalKey(StorableText.check(Schema.isMinCodePoints(1), Schema.isMaxCodePoints(200))),
      "Part of the URL, in either case"
    ),
    ...paged
  },
  success: ServiceCallPage,
  error: problems.Unavailable
})
  .annotate(RequiredScope, "ops:calls.read")
  .annotate(ChecksAttributes, true)
  .annotateMerge(
    described(
      "List service calls, newest first",
      "Filters are joined by *and*. A cursor is good for the filter and tenant it was issued for.",
      callExamples.list
    )
  )

const get = HttpApiEndpoint.get("get", "/:id", {
  params,
  ...conditionalRead,
  success: readAnswers(ServiceCall),
  error: [problems.NotFound, problems.Unavailable]
})
  .annotate(RequiredScope, "ops:calls.read")
  .annotate(ChecksAttributes, true)
  .annotateMerge(
    described(
      "One service call with every attempt",
      "304 when `If-None-Match` names the version. With `asOf` as it was then.",
      callExamples.get
    )
  )

const events = HttpApiEndpoint.get("events", "/:id/events", {
  params,
  query: {
    after: parameter(
      Schema.optionalKey(Schema.Int.check(Schema.isBetween(eventVersion))),
      "Only events with a higher version",
      { type: "integer", ...eventVersion, default: 0 }
    ),
    limit: paged.limit
  },
  success: HistoryPage,
  error: [problems.NotFound, problems.Unavailable]
})
  .annotate(RequiredScope, "ops:calls.read")
  .annotate(ChecksAttributes, true)
  .annotateMerge(
    described(
      "The history of one service call",
      "Events with a version above `after`, oldest first.",
      callExamples.events
    )
  )

const cancel = HttpApiEndpoint.post("cancel", "/:id/cancel", {
  params,
  headers: conditional,
  success: [
    HttpApiSchema.WithHeaders(ServiceCallCancelled.pipe(status(200)), written),
    HttpApiSchema.WithHeaders(ServiceCallState.pipe(status(202)), written)
  ],
  error: commandErrors
})
  .annotate(RequiredScope, "ops:calls.write")
  .annotate(ChecksAttributes, true)
  .annotateMerge(
    described(
      "Cancel a service call",
      "200: cancelled, no request will leave, ever. 202: one is on the wire, it is the last. 409: already dispatched, with the attempt.",
      callExamples.cancel
    )
  )

const reschedule = HttpApiEndpoint.patch("reschedule", "/:id", {
  params,
  headers: conditional,
  payload: RescheduleServiceCall,
  success: HttpApiSchema.WithHeaders(ServiceCallState, written),
  error: changeErrors
})
  .annotate(RequiredScope, "ops:calls.write")
  .annotate(ChecksAttributes, true)
  .annotateMerge(
    described(
      "Move a service call to another time",
      "`If-Match` is required: 428 without it, 412 with the present ETag when it is stale.",
      callExamples.reschedule
    )
  )

const run = HttpApiEndpoint.post("run", "/:id/run", {
  params,
  headers: conditional,
  success: HttpApiSchema.WithHeaders(ServiceCallState.pipe(status(202)), written),
  error: commandErrors
})
  .annotate(RequiredScope, "ops:calls.write")
  .annotate(ChecksAttributes, true)
  .annotateMerge(
    described(
      "Run a failed service call again, now",
      "Only a call whose status is Failed can be run again.",
      callExamples.run
    )
  )

export class ServiceCalls extends HttpApiGroup.make("serviceCalls")
  .add(submit, submitBatch, cancel, reschedule, run)
  .middleware(RateLimit)
  .add(list, live, get, events)
  .prefix("/v1/service-calls")
  .middleware(RequestChecks)
  .middleware(BearerAuth)
  .annotate(CountedAs, "calls")
  .annotateMerge(
    OpenApi.annotations({ title: "Service calls", description: "HTTP calls to be made at or after a given time." })
  ) {}
