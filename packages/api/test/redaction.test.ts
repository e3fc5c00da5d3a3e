import { noRedaction } from "@dueline/contracts/redaction"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Edge, layer as edge } from "./Edge.ts"

const path = "/v1/redaction"
const unsaid = { ...noRedaction, set: null }

const put = (body: unknown, headers: Readonly<Record<string, string>> = {}) =>
  Effect.flatMap(Edge, ({ send }) =>
    send({
      method: "PUT",
      path,
      body: JSON.stringify(body),
      headers: { "content-type": "application/json", ...headers }
    })
  )

const rule = { patterns: ["field:memberNo", "MRN-*"], failedRequests: "drop" }

layer(edge, { excludeTestServices: true })("what a tenant has struck out", (it) => {
  it.effect(
    "is what it said last, is in the audit log without the patterns, and no other tenant's",
    () =>
      Effect.gen(function* () {
        const { otherToken, send } = yield* Edge
        const get = (headers: Readonly<Record<string, string>> = {}) => send({ method: "GET", path, headers })
        assert.deepStrictEqual((yield* get()).json, unsaid)
        const { json, status } = yield* put(rule)
        assert.strictEqual(status, 200, JSON.stringify(json))
        assert.deepInclude(json, rule)
        assert.deepStrictEqual((yield* get()).json, json)
        assert.deepStrictEqual((yield* get({ authorization: `Bearer ${otherToken}` })).json, unsaid)
        const { body } = yield* send({ method: "GET", path: "/v1/audit?limit=5" })
        assert.include(body, "2 patterns, requests of failed calls dropped")
        assert.notInclude(body, "memberNo")
        assert.deepStrictEqual((yield* send({ method: "DELETE", path })).json, unsaid)
      }),
    { tags: ["ADR-0012.13"] }
  )

  it.effect(
    "is refused where it would strike out everything, nothing, or too much to look for",
    () =>
      Effect.gen(function* () {
        for (const pattern of ["*", " * ", "a", "field:", "field:two words", "two\nlines", "x".repeat(257), 7])
          assert.deepInclude(
            (yield* put({ ...rule, patterns: [pattern] })).json,
            { code: "invalid_request" },
            `${pattern}`
          )
        const many = Array.from({ length: 33 }, (_, n) => `never-${n}`)
        assert.strictEqual((yield* put({ ...rule, patterns: many })).status, 422)
        assert.strictEqual((yield* put({ patterns: [] })).status, 422)
        assert.strictEqual((yield* put({ ...rule, failedRequests: "burn" })).status, 422)
      }),
    { tags: ["ADR-0012.13"] }
  )
})
