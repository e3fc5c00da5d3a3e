/** What an API key is, by which a machine of a tenant is let in; what may be asked of it, what becomes of that, its read model and its messages. */
import { Schema } from "effect"
import { CorrelationId, EpochMillis, TenantId, uuid } from "../Ids.ts"
import type { Rules } from "../Rules.ts"
import { Origin } from "../serviceCall/Spec.ts"
import type { Fields } from "../specification/Specification.ts"
import { common, minutesLater, topic } from "../topics/topic.ts"

/** A key; also the id of its stream. The key's own text begins with it, so that a key is looked up without a search. */
export const ApiKeyId = uuid.pipe(Schema.brand("ApiKeyId"))
export type ApiKeyId = typeof ApiKeyId.Type

/** What people call a key by. Several may have one name: the next key of a rotation, for instance. */
export const ApiKeyName = Schema.String.check(
  Schema.isPattern(/^[a-z0-9][a-z0-9.-]{0,62}$/u, {
    description: "1 to 63 lower-case letters, digits, - and ., beginning with a letter or digit"
  })
)

/** A part of a tenant whose machines report apart. What a key brings in is stored under it. */
export const WorkspaceName = Schema.String.check(
  Schema.isPattern(/^[a-z0-9][a-z0-9-]{0,62}$/u, {
    description: "1 to 63 lower-case letters, digits and -, beginning with a letter or digit"
  })
)
export const defaultWorkspace = "default"

export const ApiKeyStatus = Schema.Literals(["Active", "Revoked"])
export type ApiKeyStatus = typeof ApiKeyStatus.Type

/** Which scopes there are, the API says; a scope that is gone one day still stands in the history. */
const ScopeText = Schema.String.check(Schema.isPattern(/^[a-z0-9:.-]{1,64}$/u))
export const maxKeyScopes = 64

const described = {
  name: ApiKeyName,
  workspace: WorkspaceName,
  scopes: Schema.Array(ScopeText).check(Schema.isMinLength(1), Schema.isMaxLength(maxKeyScopes)),
  /** Null: until it is revoked. */
  expiresAt: Schema.NullOr(EpochMillis),
  /** SHA-256 of the key's whole text in base64url. The text has 190 random bits, so that nothing is found out from it. */
  digest: Schema.String
}

export const ApiKeyFacts = Schema.Struct({
  ...described,
  status: ApiKeyStatus,
  createdAt: EpochMillis,
  updatedAt: EpochMillis
})
export type ApiKeyFacts = typeof ApiKeyFacts.Type

const target = { apiKeyId: ApiKeyId, at: EpochMillis }

/** What may be asked of a key. */
export const ApiKeyCommand = Schema.TaggedUnion({
  CreateApiKey: { ...target, key: Schema.Struct(described), fingerprint: Schema.NullOr(Schema.String), origin: Origin },
  RevokeApiKey: target
})
export type ApiKeyCommand = typeof ApiKeyCommand.Type

/** Facts about a key. Every case is stored for ever: add cases, never edit one. */
export const ApiKeyEvent = Schema.TaggedUnion({
  ApiKeyCreated: {
    key: Schema.Struct(described),
    createdAt: EpochMillis,
    fingerprint: Schema.NullOr(Schema.String),
    origin: Origin
  },
  ApiKeyRevoked: {}
})
export type ApiKeyEvent = typeof ApiKeyEvent.Type

/** What an accepted command is answered with: the key as the command left it. */
export const ApiKeyOutcome = Schema.TaggedUnion({ ApiKeyAccepted: { apiKeyId: ApiKeyId, key: ApiKeyFacts } })
export type ApiKeyOutcome = typeof ApiKeyOutcome.Type

const about = { apiKeyId: ApiKeyId }

export class ApiKeyNotFound extends Schema.TaggedError<ApiKeyNotFound>()("ApiKeyNotFound", about) {}
/** The id was derived from an idempotency key that once named another request. */
export class ApiKeyIdTaken extends Schema.TaggedError<ApiKeyIdTaken>()("ApiKeyIdTaken", about) {}

/** Why the answer to a command about a key is no. Nothing was stored. */
export const ApiKeyRejection = Schema.Union([ApiKeyNotFound, ApiKeyIdTaken])
export type ApiKeyRejection = typeof ApiKeyRejection.Type

/** The read model of a key: one row, in step with the events. */
export interface ApiKeyRow extends ApiKeyFacts {
  readonly _tag: "ApiKeyRow"
  readonly tenantId: TenantId
  readonly apiKeyId: ApiKeyId
  readonly version: number
  readonly correlationId: string
}

/** What lists of keys can be filtered by. */
export const apiKeyFields = {
  name: { type: "text", read: ({ name }) => name },
  workspace: { type: "text", read: ({ workspace }) => workspace },
  status: { type: "text", read: ({ status }) => status, oneOf: ApiKeyStatus.literals },
  expiresAt: { type: "instant", read: ({ expiresAt }) => expiresAt },
  createdAt: { type: "instant", read: ({ createdAt }) => createdAt },
  updatedAt: { type: "instant", read: ({ updatedAt }) => updatedAt },
  version: { type: "number", read: ({ version }) => version }
} satisfies Fields<ApiKeyRow>

/** None: two keys of one name stand beside each other while one takes the other's place. */
export const apiKeyRules = { required: [], unique: [], apart: [] } as const satisfies Rules<keyof typeof apiKeyFields>

const { digest: _digest, name: keyName, ...others } = ApiKeyFacts.fields

/** In messages the name is called the key's: a field `name` there is a person's. The digest stays here. */
const KeyTold = Schema.Struct({ keyName, ...others })

/** Version 1 of the message on every `ops.api-key.*` topic. */
export const ApiKeyChanged = Schema.Struct({
  schemaVersion: Schema.Literal(1),
  tenantId: TenantId,
  apiKeyId: ApiKeyId,
  /** The stream's version, so that a reader can tell which message is newer. */
  version: Schema.Int,
  key: KeyTold,
  occurredAt: EpochMillis,
  correlationId: CorrelationId
}).annotate({ identifier: "ApiKeyChanged" })
export type ApiKeyChanged = typeof ApiKeyChanged.Type

const key: typeof KeyTold.Type = {
  keyName: "web-shop",
  workspace: defaultWorkspace,
  scopes: ["ops:events.write"],
  expiresAt: null,
  status: "Active",
  createdAt: minutesLater(0),
  updatedAt: minutesLater(0)
}
const created: ApiKeyChanged = {
  ...common,
  apiKeyId: "0198c0de-0a01-7000-8000-00000000a001" as ApiKeyId,
  version: 1,
  key,
  occurredAt: minutesLater(0)
}

export const apiKeyTopics = {
  "ops.api-key.created": topic(ApiKeyChanged, "An API key was made.", created),
  "ops.api-key.revoked": topic(ApiKeyChanged, "An API key was revoked, for good.", {
    ...created,
    version: 2,
    key: { ...key, status: "Revoked", updatedAt: minutesLater(90) },
    occurredAt: minutesLater(90)
  })
} as const
export type ApiKeyTopic = keyof typeof apiKeyTopics
