/** What a tenant wants struck out of requests and answers, and whether requests of failed calls are kept. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { FailedRequests, maxPatterns, RedactionPattern } from "../redaction.ts"
import { BearerAuth, RequestChecks, RequiredScope } from "./Access.ts"
import { described } from "./conventions.ts"
import { bodyErrors, problems } from "./ProblemError.ts"
import { CountedAs, RateLimit } from "./RateLimit.ts"
import { Timestamp } from "./Wire.ts"

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

const example: RedactionView = { patterns: [], failedRequests: "keep", set: null }
const asked = { patterns: ["field:memberNo", "MRN-*"], failedRequests: "drop" } as const
const own: RedactionView = { ...asked, set: { at: "2026-01-31T09:00:00.000Z", by: "operator" } }

const get = HttpApiEndpoint.get("get", "/", { success: RedactionView, error: problems.Unavailable })
  .annotate(RequiredScope, "ops:retention.read")
  .annotateMerge(described("What is struck out", "Of this tenant, beside what always is.", { 200: example }))

const set = HttpApiEndpoint.put("set", "/", {
  payload: SetRedaction,
  success: RedactionView,
  error: [...bodyErrors, problems.Unprocessable, problems.Unavailable]
})
  .annotate(RequiredScope, "ops:retention.write")
  .annotateMerge(
    described(
      "Say what is struck out",
      "Holds in this process at once and in all others within five seconds, for what is recorded from then on: what is stored already stays as it is.",
      { request: asked, 200: own }
    )
  )

const reset = HttpApiEndpoint.delete("reset", "/", { success: RedactionView, error: problems.Unavailable })
  .annotate(RequiredScope, "ops:retention.write")
  .annotateMerge(
    described("Strike out only what always is", "What the tenant said is forgotten, in the same time.", {
      200: example
    })
  )

export class RedactionOperations extends HttpApiGroup.make("redaction")
  .add(set, reset)
  .middleware(RateLimit)
  .add(get)
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
