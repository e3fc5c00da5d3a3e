/** The HTTP operations on courier sources: what is sent, what is answered, and an example of each. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import {
  conditional,
  conditionalRead,
  created,
  described,
  filtered,
  idempotent,
  idParameter,
  NextCursor,
  paged,
  parameter,
  readAnswers,
  written
} from "../api/conventions.ts"
import type { OperationParts } from "../api/OperationParts.ts"
import { parseDelay, PlainText, Timestamp, Version } from "../api/Wire.ts"
import { CorrelationId } from "../Ids.ts"
import { CourierSourceId, SecretFacts, SourceName, SourceStatus, ToleranceMs } from "./CourierSource.ts"
import { SchemePreset, SignatureScheme } from "./SignatureScheme.ts"

/** Long enough not to be guessed; a scheme may ask for more form than this. */
const GivenSecret = PlainText.annotate({
  description: "A secret that the sender has already. Left out, one is made"
}).check(Schema.isMinCodePoints(16), Schema.isMaxCodePoints(512))

export const CreateCourierSource = Schema.Struct({
  name: SourceName,
  scheme: Schema.Union([SchemePreset, SignatureScheme]).annotate({
    description: "How the sender signs: the name of a scheme that is known, or the scheme itself"
  }),
  toleranceMs: Schema.optionalKey(
    ToleranceMs.annotate({ description: "How far the time in a request may be from ours; 300000 when left out" })
  ),
  secret: Schema.optionalKey(GivenSecret)
}).annotate({ identifier: "CreateCourierSource" })
export type CreateCourierSource = typeof CreateCourierSource.Type

const maxOverlapMs = 30 * 86_400_000
export const defaultOverlap = "24h"

export const Overlap = Schema.String.annotate({
  description: `How long the secrets before stay valid: \`0s\` to \`30d\`; \`${defaultOverlap}\` when left out`,
  examples: ["24h", "PT24H"]
}).check(
  Schema.isMaxCodePoints(40).abort(),
  Schema.makeFilter((text: string) => {
    const overlap = parseDelay(text, "down")
    return (overlap >= 0 && overlap <= maxOverlapMs) || "is not a duration from 0s to 30d"
  })
)

export const RotateSecret = Schema.Struct({
  secret: Schema.optionalKey(GivenSecret),
  overlap: Schema.optionalKey(Overlap)
}).annotate({ identifier: "RotateSecret" })
export type RotateSecret = typeof RotateSecret.Type

const Secret = Schema.Struct({
  id: SecretFacts.fields.secretId,
  createdAt: Timestamp,
  validUntil: Schema.NullOr(Timestamp).annotate({ description: "Null for the newest" })
}).annotate({ identifier: "CourierSecret" })

const state = {
  id: CourierSourceId,
  name: SourceName,
  scheme: SignatureScheme,
  toleranceMs: ToleranceMs,
  status: SourceStatus,
  secrets: Schema.Array(Secret).annotate({ description: "Those that are kept, the newest first; never what they are" }),
  createdAt: Timestamp,
  updatedAt: Timestamp,
  version: Version,
  links: Schema.Struct({ self: Schema.String, events: Schema.String })
}

/** The answer to a command that made no secret. */
export const CourierSourceState = Schema.Struct(state).annotate({ identifier: "CourierSourceState" })
export type CourierSourceState = typeof CourierSourceState.Type

export const CourierSourceIssued = Schema.Struct({
  ...state,
  secret: Schema.NullOr(Schema.String).annotate({
    description: "Shown once: null in the answer to a repeat. Whoever lost it rotates"
  })
}).annotate({ identifier: "CourierSourceIssued" })
export type CourierSourceIssued = typeof CourierSourceIssued.Type

export const CourierSourceView = Schema.Struct({ ...state, correlationId: CorrelationId }).annotate({
  identifier: "CourierSource"
})
export type CourierSourceView = typeof CourierSourceView.Type

const CourierSourcePage = Schema.Struct({
  items: Schema.Array(CourierSourceView),
  nextCursor: NextCursor
}).annotate({ identifier: "CourierSourcePage" })

const id = "7d2a4c81-5b0e-8e93-a1f6-3c9d0e7b2a54" as CourierSourceId
const creation: CreateCourierSource = { name: "north-express", scheme: "standard-webhooks" }
const secretIds = ["0198c0de-0e01-7000-8000-00000000e010", "0198c0de-0e02-7000-8000-00000000e020"] as const
const first: CourierSourceState = {
  id,
  name: "north-express",
  scheme: {
    signature: { header: "webhook-signature", split: " ", prefix: "v1," },
    encoding: "base64",
    timestamp: { header: "webhook-timestamp", split: null, prefix: null, unit: "s" },
    content: ["{header:webhook-id}", ".", "{timestamp}", ".", "{body}"],
    secret: { encoding: "base64", prefix: "whsec_", normalise: null },
    delivery: "webhook-id"
  },
  toleranceMs: 300_000,
  status: "Active",
  secrets: [{ id: secretIds[0], createdAt: "2026-01-31T09:00:00.000Z", validUntil: null }],
  createdAt: "2026-01-31T09:00:00.000Z",
  updatedAt: "2026-01-31T09:00:00.000Z",
  version: 1,
  links: { self: `/ops/courier-sources/${id}`, events: `/v1/events/courier/${id}` }
}
const source: CourierSourceView = { ...first, correlationId: "1y2p0ij32e8e7" as CorrelationId }
/** Of Standard Webhooks' own documentation. */
const shownOnce = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
const rotated: CourierSourceState = {
  ...first,
  version: 2,
  updatedAt: "2026-02-01T10:00:00.000Z",
  secrets: [
    { id: secretIds[1], createdAt: "2026-02-01T10:00:00.000Z", validUntil: null },
    { id: secretIds[0], createdAt: "2026-01-31T09:00:00.000Z", validUntil: "2026-02-02T10:00:00.000Z" }
  ]
}

const params = { id: idParameter(CourierSourceId) }

export const courierSourceOperations = (parts: OperationParts) => {
  const {
    BearerAuth,
    ChecksAttributes,
    bodyErrors,
    commandErrors,
    CountedAs,
    creationErrors,
    problems,
    RateLimit,
    RequestChecks,
    RequiredScope
  } = parts
  const create = HttpApiEndpoint.post("create", "/", {
    headers: idempotent,
    payload: CreateCourierSource,
    success: HttpApiSchema.WithHeaders(CourierSourceIssued.pipe(HttpApiSchema.status(201)), created),
    error: creationErrors
  })
    .annotate(RequiredScope, "ops:courier-sources.write")
    .annotate(ChecksAttributes, true)
    .annotateMerge(
      described(
        "Create a courier source",
        "The answer shows the secret once. Under an `Idempotency-Key` the source's id follows from tenant and key; the answer to a repeat " +
          "has no secret.",
        { request: creation, 201: { ...first, secret: shownOnce } }
      )
    )

  const list = HttpApiEndpoint.get("list", "/", {
    query: {
      ...paged,
      ...filtered,
      name: parameter(Schema.optionalKey(SourceName), "Only the source with this name"),
      status: parameter(Schema.optionalKey(SourceStatus), "Only those in this state")
    },
    success: CourierSourcePage,
    error: problems.Unavailable
  })
    .annotate(RequiredScope, "ops:courier-sources.read")
    .annotate(ChecksAttributes, true)
    .annotateMerge(
      described("List courier sources, newest first", "Filters are joined by *and*.", {
        200: { items: [source], nextCursor: null }
      })
    )

  const get = HttpApiEndpoint.get("get", "/:id", {
    params,
    ...conditionalRead,
    success: readAnswers(CourierSourceView),
    error: [problems.NotFound, problems.Unavailable]
  })
    .annotate(RequiredScope, "ops:courier-sources.read")
    .annotateMerge(
      described("One courier source", "304 when `If-None-Match` names the version. Never with a secret.", {
        200: source
      })
    )

  const rotate = HttpApiEndpoint.post("rotate", "/:id/secret", {
    params,
    headers: conditional,
    payload: RotateSecret,
    success: HttpApiSchema.WithHeaders(CourierSourceIssued, written),
    error: [...commandErrors, ...bodyErrors]
  })
    .annotate(RequiredScope, "ops:courier-sources.write")
    .annotateMerge(
      described(
        "Give a courier source another secret",
        "The answer shows it once. The secrets before stay valid for `overlap`; of more than three the oldest end at once.",
        { request: { overlap: "24h" }, 200: { ...rotated, secret: shownOnce } }
      )
    )

  const disable = HttpApiEndpoint.delete("disable", "/:id", {
    params,
    headers: conditional,
    success: HttpApiSchema.WithHeaders(CourierSourceState, written),
    error: commandErrors
  })
    .annotate(RequiredScope, "ops:courier-sources.write")
    .annotateMerge(
      described(
        "Disable a courier source",
        "For good: its secrets are deleted and nothing of it is taken in any more. Disabling what is disabled changes nothing.",
        { 200: { ...rotated, status: "Disabled", secrets: [], version: 3 } }
      )
    )

  return HttpApiGroup.make("courier-sources")
    .add(create, rotate, disable)
    .middleware(RateLimit)
    .add(list, get)
    .prefix("/ops/courier-sources")
    .middleware(RequestChecks)
    .middleware(BearerAuth)
    .annotate(CountedAs, "courier-sources")
    .annotateMerge(
      OpenApi.annotations({
        title: "Courier sources",
        description: "Senders whose events are taken in, how they sign, and with which secrets."
      })
    )
}
