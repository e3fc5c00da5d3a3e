/** The HTTP operations on service calls. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { IdempotencyKey, ServiceCallId } from "../Ids.ts"
import { ServiceCallStatus } from "../serviceCall/Rejection.ts"
import { Tags } from "../serviceCall/Spec.ts"
import { BearerAuth, RequestChecks, RequiredScope } from "./Access.ts"
import { problems } from "./ProblemError.ts"
import { RescheduleServiceCall, SubmitServiceCall } from "./ServiceCallRequest.ts"
import { HistoryPage, ServiceCall, ServiceCallCancelled, ServiceCallPage, ServiceCallState } from "./ServiceCallView.ts"
import { ETag, Instant, StorableText } from "./Wire.ts"

const status = HttpApiSchema.status
const HeaderText = Schema.String.check(Schema.isMaxCodePoints(1_000))
const params = { id: ServiceCallId }
const replayed = { "x-idempotent-replayed": Schema.optionalKey(Schema.Literal("true")) }
const written = { etag: ETag, ...replayed }
const idempotent = { "idempotency-key": Schema.optionalKey(IdempotencyKey) }
const body = [problems.PayloadTooLarge, problems.UnsupportedMediaType] as const
const commandErrors = [
  problems.NotFound,
  problems.Conflict,
  problems.PreconditionFailed,
  problems.PayloadTooLarge,
  problems.Unavailable
] as const

const submit = HttpApiEndpoint.post("submit", "/", {
  headers: { ...idempotent, prefer: Schema.optionalKey(HeaderText) },
  payload: SubmitServiceCall,
  success: [
    HttpApiSchema.WithHeaders(ServiceCall.pipe(status(200)), {
      ...written,
      location: Schema.String,
      "preference-applied": Schema.optionalKey(Schema.String)
    }),
    HttpApiSchema.WithHeaders(ServiceCallState.pipe(status(202)), {
      ...written,
      location: Schema.String,
      "preference-applied": Schema.optionalKey(Schema.String)
    })
  ],
  error: [...body, problems.Unavailable]
})
  .annotate(RequiredScope, "ops:calls.write")
  .annotateMerge(
    OpenApi.annotations({
      summary: "Submit a service call",
      description:
        "202 once the submission is durable. With `Prefer: wait=N` (at most 30 seconds) the answer waits " +
        "until the call has ended and is 200 with the whole call, or 202 when it has not ended by then. Under " +
        "an `Idempotency-Key` the call's id follows from tenant and key, and a repeat is answered as the " +
        "first time."
    })
  )

const list = HttpApiEndpoint.get("list", "/", {
  query: {
    status: Schema.optionalKey(ServiceCallStatus),
    tag: Schema.optionalKey(Tags),
    dueFrom: Schema.optionalKey(Instant),
    dueTo: Schema.optionalKey(Instant),
    q: Schema.optionalKey(StorableText.check(Schema.isMinCodePoints(1), Schema.isMaxCodePoints(200))),
    limit: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 200 }))),
    cursor: Schema.optionalKey(Schema.String.check(Schema.isMaxCodePoints(400)))
  },
  success: ServiceCallPage,
  error: problems.Unavailable
})
  .annotate(RequiredScope, "ops:calls.read")
  .annotateMerge(
    OpenApi.annotations({
      summary: "List service calls, newest first",
      description: "Filters are joined by *and*. A cursor is good for the filter and tenant it was issued for."
    })
  )

const get = HttpApiEndpoint.get("get", "/:id", {
  params,
  headers: { "if-none-match": Schema.optionalKey(HeaderText) },
  success: [
    HttpApiSchema.WithHeaders(ServiceCall, { etag: ETag }),
    HttpApiSchema.WithHeaders(HttpApiSchema.Empty(304), { etag: ETag })
  ],
  error: [problems.NotFound, problems.Unavailable]
})
  .annotate(RequiredScope, "ops:calls.read")
  .annotateMerge(
    OpenApi.annotations({
      summary: "One service call with every attempt",
      description: "304 when `If-None-Match` names the present version."
    })
  )

const events = HttpApiEndpoint.get("events", "/:id/events", {
  params,
  query: {
    after: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2_147_483_647 }))),
    limit: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 200 })))
  },
  success: HistoryPage,
  error: [problems.NotFound, problems.Unavailable]
})
  .annotate(RequiredScope, "ops:calls.read")
  .annotateMerge(
    OpenApi.annotations({
      summary: "The history of one service call",
      description: "Events with a version above `after`, oldest first."
    })
  )

const cancel = HttpApiEndpoint.post("cancel", "/:id/cancel", {
  params,
  headers: { ...idempotent, "if-match": Schema.optionalKey(HeaderText) },
  success: [
    HttpApiSchema.WithHeaders(ServiceCallCancelled.pipe(status(200)), written),
    HttpApiSchema.WithHeaders(ServiceCallState.pipe(status(202)), written)
  ],
  error: commandErrors
})
  .annotate(RequiredScope, "ops:calls.write")
  .annotateMerge(
    OpenApi.annotations({
      summary: "Cancel a service call",
      description:
        "200: cancelled, no request will leave, ever. 202: one is on the wire, it is the last. 409: already dispatched, with the attempt."
    })
  )

const reschedule = HttpApiEndpoint.patch("reschedule", "/:id", {
  params,
  headers: { ...idempotent, "if-match": Schema.optionalKey(HeaderText) },
  payload: RescheduleServiceCall,
  success: HttpApiSchema.WithHeaders(ServiceCallState, written),
  error: [...commandErrors, problems.UnsupportedMediaType, problems.PreconditionRequired]
})
  .annotate(RequiredScope, "ops:calls.write")
  .annotateMerge(
    OpenApi.annotations({
      summary: "Move a service call to another time",
      description: "`If-Match` is required: 428 without it, 412 with the present ETag when it is stale."
    })
  )

const run = HttpApiEndpoint.post("run", "/:id/run", {
  params,
  headers: { ...idempotent, "if-match": Schema.optionalKey(HeaderText) },
  success: HttpApiSchema.WithHeaders(ServiceCallState.pipe(status(202)), written),
  error: commandErrors
})
  .annotate(RequiredScope, "ops:calls.write")
  .annotateMerge(
    OpenApi.annotations({
      summary: "Run a failed service call again, now",
      description: "Only a call whose status is Failed can be run again."
    })
  )

export class ServiceCalls extends HttpApiGroup.make("serviceCalls")
  .add(submit, list, get, events, cancel, reschedule, run)
  .prefix("/v1/service-calls")
  .middleware(RequestChecks)
  .middleware(BearerAuth)
  .annotateMerge(
    OpenApi.annotations({ title: "Service calls", description: "HTTP calls to be made at or after a given time." })
  ) {}
