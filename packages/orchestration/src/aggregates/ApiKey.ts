/** The api-key aggregate: made once, revoked for good. */
import {
  type ApiKeyChanged,
  type ApiKeyCommand,
  ApiKeyEvent,
  ApiKeyFacts,
  type ApiKeyId,
  ApiKeyIdTaken,
  ApiKeyNotFound,
  type ApiKeyOutcome,
  type ApiKeyRejection,
  type ApiKeyTopic
} from "@dueline/contracts/apiKey/ApiKey"
import { CorrelationId, type EpochMillis, type StreamId } from "@dueline/contracts/Ids"
import { Result, Schema } from "effect"
import type { Aggregate } from "../engine/Aggregate.ts"

/** In snapshots too: a changed shape needs another `form` there. */
const ApiKeyState = Schema.TaggedUnion({
  Unknown: {},
  Known: { key: ApiKeyFacts, fingerprint: Schema.NullOr(Schema.String), correlationId: CorrelationId }
})
type ApiKeyState = typeof ApiKeyState.Type

const initial: ApiKeyState = { _tag: "Unknown" }

/** Total: an event that does not apply changes nothing. */
const evolve = (state: ApiKeyState, event: ApiKeyEvent, at: EpochMillis): ApiKeyState => {
  if (event._tag === "ApiKeyCreated") {
    const { createdAt, fingerprint, key, origin } = event
    const { correlationId } = origin
    return { _tag: "Known", key: { ...key, status: "Active", createdAt, updatedAt: at }, fingerprint, correlationId }
  }
  return state._tag === "Unknown" ? state : { ...state, key: { ...state.key, status: "Revoked", updatedAt: at } }
}

type Decision = Result.Result<ReadonlyArray<ApiKeyEvent>, ApiKeyRejection>

const nothing: Decision = Result.succeed([])
const one = (event: ApiKeyEvent): Decision => Result.succeed([event])

/** Asking twice for the same thing decides nothing the second time; the key of a repeat is not the one that was shown. */
const decide = (command: ApiKeyCommand, state: ApiKeyState): Decision => {
  const { apiKeyId } = command
  if (command._tag === "CreateApiKey") {
    const { at, fingerprint, key, origin } = command
    if (state._tag === "Unknown") return one({ _tag: "ApiKeyCreated", key, createdAt: at, fingerprint, origin })
    return state.fingerprint === fingerprint ? nothing : Result.fail(new ApiKeyIdTaken({ apiKeyId }))
  }
  if (state._tag === "Unknown") return Result.fail(new ApiKeyNotFound({ apiKeyId }))
  return state.key.status === "Revoked" ? nothing : one({ _tag: "ApiKeyRevoked" })
}

const topics: Readonly<Record<ApiKeyEvent["_tag"], ApiKeyTopic>> = {
  ApiKeyCreated: "ops.api-key.created",
  ApiKeyRevoked: "ops.api-key.revoked"
}

export const ApiKey: Aggregate<ApiKeyCommand, ApiKeyState, ApiKeyEvent, ApiKeyRejection, ApiKeyOutcome> = {
  category: "api-key",
  event: ApiKeyEvent,
  upcasters: {},
  snapshot: { form: 1, state: ApiKeyState },
  streamOf: ({ apiKeyId }) => apiKeyId as string as StreamId,
  opens: ({ _tag }) => _tag === "CreateApiKey",
  ended: (state) => state._tag === "Known" && state.key.status === "Revoked",
  initial,
  correlation: (state) => (state._tag === "Unknown" ? null : state.correlationId),
  evolve,
  decide,
  respond: ({ _tag, apiKeyId }, after) => {
    if (after._tag === "Unknown") throw new Error(`an accepted ${_tag} left no API key behind`)
    return { _tag: "ApiKeyAccepted", apiKeyId, key: after.key }
  },
  attachment: (_command, before) => before,
  ruled: false,
  requires: () => [],
  refuse: () => null,
  project: (after, { streamId, tenantId, version }) => {
    if (after._tag === "Unknown") return null
    const { correlationId, key } = after
    return { _tag: "ApiKeyRow", tenantId, apiKeyId: streamId as string as ApiKeyId, version, ...key, correlationId }
  },
  announce: ({ _tag }, after, { at, tenantId, version }, { apiKeyId }) => {
    if (after._tag === "Unknown") return null
    const { correlationId } = after
    const { digest: _, name: keyName, ...others } = after.key
    const key = { keyName, ...others }
    const payload: ApiKeyChanged = {
      schemaVersion: 1,
      tenantId,
      apiKeyId,
      version,
      key,
      occurredAt: at,
      correlationId
    }
    return { topic: topics[_tag], payload }
  },
  intend: () => []
}
