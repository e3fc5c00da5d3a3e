/** Tokens for API keys, by RFC 6749: what is a form, who the client is, what it gets, and what every mistake is answered with. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import { readTokenRequest } from "../src/oauth/tokenRequest.ts"
import { Edge, later, layer, tenant } from "./Edge.ts"

const form = { "content-type": "application/x-www-form-urlencoded" }
const basic = (name: string, password: string) =>
  `Basic ${Buffer.from(`${encodeURIComponent(name)}:${encodeURIComponent(password)}`).toString("base64")}`

const newKey = (scopes: ReadonlyArray<string>, more: object = {}) =>
  Effect.gen(function* () {
    const { send } = yield* Edge
    const reply = yield* send({
      method: "POST",
      path: "/v1/api-keys",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: "machine", scopes, ...more })
    })
    assert.strictEqual(reply.status, 201, reply.body)
    return { id: String(reply.json["id"]), key: String(reply.json["key"]) }
  })

const ask = (parameters: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}) =>
  Effect.flatMap(Edge, ({ send }) =>
    send({
      method: "POST",
      path: "/oauth/token",
      headers: { ...form, authorization: "", ...headers },
      body: new URLSearchParams({ grant_type: "client_credentials", ...parameters }).toString()
    })
  )

const scopes = ["ops:calls.read", "ops:calls.write"]

it.layer(layer, { excludeTestServices: true })("a token for an API key", (it) => {
  it.effect(
    "is given for the key in the form or in Authorization, does what the key may, and is nobody else's to keep",
    () =>
      Effect.gen(function* () {
        const { submit } = yield* Edge
        const { id, key } = yield* newKey(scopes)
        for (const reply of [
          yield* ask({ client_id: id, client_secret: key }),
          yield* ask({ client_secret: key }),
          yield* ask({}, { authorization: basic(id, key) }),
          yield* ask({}, { authorization: basic(key, "") }),
          yield* ask({ client_id: id }, { authorization: basic(id, key) })
        ]) {
          assert.strictEqual(reply.status, 200, reply.body)
          assert.deepInclude(reply.json, { token_type: "Bearer", expires_in: 900, scope: scopes.join(" ") })
          assert.strictEqual(reply.headers["cache-control"], "no-store")
          const authorization = `Bearer ${String(reply.json["access_token"])}`
          assert.strictEqual((yield* submit(later, { authorization })).status, 202)
        }
      }),
    { tags: ["ADR-0037.1"] }
  )

  it.effect(
    "has the scopes that are asked for, and none that the key has not",
    () =>
      Effect.gen(function* () {
        const { submit } = yield* Edge
        const { key } = yield* newKey(scopes)
        const narrow = yield* ask({ client_secret: key, scope: "ops:calls.read" })
        assert.strictEqual(narrow.json["scope"], "ops:calls.read")
        const authorization = `Bearer ${String(narrow.json["access_token"])}`
        assert.strictEqual((yield* submit(later, { authorization })).status, 403)
        for (const scope of ["ops:bins.write", "ops:tenants.write", "ops:calls.read  x", 'a"b', " "]) {
          const refused = yield* ask({ client_secret: key, scope })
          assert.deepStrictEqual([refused.status, refused.json["error"]], [400, "invalid_scope"], scope)
        }
      }),
    { tags: ["ADR-0037.1"] }
  )

  it.effect(
    "is no longer good than the key, and is not given for one that was revoked",
    () =>
      Effect.gen(function* () {
        const { send } = yield* Edge
        const short = yield* newKey(scopes, { expiresIn: "1h" })
        assert.strictEqual((yield* ask({ client_secret: short.key })).json["expires_in"], 900)
        const { id, key } = yield* newKey(scopes)
        yield* send({ method: "DELETE", path: `/v1/api-keys/${id}` })
        const refused = yield* ask({ client_secret: key })
        assert.deepStrictEqual([refused.status, refused.json["error"]], [401, "invalid_client"])
      }),
    { tags: ["ADR-0037.1"] }
  )

  it.effect(
    "every mistake has its answer, and whatever is wrong with a key has one and the same",
    () =>
      Effect.gen(function* () {
        const { send } = yield* Edge
        const { id, key } = yield* newKey(scopes)
        const post = (body: string | Uint8Array, headers: Readonly<Record<string, string>> = form) =>
          send({ method: "POST", path: "/oauth/token", headers: { authorization: "", ...headers }, body })
        const ok = `grant_type=client_credentials&client_secret=${key}`
        const wrong: ReadonlyArray<
          readonly [status: number, error: string, reply: Effect.Success<ReturnType<typeof post>>]
        > = [
          [400, "invalid_request", yield* post("")],
          [400, "invalid_request", yield* post(ok, { "content-type": "application/json" })],
          [400, "invalid_request", yield* post(`${ok}&grant_type=client_credentials`)],
          [400, "invalid_request", yield* post(`${ok}&scope=a&scope=b`)],
          [400, "invalid_request", yield* post(`${ok}&x=%zz`)],
          [400, "invalid_request", yield* post(Buffer.from([0x67, 0xff, 0x3d, 0x61]))],
          [400, "invalid_request", yield* post(`${ok}&pad=${"x".repeat(9_000)}`)],
          [400, "invalid_request", yield* post(ok, { ...form, authorization: basic(id, key) })],
          [400, "unsupported_grant_type", yield* post(ok.replace("client_credentials", "password"))],
          [401, "invalid_client", yield* post("grant_type=client_credentials")],
          [401, "invalid_client", yield* post("grant_type=client_credentials&client_secret=")],
          [401, "invalid_client", yield* post("grant_type=client_credentials", { ...form, authorization: "Basic !!" })],
          [
            401,
            "invalid_client",
            yield* post("grant_type=client_credentials", { ...form, authorization: "Basic /w==" })
          ],
          [401, "invalid_client", yield* post("grant_type=client_credentials", { ...form, authorization: "Digest x" })]
        ]
        for (const [status, error, reply] of wrong) {
          assert.deepStrictEqual([reply.status, reply.json["error"]], [status, error], reply.body)
          assert.strictEqual(reply.headers["cache-control"], "no-store")
          if (status === 401) assert.match(reply.headers["www-authenticate"] ?? "", /^Basic realm=/u)
        }
        const bad = [
          yield* ask({ client_secret: "dlk_nothing" }),
          yield* ask({ client_secret: key.replace(/.$/u, (last) => (last === "0" ? "1" : "0")) }),
          yield* ask({ client_id: "00000000-0000-7000-8000-00000000dead", client_secret: key })
        ]
        for (const { body, status } of bad) assert.deepStrictEqual([status, body], [401, bad[0]?.body])
      }),
    { tags: ["ADR-0037.1"] }
  )

  it.effect(
    "a tenant that is suspended gets none, and hears why",
    () =>
      Effect.gen(function* () {
        const { mint, refresh, send } = yield* Edge
        const { key } = yield* newKey(scopes)
        const operator = yield* mint({ subject: "o", tenantId: tenant, scopes: ["ops:tenants.write"], ttlSeconds: 60 })
        const headers = { authorization: `Bearer ${operator}`, "content-type": "application/json" }
        const made = yield* send({ method: "POST", path: "/ops/tenants", headers, body: '{"workspace":"oauth"}' })
        assert.strictEqual(made.status, 201)
        // The edge's own tenant was never made by a command, so another one stands for it.
        const owner = yield* mint({
          subject: "o",
          tenantId: made.json["id"] as typeof tenant,
          scopes: ["ops:api-keys.write", ...scopes],
          ttlSeconds: 60
        })
        const own = yield* send({
          method: "POST",
          path: "/v1/api-keys",
          headers: { ...headers, authorization: `Bearer ${owner}` },
          body: JSON.stringify({ name: "machine", scopes })
        })
        const path = `/ops/tenants/${String(made.json["id"])}/suspend`
        yield* send({ method: "POST", path, headers, body: '{"reason":"unpaid"}' })
        yield* refresh
        const refused = yield* ask({ client_secret: String(own.json["key"]) })
        assert.deepStrictEqual([refused.status, refused.json["error"]], [400, "unauthorized_client"])
        assert.include(refused.body, "unpaid")
        assert.strictEqual((yield* ask({ client_secret: key })).status, 200)
      }),
    { tags: ["ADR-0037.1"] }
  )
})

describe("a request for a token", { tags: ["ADR-0037.1"] }, () => {
  const Part = Schema.String
  it.prop(
    "is read back as it was written, whatever is in it, from the form and from Authorization alike",
    { id: Part, key: Part, scope: Schema.Literals(["a", "a b", "ops:calls.read"]) },
    ({ id, key, scope }) => {
      if (!id.isWellFormed() || !key.isWellFormed() || key === "" || id === "") return
      const parameters = { grant_type: "client_credentials", scope }
      const inForm = readTokenRequest(
        form,
        Buffer.from(new URLSearchParams({ ...parameters, client_id: id, client_secret: key }).toString())
      )
      const inHeader = readTokenRequest(
        { ...form, authorization: basic(id, key) },
        Buffer.from(new URLSearchParams(parameters).toString())
      )
      const expected = Result.succeed({ grant: "client_credentials", clientId: id, key, scopes: scope.split(" ") })
      assert.deepStrictEqual([inForm, inHeader], [expected, expected])
    }
  )

  it.prop("never throws", { body: Schema.String, authorization: Schema.String }, ({ authorization, body }) => {
    readTokenRequest({ ...form, authorization }, Buffer.from(body))
    readTokenRequest({ "content-type": authorization }, Buffer.from(`grant_type=client_credentials&${body}`))
  })
})
