/** The HTTP operations that tell what happened: who did what in a tenant, what was refused, and everything one cause brought about. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { CorrelationId, StreamId } from "../Ids.ts"
import { Category } from "../kinds.ts"
import { BearerAuth, RequestChecks, RequiredScope } from "./Access.ts"
import { problems } from "./ProblemError.ts"
import { HistoryEvent } from "./ServiceCallView.ts"
import { Instant, StorableText, Timestamp } from "./Wire.ts"
import { callExamples } from "./callExamples.ts"
import { described, NextCursor, paged, parameter } from "./conventions.ts"

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

const TreePart = Schema.Struct({
  leaves: Schema.Int.annotate({
    description: "How many leaves: a power of two, of which the place of the first is a multiple"
  }),
  hash: Schema.String.annotate({ description: "Base64 of the subtree's root (RFC 6962), of one leaf its hash" }),
  leaf: Schema.NullOr(Schema.String).annotate({
    description: "Of the tenant's own: what is hashed, as it is found now"
  })
}).annotate({ identifier: "AuditTreePart" })

export const AuditProof = Schema.Struct({
  from: Schema.Int.annotate({ description: "Leaves before the first part" }),
  to: Schema.Int.annotate({ description: "Leaves up to the last part" }),
  parts: Schema.Array(TreePart),
  rows: Schema.Struct({ expected: Schema.Int, found: Schema.Int }).annotate({
    description: "Events and entries between the two, of all tenants: fewer are found where some are missing"
  }),
  size: Schema.Int.annotate({ description: "Leaves of the latest checkpoint" }),
  sealed: Schema.Int.annotate({ description: "Leaves of the tree: those behind `size` are not signed yet" }),
  note: Schema.NullOr(Schema.String).annotate({
    description: "The latest checkpoint, a C2SP signed note, once `to` has come to it"
  }),
  successions: Schema.optionalKey(Schema.Array(Schema.String)).annotate({
    description:
      "Beside `note`: how the keys that sign followed each other, each a note that both have signed. Who has one of the keys goes on to the next"
  }),
  resume: Schema.String.annotate({
    description: "The cursor that goes on behind the last part, now or when more was signed"
  })
}).annotate({ identifier: "AuditProof" })
export type AuditProof = typeof AuditProof.Type

const exampleProof: AuditProof = {
  from: 0,
  to: 2,
  parts: [
    { leaves: 1, hash: "qpAkHS3r2cHhIvN5QdYSkA0bG1ZgkV4kJt1cO8hF3rE=", leaf: null },
    { leaves: 1, hash: "1oV7fRk3mT8cS5l0c0f6O1pQ0cZ2c7u1w0Yb8H3yZkM=", leaf: '["entry/1",…]' }
  ],
  rows: { expected: 2, found: 2 },
  size: 2,
  sealed: 2,
  note: "dueline/audit-0a1b2c3d4e5f\n2\n…\nsigned at 2026-01-31T09:00:00.000Z\n\n— dueline/audit-0a1b2c3d4e5f …\n",
  resume: "…"
}

const proof = HttpApiEndpoint.get("proof", "/proof", {
  query: { cursor: parameter(paged.cursor, "`resume` of the part before; without it from the beginning") },
  success: AuditProof,
  error: problems.Unavailable
})
  .annotate(RequiredScope, "ops:audit.read")
  .annotateMerge(
    described(
      "What proves that the audit log is what was signed",
      "The tree of all tenants' leaves (RFC 6962), in stretches of 4,096 leaves: the tenant's own with what is hashed, others as roots of the largest subtrees without " +
        "one of these. Whoever puts the parts together gets the root that the checkpoint signs; with what they kept of an earlier time they see that the tree only grew. It does not prove that none " +
        "of the tenant's is shown as somebody else's: `dueline audit export` of all does.",
      { 200: exampleProof }
    )
  )

export class Audit extends HttpApiGroup.make("audit")
  .add(list, proof)
  .prefix("/v1/audit")
  .middleware(RequestChecks)
  .middleware(BearerAuth)
  .annotateMerge(
    OpenApi.annotations({ title: "Audit", description: "Who did what to which resource, with what outcome." })
  ) {}

/** The HTTP operation that tells everything one cause brought about. */
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
