/** What is sent to make or move a service call. */
import { Schema, Struct } from "effect"
import {
  CallbackOn,
  Flow,
  HttpMethod,
  OnConflict,
  PendingKey,
  RetryPolicy,
  Tags,
  TimeoutMs
} from "../serviceCall/Spec.ts"
import { CorrelationId, IdempotencyKey } from "../Ids.ts"
import { Delay, Instant } from "./Wire.ts"

const hasBody = (method: string): boolean => method !== "GET" && method !== "HEAD"

/** Assigning it would set the prototype: as a header it would be lost without a word. */
const HeaderName = Schema.String.check(Schema.makeFilter((name: string) => name !== "__proto__"))

export const RequestToMake = Schema.Struct({
  method: HttpMethod,
  url: Schema.String.annotate({
    description: "http or https, without credentials, to an address outside",
    examples: ["https://example.com/hooks/42"]
  }).check(Schema.isMinCodePoints(1), Schema.isMaxCodePoints(8_000)),
  headers: Schema.optionalKey(
    Schema.Record(HeaderName, Schema.String).check(Schema.isMaxProperties(64)).annotate({
      description: "Up to 64 headers. Kept under seal; secrets are struck out wherever they are shown"
    })
  ),
  body: Schema.optionalKey(
    Schema.Json.annotate({
      description:
        "A string is sent as it is. Anything else is sent as JSON, with `content-type: application/json` unless `headers` says " +
        "otherwise. A number that would change its decimal value on the way is refused there"
    })
  )
})
  .check(
    Schema.makeFilter(
      ({ body, method }) =>
        body === undefined ||
        body === null ||
        hasBody(method) || { path: ["body"], issue: `a ${method} request has no body` }
    )
  )
  .annotate({ identifier: "RequestToMake" })
export type RequestToMake = typeof RequestToMake.Type

const when = {
  dueAt: Schema.optionalKey(Instant),
  delay: Schema.optionalKey(Delay)
}
const notBoth = ({ delay, dueAt }: { readonly dueAt?: string; readonly delay?: number | string }) =>
  dueAt === undefined || delay === undefined || { path: ["delay"], issue: "give dueAt or delay, not both" }

export const RetryOverrides = RetryPolicy.mapFields(Struct.map(Schema.optionalKey)).annotate({
  identifier: "RetryOverrides",
  description: "What to do differently from the default retry policy"
})

export const OnEnd = Schema.Struct({
  url: RequestToMake.fields.url,
  on: Schema.optionalKey(
    CallbackOn.annotate({
      description: "`ended`: every end; `failed`: only when it is given up; `ended` when left out"
    })
  ),
  headers: RequestToMake.fields.headers,
  flow: Schema.optionalKey(Flow.annotate({ description: "Which flow that call belongs to" }))
}).annotate({
  identifier: "OnEnd",
  description: "Its end is told there: by a POST with what became of it, once for each end, itself a service call"
})
export type OnEnd = typeof OnEnd.Type

export const Pending = Schema.Struct({
  key: PendingKey,
  onConflict: OnConflict.annotate({
    description:
      "When a call has the key and has not begun: `keep` answers with it, `replace` makes it this one, `debounce` moves it to this due time"
  }),
  longestWait: Schema.optionalKey(
    Delay.annotate({ description: "For `debounce`: the call is due so long after its submission at the latest" })
  )
})
  .check(
    Schema.makeFilter(
      ({ longestWait, onConflict }) =>
        longestWait === undefined || onConflict === "debounce" || { path: ["longestWait"], issue: "goes with debounce" }
    )
  )
  .annotate({
    identifier: "Pending",
    description:
      "Of the calls of a tenant that have not begun at most one has the key. Once it has begun, the next one is another call"
  })
export type Pending = typeof Pending.Type

/** With neither `dueAt` nor `delay` the call is due now; a `dueAt` in the past means now too. */
export const SubmitServiceCall = Schema.Struct({
  ...when,
  request: RequestToMake,
  tags: Schema.optionalKey(Tags),
  flow: Schema.optionalKey(
    Flow.annotate({ description: "Calls of one flow are made so many at once and in a second, by due time" })
  ),
  retry: Schema.optionalKey(RetryOverrides),
  timeoutMs: Schema.optionalKey(TimeoutMs),
  onEnd: Schema.optionalKey(OnEnd),
  pending: Schema.optionalKey(Pending)
})
  .check(Schema.makeFilter(notBoth))
  .annotate({
    identifier: "SubmitServiceCall"
  })
export type SubmitServiceCall = typeof SubmitServiceCall.Type

/** One submission among others, with what would be its headers if it came alone. */
export const BatchItem = Schema.Struct({
  ...SubmitServiceCall.fields,
  idempotencyKey: Schema.optionalKey(
    IdempotencyKey.annotate({
      description: "As the header of a single submission: the same key is the same call, whichever way it is sent"
    })
  ),
  correlationId: Schema.optionalKey(
    CorrelationId.annotate({ description: "Else the one in `X-Correlation-Id`, else each call has one of its own" })
  )
})
  .check(Schema.makeFilter(notBoth))
  .annotate({ identifier: "BatchItem" })
export type BatchItem = typeof BatchItem.Type

/** Submissions in one batch at the most. */
export const batchLimit = 100

export const SubmitServiceCalls = Schema.Struct({
  items: Schema.Array(BatchItem).check(Schema.isMinLength(1), Schema.isMaxLength(batchLimit))
}).annotate({ identifier: "SubmitServiceCalls" })
export type SubmitServiceCalls = typeof SubmitServiceCalls.Type

export const RescheduleServiceCall = Schema.Struct(when)
  .check(
    Schema.makeFilter(notBoth),
    Schema.makeFilter(({ delay, dueAt }) => dueAt !== undefined || delay !== undefined || "give dueAt or delay")
  )
  .annotate({ identifier: "RescheduleServiceCall" })
export type RescheduleServiceCall = typeof RescheduleServiceCall.Type
