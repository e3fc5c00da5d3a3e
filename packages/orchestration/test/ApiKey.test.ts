/** What an API key answers, and that its digest does not leave with what is told. */
import { assert, describe, it } from "@effect/vitest"
import { type ApiKeyEvent, ApiKeyIdTaken, ApiKeyNotFound } from "@dueline/contracts/apiKey/ApiKey"
import { ApiKey } from "../src/aggregates/ApiKey.ts"
import { aggregateLaws } from "./aggregateLaws.ts"
import { AggregateUnderTest } from "./AggregateUnderTest.ts"
import * as Field from "./FieldSample.ts"
import { given } from "./given.ts"
import * as Steps from "./ApiKeySteps.ts"

const { envelope, origin, t0 } = Field
const { apiKeyId, create, key, revoke } = Steps

const created: ApiKeyEvent = { _tag: "ApiKeyCreated", key, createdAt: t0, fingerprint: "f1", origin }
const revoked: ApiKeyEvent = { _tag: "ApiKeyRevoked" }

aggregateLaws({
  aggregate: ApiKey,
  story: Steps.ApiKeyStory,
  commandsOf: Steps.apiKeyCommands,
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
