/** The HTTP operations on API keys: what is sent, what is answered, and an example of each. */
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
import { parseDelay, Timestamp, Version } from "../api/Wire.ts"
import { CorrelationId } from "../Ids.ts"
import { ApiKeyId, ApiKeyName, ApiKeyStatus, defaultWorkspace, maxKeyScopes, WorkspaceName } from "./ApiKey.ts"

const minLifeMs = 60_000
const maxLifeMs = 3_650 * 86_400_000

const Life = Schema.String.annotate({
  description: "How long the key is good: `1m` to `3650d`; until it is revoked when left out",
  examples: ["90d", "PT12H"]
}).check(
  Schema.isMaxCodePoints(40).abort(),
  Schema.makeFilter((text: string) => {
    const life = parseDelay(text, "down")
    return (life >= minLifeMs && life <= maxLifeMs) || "is not a duration from 1m to 3650d"
  })
)

/** A text, so that a scope that there is not, and one that the asker has not, are told in the same place. */
const Scopes = Schema.Array(Schema.String.check(Schema.isMaxCodePoints(64))).check(
  Schema.isMinLength(1),
  Schema.isMaxLength(maxKeyScopes)
)

export const CreateApiKey = Schema.Struct({
  name: ApiKeyName,
  workspace: Schema.optionalKey(
    WorkspaceName.annotate({
      description: `What it brings in is stored under it; \`${defaultWorkspace}\` when left out`
    })
  ),
  scopes: Scopes.annotate({ description: "What it may do: none that the asker has not" }),
  expiresIn: Schema.optionalKey(Life)
}).annotate({ identifier: "CreateApiKey" })
export type CreateApiKey = typeof CreateApiKey.Type

const state = {
  id: ApiKeyId,
  name: ApiKeyName,
  workspace: WorkspaceName,
  scopes: Schema.Array(Schema.String),
  prefix: Schema.String.annotate({ description: "How the key's text begins: which key it is, and not what it is" }),
  status: ApiKeyStatus,
  createdAt: Timestamp,
  updatedAt: Timestamp,
  expiresAt: Schema.NullOr(Timestamp),
  version: Version,
  links: Schema.Struct({ self: Schema.String })
}

/** The answer to a revocation. */
export const ApiKeyState = Schema.Struct(state).annotate({ identifier: "ApiKeyState" })
export type ApiKeyState = typeof ApiKeyState.Type

export const ApiKeyIssued = Schema.Struct({
  ...state,
  key: Schema.NullOr(Schema.String).annotate({
    description: "Shown once: null in the answer to a repeat. Whoever lost it makes another and revokes this one"
  })
}).annotate({ identifier: "ApiKeyIssued" })
export type ApiKeyIssued = typeof ApiKeyIssued.Type

export const ApiKeyView = Schema.Struct({
  ...state,
  lastUsedAt: Schema.NullOr(Timestamp).annotate({ description: "To about a minute; null when it was never used" }),
  correlationId: CorrelationId
}).annotate({ identifier: "ApiKey" })
export type ApiKeyView = typeof ApiKeyView.Type

const ApiKeyPage = Schema.Struct({ items: Schema.Array(ApiKeyView), nextCursor: NextCursor }).annotate({
  identifier: "ApiKeyPage"
})

const id = "3c1f5a90-7b2e-8d44-b6a1-0e9d2c7f4b13" as ApiKeyId
const first: ApiKeyState = {
  id,
  name: "web-shop",
  workspace: defaultWorkspace,
  scopes: ["ops:events.write"],
  prefix: "dlk_1pG4kT0OaYbXw3mC7cRl9x",
  status: "Active",
  createdAt: "2026-01-31T09:00:00.000Z",
  updatedAt: "2026-01-31T09:00:00.000Z",
  expiresAt: null,
  version: 1,
  links: { self: `/v1/api-keys/${id}` }
}
const view: ApiKeyView = {
  ...first,
  lastUsedAt: "2026-02-01T10:00:00.000Z",
  correlationId: "1y2p0ij32e8e7" as CorrelationId
}
const creation: CreateApiKey = { name: "web-shop", scopes: ["ops:events.write"] }

const params = { id: idParameter(ApiKeyId) }

export const apiKeyOperations = (parts: OperationParts) => {
  const {
    BearerAuth,
    ChecksAttributes,
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
    payload: CreateApiKey,
    success: HttpApiSchema.WithHeaders(ApiKeyIssued.pipe(HttpApiSchema.status(201)), created),
    error: creationErrors
  })
    .annotate(RequiredScope, "ops:api-keys.write")
    .annotate(ChecksAttributes, true)
    .annotateMerge(
      described(
        "Make an API key",
        "The answer shows the key once; the store has a hash of it. A scope that there is not, or that the asker has not, is 422. Under an " +
          "`Idempotency-Key` the answer to a repeat has no key.",
        { request: creation, 201: { ...first, key: `${first.prefix}…` } }
      )
    )

  const list = HttpApiEndpoint.get("list", "/", {
    query: {
      ...paged,
      ...filtered,
      name: parameter(Schema.optionalKey(ApiKeyName), "Only those with this name"),
      workspace: parameter(Schema.optionalKey(WorkspaceName), "Only those of this workspace"),
      status: parameter(Schema.optionalKey(ApiKeyStatus), "Only those in this state")
    },
    success: ApiKeyPage,
    error: problems.Unavailable
  })
    .annotate(RequiredScope, "ops:api-keys.read")
    .annotate(ChecksAttributes, true)
    .annotateMerge(
      described("List API keys, newest first", "Filters are joined by *and*.", {
        200: { items: [view], nextCursor: null }
      })
    )

  const get = HttpApiEndpoint.get("get", "/:id", {
    params,
    ...conditionalRead,
    success: readAnswers(ApiKeyView),
    error: [problems.NotFound, problems.Unavailable]
  })
    .annotate(RequiredScope, "ops:api-keys.read")
    .annotateMerge(
      described("One API key", "304 when `If-None-Match` names the version: a use is no new one.", { 200: view })
    )

  const revoke = HttpApiEndpoint.delete("revoke", "/:id", {
    params,
    headers: conditional,
    success: HttpApiSchema.WithHeaders(ApiKeyState, written),
    error: commandErrors
  })
    .annotate(RequiredScope, "ops:api-keys.write")
    .annotateMerge(
      described(
        "Revoke an API key",
        "For good. The process that answers refuses it from then on, the others as soon as they hear of it: within a second, and within a " +
          "minute while the bus is away. Revoking what is revoked changes nothing.",
        { 200: { ...first, status: "Revoked", version: 2 } }
      )
    )

  return HttpApiGroup.make("api-keys")
    .add(create, revoke)
    .middleware(RateLimit)
    .add(list, get)
    .prefix("/v1/api-keys")
    .middleware(RequestChecks)
    .middleware(BearerAuth)
    .annotate(CountedAs, "api-keys")
    .annotateMerge(
      OpenApi.annotations({
        title: "API keys",
        description: "What machines of a tenant are let in by, what each may do, and when it was used."
      })
    )
}
