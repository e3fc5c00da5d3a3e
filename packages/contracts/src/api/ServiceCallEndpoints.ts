/** The HTTP operations on service calls: submitted one or several at a time, read, changed, and followed as they change. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { ServiceCallId } from "../Ids.ts"
import { ServiceCallStatus } from "../serviceCall/Command.ts"
import { Tags } from "../serviceCall/Spec.ts"
import { BearerAuth, ChecksAttributes, RequestChecks, RequiredScope } from "./Access.ts"
import { bodyErrors, changeErrors, commandErrors, problems } from "./ProblemError.ts"
import { CountedAs, RateLimit } from "./RateLimit.ts"
import { batchLimit, RescheduleServiceCall, SubmitServiceCall, SubmitServiceCalls } from "./ServiceCallRequest.ts"
import {
  HistoryPage,
  ServiceCall,
  ServiceCallCancelled,
  ServiceCallPage,
  ServiceCallState,
  ServiceCallSummary,
  SubmittedBatch
} from "./ServiceCallView.ts"
import { Instant, StorableText } from "./Wire.ts"
import { callExamples } from "./callExamples.ts"
import {
  conditional,
  conditionalRead,
  created,
  described,
  HeaderText,
  idempotent,
  idParameter,
  paged,
  parameter,
  readAnswers,
  written
} from "./conventions.ts"

/** The changes of a tenant's calls as they happen. */
export const CallChanges = Schema.Struct({
  sequence: Schema.Int.annotate({
    description:
      "One more with every change that is told, from where this stream begins. A step of more than one, and an `omitted` above 0: something was left out"
  }),
  calls: Schema.Array(ServiceCallSummary).annotate({
    description: "Each call once, as it is now; none, every 15 seconds, to say that the stream is there"
  }),
  omitted: Schema.Int.annotate({ description: "Further changes, of calls that are not among these" })
}).annotate({ identifier: "CallChanges" })
export type CallChanges = typeof CallChanges.Type

export const live = HttpApiEndpoint.get("live", "/live", {
  success: HttpApiSchema.StreamSse({ data: CallChanges }),
  error: problems.Unavailable
})
  .annotate(RequiredScope, "ops:calls.read")
  .annotateMerge(
    described(
      "The changes of service calls as they happen",
      "Server-sent events, at most four a second: the calls that changed, at most 200 at once, as they are. The first comes at once and has no " +
        "calls. It cannot be resumed: after a new connection, and where something was left out, read the list again. It ends when the process " +
        "stops, and after ten minutes, so that the token is looked at again: connect anew.",
      callExamples.live
    )
  )

/** The HTTP operations that take service calls, one or several at a time. */
const status = HttpApiSchema.status
const submitted = { ...created, "preference-applied": Schema.optionalKey(Schema.String) }

export const submit = HttpApiEndpoint.post("submit", "/", {
  headers: {
    ...idempotent,
    prefer: parameter(
      Schema.optionalKey(HeaderText),
      "`wait=N`: wait up to N seconds (30 at the most) for the call to end (RFC 7240)"
    )
  },
  payload: SubmitServiceCall,
  success: [
    HttpApiSchema.WithHeaders(ServiceCall.pipe(status(200)), submitted),
    HttpApiSchema.WithHeaders(ServiceCallState.pipe(status(202)), submitted)
  ],
  error: [...bodyErrors, problems.Unavailable]
})
  .annotate(RequiredScope, "ops:calls.write")
  .annotate(ChecksAttributes, true)
  .annotateMerge(
    described(
      "Submit a service call",
      "202 once the submission is durable. With `Prefer: wait=N` (at most 30 seconds) the answer waits " +
        "until the call has ended and is 200 with the whole call, or 202 when it has not ended by then. Under " +
        "an `Idempotency-Key` the call's id follows from tenant and key, and a repeat is answered as the " +
        "first time.",
      callExamples.submit
    )
  )

export const submitBatch = HttpApiEndpoint.post("submitBatch", "/batch", {
  payload: SubmitServiceCalls,
  success: SubmittedBatch,
  error: bodyErrors
})
  .annotate(RequiredScope, "ops:calls.write")
  .annotateMerge(
    described(
      "Submit several service calls",
      `1 to ${batchLimit} of them, each for itself: one that is refused holds up none of the others. 200 once all that were ` +
        "accepted are durable, with an item for each that says what became of it. Keys are given item by item. Under a rate " +
        "limit each item counts.",
      callExamples.submitBatch
    )
  )

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
