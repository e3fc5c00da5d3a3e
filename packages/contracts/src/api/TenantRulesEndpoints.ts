/**
 * The HTTP operations on what a tenant says of what is kept of its own: what is struck out, and how long the rest is kept within what the
 * installation allows.
 */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { FailedRequests, maxPatterns, RedactionPattern } from "../redaction.ts"
import { mostDays } from "../retention.ts"
import { BearerAuth, RequestChecks, RequiredScope } from "./Access.ts"
import { bodyErrors, problems } from "./ProblemError.ts"
import { CountedAs, RateLimit } from "./RateLimit.ts"
import { Timestamp } from "./Wire.ts"
import { described, parameter } from "./conventions.ts"

const Patterns = Schema.Array(RedactionPattern).check(Schema.isMaxLength(maxPatterns))

const fields = {
  patterns: Patterns.annotate({
    description:
      "Struck out beside what always is: a text in which `*` stands for anything on one line, or `field:` and the name of a field, header or " +
      "parameter whose value is struck out. Upper and lower case are the same"
  }),
  failedRequests: FailedRequests.annotate({
    description:
      "Whether calls that failed keep their request, sealed, to be run again (`keep`), or it is erased with their end (`drop`): for calls submitted from now on"
  })
}

export const RedactionView = Schema.Struct({
  ...fields,
  set: Schema.NullOr(Schema.Struct({ at: Timestamp, by: Schema.String })).annotate({
    description: "Null when the tenant never said anything"
  })
}).annotate({ identifier: "Redaction" })
export type RedactionView = typeof RedactionView.Type

export const SetRedaction = Schema.Struct(fields).annotate({ identifier: "SetRedaction" })

const redactionExample: RedactionView = { patterns: [], failedRequests: "keep", set: null }
const asked = { patterns: ["field:memberNo", "MRN-*"], failedRequests: "drop" } as const
const ownRedaction: RedactionView = { ...asked, set: { at: "2026-01-31T09:00:00.000Z", by: "operator" } }

const getRedaction = HttpApiEndpoint.get("get", "/", { success: RedactionView, error: problems.Unavailable })
  .annotate(RequiredScope, "ops:retention.read")
  .annotateMerge(described("What is struck out", "Of this tenant, beside what always is.", { 200: redactionExample }))

const setRedaction = HttpApiEndpoint.put("set", "/", {
  payload: SetRedaction,
  success: RedactionView,
  error: [...bodyErrors, problems.Unprocessable, problems.Unavailable]
})
  .annotate(RequiredScope, "ops:retention.write")
  .annotateMerge(
    described(
      "Say what is struck out",
      "Holds in this process at once and in all others within five seconds, for what is recorded from then on: what is stored already stays as it is.",
      { request: asked, 200: ownRedaction }
    )
  )

const resetRedaction = HttpApiEndpoint.delete("reset", "/", { success: RedactionView, error: problems.Unavailable })
  .annotate(RequiredScope, "ops:retention.write")
  .annotateMerge(
    described("Strike out only what always is", "What the tenant said is forgotten, in the same time.", {
      200: redactionExample
    })
  )

export class RedactionOperations extends HttpApiGroup.make("redaction")
  .add(setRedaction, resetRedaction)
  .middleware(RateLimit)
  .add(getRedaction)
  .prefix("/v1/redaction")
  .middleware(RequestChecks)
  .middleware(BearerAuth)
  .annotate(CountedAs, "tenants")
  .annotateMerge(
    OpenApi.annotations({
      title: "Redaction",
      description: "What of requests and answers is struck out before anything of them is kept in clear."
    })
  ) {}

/** How long a tenant's own is kept: what it says, within what the installation allows. */
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

const retentionExample: RetentionView = { days: 90, least: 8, most: 90, own: null }
const ownRetention: RetentionView = {
  ...retentionExample,
  days: 30,
  own: { days: 30, at: "2026-01-31T09:00:00.000Z", by: "operator" }
}

const getRetention = HttpApiEndpoint.get("get", "/", { success: RetentionView, error: problems.Unavailable })
  .annotate(RequiredScope, "ops:retention.read")
  .annotateMerge(
    described("How long things are kept", "For this tenant, and between what it may choose.", { 200: retentionExample })
  )

const previewRetention = HttpApiEndpoint.get("preview", "/preview", {
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

const setRetention = HttpApiEndpoint.put("set", "/", {
  payload: SetRetention,
  success: RetentionView,
  error: [...bodyErrors, problems.Unprocessable, problems.Unavailable]
})
  .annotate(RequiredScope, "ops:retention.write")
  .annotateMerge(
    described(
      "Say how long things are kept",
      "Holds from the next removal on, within ten minutes. Refused outside of what the installation allows (`retention_out_of_bounds`).",
      { request: { days: 30 }, 200: ownRetention }
    )
  )

const resetRetention = HttpApiEndpoint.delete("reset", "/", { success: RetentionView, error: problems.Unavailable })
  .annotate(RequiredScope, "ops:retention.write")
  .annotateMerge(
    described("Keep things as long as the installation does", "What the tenant said is forgotten.", {
      200: retentionExample
    })
  )

export class RetentionOperations extends HttpApiGroup.make("retention")
  .add(setRetention, resetRetention)
  .middleware(RateLimit)
  .add(getRetention, previewRetention)
  .prefix("/v1/retention")
  .middleware(RequestChecks)
  .middleware(BearerAuth)
  .annotate(CountedAs, "tenants")
  .annotateMerge(OpenApi.annotations({ title: "Retention", description: "How long what has ended is kept." })) {}
