/** What an API key answers, and that its digest does not leave with what is told. */
import { assert, describe, it } from "@effect/vitest"
import {
  type ApiKeyCommand,
  type ApiKeyEvent,
  ApiKeyId,
  ApiKeyIdTaken,
  ApiKeyNotFound
} from "@dueline/contracts/apiKey/ApiKey"
import { Schema } from "effect"
import { ApiKey } from "../src/aggregates/ApiKey.ts"
import { aggregateLaws } from "./aggregateLaws.ts"
import { AggregateUnderTest } from "./AggregateUnderTest.ts"
import * as Field from "./FieldSample.ts"
import { given } from "./given.ts"

const { envelope, ms, origin, t0 } = Field
const apiKeyId = ApiKeyId.make("00000000-0000-7000-8000-e40000000001")
const key = { name: "web-shop", workspace: "shop", scopes: ["ops:events.write"], expiresAt: null, digest: "d1" }

const create = (fingerprint = "f1", digest = "d1", at = 0): ApiKeyCommand => ({
  _tag: "CreateApiKey",
  apiKeyId,
  at: ms(t0 + at),
  key: { ...key, digest },
  fingerprint,
  origin
})
const revoke = (at = 10): ApiKeyCommand => ({ _tag: "RevokeApiKey", apiKeyId, at: ms(t0 + at) })

const created: ApiKeyEvent = { _tag: "ApiKeyCreated", key, createdAt: t0, fingerprint: "f1", origin }
const revoked: ApiKeyEvent = { _tag: "ApiKeyRevoked" }

const Story = Schema.Array(
  Schema.Struct({
    what: Schema.Literals(["create", "create", "revoke"]),
    fingerprint: Schema.Literals(["f1", "f1", "f2"]),
    digest: Schema.Literals(["d1", "d2"])
  })
)

aggregateLaws({
  aggregate: ApiKey,
  story: Story,
  commandsOf: (story) =>
    story.map(({ digest, fingerprint, what }, at) =>
      what === "create" ? create(fingerprint, digest, at) : revoke(at)
    ),
  envelope: (command) => envelope(command),
  opening: "ApiKeyCreated"
})

describe("an API key", () => {
  it("is made once and revoked for good", () => {
    given(ApiKey, []).when(create()).then([created])
    given(ApiKey, [created]).when(create("f2")).thenRejected(new ApiKeyIdTaken({ apiKeyId }))
    given(ApiKey, []).when(revoke()).thenRejected(new ApiKeyNotFound({ apiKeyId }))
    given(ApiKey, [created]).when(revoke()).then([revoked])
    given(ApiKey, [created, revoked]).when(revoke()).then([])
  })

  it("asked for again keeps the digest of the first, whose key was shown", () => {
    given(ApiKey, [created]).when(create("f1", "d2")).then([])
  })

  it("is told of without its digest, and stays revoked when it is asked for again", () => {
    const on = new AggregateUnderTest(ApiKey, (command) => envelope(command))
    for (const command of [create("f1", "the digest"), revoke(), create("f1", "the digest", 20)]) on.ask(command)
    const { state } = on.memory
    assert.strictEqual(state._tag === "Known" ? state.key.status : null, "Revoked")
    const told = on.turns.map(({ commit }) => commit?.outbox)
    assert.notInclude(JSON.stringify(told), "the digest")
  })
})
