/** How long a tenant's own is kept: what it says, within what the installation allows. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { mostDays } from "../retention.ts"
import { BearerAuth, RequestChecks, RequiredScope } from "./Access.ts"
import { described } from "./conventions.ts"
import { parameter } from "./parameters.ts"
import { bodyErrors, problems } from "./ProblemError.ts"
import { CountedAs, RateLimit } from "./RateLimit.ts"
import { Timestamp } from "./Wire.ts"

const Days = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: mostDays }))

export const RetentionView = Schema.Struct({
  days: Schema.NullOr(Schema.Int).annotate({
    description:
      "What ended so many days ago is removed: calls and ingestions with their events, and dead letters. Null: nothing is"
  }),
  least: Schema.Int.annotate({ description: "The installation allows no less" }),
  most: Schema.NullOr(Schema.Int).annotate({
    description: "Nor more; what holds for a tenant that says nothing. Null: for ever"
  }),
  own: Schema.NullOr(Schema.Struct({ days: Schema.NullOr(Schema.Int), at: Timestamp, by: Schema.String })).annotate({
    description:
      "What the tenant says; null when it says nothing. Where the limits have changed since, `days` is the nearest that they allow"
  })
}).annotate({ identifier: "Retention" })
export type RetentionView = typeof RetentionView.Type

export const SetRetention = Schema.Struct({
  days: Schema.NullOr(Days).annotate({ description: "Null: for ever, where the installation allows it" })
}).annotate({ identifier: "SetRetention" })

export const RetentionPreview = Schema.Struct({
  days: Schema.Int,
  before: Timestamp.annotate({ description: "What ended before would be removed" }),
  calls: Schema.Int,
  ingestions: Schema.Int,
  more: Schema.Boolean.annotate({ description: "There is more: the 10,000 oldest of each kind are looked at" })
}).annotate({ identifier: "RetentionPreview" })
export type RetentionPreview = typeof RetentionPreview.Type

const example: RetentionView = { days: 90, least: 8, most: 90, own: null }
const own: RetentionView = { ...example, days: 30, own: { days: 30, at: "2026-01-31T09:00:00.000Z", by: "operator" } }

const get = HttpApiEndpoint.get("get", "/", { success: RetentionView, error: problems.Unavailable })
  .annotate(RequiredScope, "ops:retention.read")
  .annotateMerge(
    described("How long things are kept", "For this tenant, and between what it may choose.", { 200: example })
  )

const preview = HttpApiEndpoint.get("preview", "/preview", {
  query: {
    days: parameter(Days, "Kept for so long", {
      type: "integer",
      minimum: 1,
      maximum: mostDays
    })
  },
  success: RetentionPreview,
  error: [problems.Unprocessable, problems.Unavailable]
})
  .annotate(RequiredScope, "ops:retention.read")
  .annotateMerge(
    described("What would be removed", "Counted now, and left alone. What is removed cannot be brought back.", {
      200: { days: 30, before: "2026-01-01T09:00:00.000Z", calls: 812, ingestions: 4, more: false }
    })
  )

const set = HttpApiEndpoint.put("set", "/", {
  payload: SetRetention,
  success: RetentionView,
  error: [...bodyErrors, problems.Unprocessable, problems.Unavailable]
})
  .annotate(RequiredScope, "ops:retention.write")
  .annotateMerge(
    described(
      "Say how long things are kept",
      "Holds from the next removal on, within ten minutes. Refused outside of what the installation allows (`retention_out_of_bounds`).",
      { request: { days: 30 }, 200: own }
    )
  )

const reset = HttpApiEndpoint.delete("reset", "/", { success: RetentionView, error: problems.Unavailable })
  .annotate(RequiredScope, "ops:retention.write")
  .annotateMerge(
    described("Keep things as long as the installation does", "What the tenant said is forgotten.", { 200: example })
  )

export class RetentionOperations extends HttpApiGroup.make("retention")
  .add(set, reset)
  .middleware(RateLimit)
  .add(get, preview)
  .prefix("/v1/retention")
  .middleware(RequestChecks)
  .middleware(BearerAuth)
  .annotate(CountedAs, "tenants")
  .annotateMerge(OpenApi.annotations({ title: "Retention", description: "How long what has ended is kept." })) {}
