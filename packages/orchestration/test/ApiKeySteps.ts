/** Commands about one API key, and random lives of it. */
import { type ApiKeyCommand, ApiKeyId } from "@dueline/contracts/apiKey/ApiKey"
import { Schema } from "effect"
import * as Field from "./FieldSample.ts"

const { ms, origin, t0 } = Field
export const apiKeyId = ApiKeyId.make("00000000-0000-7000-8000-e40000000001")
export const key = { name: "web-shop", workspace: "shop", scopes: ["ops:events.write"], expiresAt: null, digest: "d1" }

export const create = (fingerprint = "f1", digest = "d1", at = 0): ApiKeyCommand => ({
  _tag: "CreateApiKey",
  apiKeyId,
  at: ms(t0 + at),
  key: { ...key, digest },
  fingerprint,
  origin
})
export const revoke = (at = 10): ApiKeyCommand => ({ _tag: "RevokeApiKey", apiKeyId, at: ms(t0 + at) })

export const ApiKeyStory = Schema.Array(
  Schema.Struct({
    what: Schema.Literals(["create", "create", "revoke"]),
    fingerprint: Schema.Literals(["f1", "f1", "f2"]),
    digest: Schema.Literals(["d1", "d2"])
  })
)

export const apiKeyCommands = (story: typeof ApiKeyStory.Type): ReadonlyArray<ApiKeyCommand> =>
  story.map(({ digest, fingerprint, what }, at) => (what === "create" ? create(fingerprint, digest, at) : revoke(at)))
