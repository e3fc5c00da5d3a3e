/** The HTTP operation that tells who did what in a tenant, and what was refused. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { CorrelationId } from "../Ids.ts"
import { BearerAuth, RequestChecks, RequiredScope } from "./Access.ts"
import { described, NextCursor, paged } from "./conventions.ts"
import { parameter } from "./parameters.ts"
import { problems } from "./ProblemError.ts"
import { Instant, StorableText, Timestamp } from "./Wire.ts"

const Word = StorableText.check(Schema.isMinCodePoints(1), Schema.isMaxCodePoints(300))

export const AuditOrder = Schema.Literals(["desc", "asc"])

export const AuditOutcome = Schema.Literals(["done", "refused", "left_out"])

export const AuditItem = Schema.Struct({
  at: Timestamp,
  actor: Schema.Struct({
    kind: Schema.Literals(["user", "system", "operator", "unknown"]).annotate({
      description:
        "`user`: the subject of a token, or `api-key:` and its id; `unknown`: who used a key that is not valid"
    }),
    id: Schema.String
  }),
  action: Schema.String.annotate({ description: "An event's type, or the operation that was refused" }),
  kind: Schema.NullOr(Schema.String).annotate({ description: "Of an event: the kind of aggregate" }),
  resource: Schema.NullOr(Schema.String).annotate({ description: "The id of what it is about" }),
  outcome: AuditOutcome.annotate({
    description: "`left_out`: so many refusals (`count`) came in a minute that these are not listed one by one"
  }),
  code: Schema.NullOr(Schema.String).annotate({ description: "Why it was refused: the code of the problem" }),
  correlationId: Schema.String,
  count: Schema.Int
}).annotate({ identifier: "AuditItem" })
export type AuditItem = typeof AuditItem.Type

const AuditPage = Schema.Struct({ items: Schema.Array(AuditItem), nextCursor: NextCursor }).annotate({
  identifier: "AuditPage"
})

const example: AuditItem = {
  at: "2026-01-31T09:00:00.000Z",
  actor: { kind: "user", id: "alice" },
  action: "api-keys.create",
  kind: null,
  resource: null,
  outcome: "refused",
  code: "insufficient_scope",
  correlationId: "3f2a91c07b5e",
  count: 1
}

const list = HttpApiEndpoint.get("list", "/", {
  query: {
    ...paged,
    order: parameter(Schema.optionalKey(AuditOrder), "`asc`: oldest first; newest first if not given"),
    actor: parameter(Schema.optionalKey(Word), "Only what this one did: a subject, or `api-key:` and its id"),
    resource: parameter(Schema.optionalKey(Word), "Only about this id"),
    outcome: parameter(Schema.optionalKey(AuditOutcome), "Only with this outcome"),
    correlation: parameter(Schema.optionalKey(CorrelationId), "Only under this correlation id"),
    from: parameter(Schema.optionalKey(Instant), "Only since then"),
    to: parameter(Schema.optionalKey(Instant), "Only before then")
  },
  success: AuditPage,
  error: problems.Unavailable
})
  .annotate(RequiredScope, "ops:audit.read")
  .annotateMerge(
    described(
      "Who did what, newest or oldest first",
      "Every event of the tenant with who caused it, and every attempt that was refused. Filters are joined by *and*. What is listed is sealed and " +
        "signed; `dueline audit verify` proves that nobody changed it since.",
      { 200: { items: [example], nextCursor: null } }
    )
  )

export class Audit extends HttpApiGroup.make("audit")
  .add(list)
  .prefix("/v1/audit")
  .middleware(RequestChecks)
  .middleware(BearerAuth)
  .annotateMerge(
    OpenApi.annotations({ title: "Audit", description: "Who did what to which resource, with what outcome." })
  ) {}
