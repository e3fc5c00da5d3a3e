/** API keys over the edge: made and shown once, good wherever a token is, and refused alike whatever is wrong with them. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { Edge, layer as edge, otherTenant, tenant } from "./Edge.ts"
import { call, codeOf, made } from "./field.ts"

const keys = "/v1/api-keys"
const bins = { name: "bins", scopes: ["ops:bins.read"] }

const make = (body: object = bins) =>
  Effect.map(call("POST", keys, body), (reply) => made<{ readonly key: string; readonly prefix: string }>(reply))

/** A read of bins with these headers and no token. */
const read = (headers: Readonly<Record<string, string>>, path = "/ops/bins") =>
  call("GET", path, undefined, { authorization: "", ...headers })
const bearer = (key: string) => ({ authorization: `Bearer ${key}` })
const basic = (user: string) => ({ authorization: `Basic ${Buffer.from(user).toString("base64")}` })

layer(edge)("API keys", (it) => {
  it.effect(
    "a key is shown once: in the answer to the request that made it, and in no repeat, read, row, event or message",
    () =>
      Effect.gen(function* () {
        const once = { "idempotency-key": "key-once" }
        const first = yield* call("POST", keys, { ...bins, workspace: "shop", expiresIn: "90d" }, once)
        const { id, key, prefix } = made<{ readonly key: string; readonly prefix: string }>(first)
        assert.match(key, /^dlk_[0-9A-Za-z]{60}$/u)
        assert.isTrue(key.startsWith(prefix))
        const again = yield* call("POST", keys, { ...bins, workspace: "shop", expiresIn: "90d" }, once)
        assert.deepStrictEqual([again.status, again.json["id"], again.json["key"]], [201, id, null])
        const shown = yield* call("GET", `${keys}/${id}`)
        assert.deepInclude(shown.json, { name: "bins", workspace: "shop", prefix, status: "Active", lastUsedAt: null })
        const listed = yield* call("GET", `${keys}?name=bins&workspace=shop`)
        assert.lengthOf(listed.json["items"] as ReadonlyArray<unknown>, 1)
        const { store } = yield* Edge
        for (const text of [shown.body, listed.body, JSON.stringify(store.dump())]) {
          assert.notInclude(text, key)
          assert.notInclude(text, key.slice(prefix.length, prefix.length + 32))
        }
        assert.deepStrictEqual(codeOf(yield* call("GET", `${keys}/${otherTenant}`)), [404, "api_key_not_found"])
      }),
    { tags: ["ADR-0032.2"] }
  )

  it.effect("a key opens what its scopes say, as bearer, in a header of its own, and as the name of a user", () =>
    Effect.gen(function* () {
      const { key } = yield* make()
      for (const headers of [bearer(key), { "x-api-key": key }, basic(`${key}:`), basic(key)]) {
        assert.strictEqual((yield* read(headers)).status, 200, JSON.stringify(headers))
        assert.deepStrictEqual(codeOf(yield* read(headers, "/ops/orders")), [403, "insufficient_scope"])
        const foreign = yield* read({ ...headers, "x-tenant-id": otherTenant })
        assert.deepStrictEqual(codeOf(foreign), [403, "foreign_tenant"])
        assert.strictEqual((yield* read({ ...headers, "x-tenant-id": tenant })).status, 200)
      }
    })
  )

  it.effect(
    "mistyped, wrong, expired, revoked or never made: the answer is the same",
    () =>
      Effect.gen(function* () {
        const { send, store } = yield* Edge
        const expiring = yield* make({ ...bins, expiresIn: "1m" })
        const gone = yield* make()
        const other = yield* make()
        assert.strictEqual((yield* read(bearer(gone.key))).status, 200)
        assert.strictEqual((yield* read(bearer(expiring.key))).status, 200)
        const revoked = yield* call("DELETE", `${keys}/${gone.id}`)
        assert.deepInclude(revoked.json, { status: "Revoked", version: 2 })
        assert.strictEqual((yield* call("DELETE", `${keys}/${gone.id}`)).json["version"], 2)
        yield* TestClock.adjust("2 minutes")
        const { drawKey } = yield* Effect.promise(() => import("@dueline/identity/apiKeyText"))
        const { ApiKeyId } = yield* Effect.promise(() => import("@dueline/contracts/apiKey/ApiKey"))
        const refused = [
          gone.key,
          expiring.key,
          drawKey(ApiKeyId.make(other.id)),
          drawKey(ApiKeyId.make(tenant)),
          `${other.key.slice(0, -1)}-`,
          "dlk_",
          `dlk_${"a".repeat(8_000)}`
        ]
        const answers = new Set<string>()
        for (const key of refused) {
          for (const headers of [bearer(key), { "x-api-key": key }, basic(`${key}:`)]) {
            const reply = yield* send({ method: "GET", path: "/ops/bins", headers: { authorization: "", ...headers } })
            answers.add(`${reply.status} ${JSON.stringify({ ...reply.json, correlationId: "" })}`)
          }
        }
        assert.lengthOf([...answers], 1)
        assert.match([...answers][0] ?? "", /^401 .*unauthenticated/u)
        assert.strictEqual((yield* read(bearer(other.key))).status, 200)
        assert.notInclude(JSON.stringify(store.dump().outbox), other.key)
      }),
    { tags: ["ADR-0032.3"] }
  )

  it.effect(
    "a revocation that another process made is heard on the bus",
    () =>
      Effect.gen(function* () {
        const { bus, orchestrator, store } = yield* Edge
        const { id, key } = yield* make()
        assert.strictEqual((yield* read(bearer(key))).status, 200)
        const row = store.dump().rows.find((each) => each._tag === "ApiKeyRow" && each.apiKeyId === id)
        if (row?._tag !== "ApiKeyRow") return assert.fail("no row")
        yield* Effect.orDie(
          orchestrator.ask({
            tenantId: tenant,
            commandId: `revoke:${id}` as never,
            correlationId: "0" as never,
            actor: { kind: "system", id: "test" },
            traceparent: null,
            idempotency: null,
            expectedVersion: null,
            command: { _tag: "RevokeApiKey", apiKeyId: row.apiKeyId, at: row.createdAt }
          })
        )
        // Remembered: this process was not asked.
        assert.strictEqual((yield* read(bearer(key))).status, 200)
        const told = store
          .dump()
          .outbox.find(({ topic, streamId }) => topic === "ops.api-key.revoked" && streamId === id)
        if (told === undefined) return assert.fail("nothing was told")
        yield* Effect.orDie(bus.publish({ ...told, tenantId: tenant }))
        assert.deepStrictEqual(codeOf(yield* read(bearer(key))), [401, "unauthenticated"])
      }),
    { tags: ["ADR-0032.4"] }
  )

  it.effect("the last use is shown, to a minute", () =>
    Effect.gen(function* () {
      const { id, key } = yield* make()
      const used = Effect.map(call("GET", `${keys}/${id}`), ({ json }) => json["lastUsedAt"])
      assert.isNull(yield* used)
      yield* read(bearer(key))
      yield* TestClock.adjust("2 seconds")
      const first = yield* used
      assert.isString(first)
      yield* TestClock.adjust("5 seconds")
      yield* read(bearer(key))
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* used, first)
      yield* TestClock.adjust("2 minutes")
      yield* read(bearer(key))
      yield* TestClock.adjust("2 seconds")
      assert.isAbove(Date.parse(String(yield* used)), Date.parse(String(first)))
    })
  )

  it.effect("nobody makes a key that may do more than its maker, or a scope that there is not", () =>
    Effect.gen(function* () {
      const { mint } = yield* Edge
      const token = yield* mint({
        subject: "maker",
        tenantId: tenant,
        scopes: ["ops:api-keys.write", "ops:bins.read"],
        ttlSeconds: 600
      })
      const asked = (body: object) => call("POST", keys, body, { authorization: `Bearer ${token}` })
      assert.strictEqual((yield* asked(bins)).status, 201)
      for (const [body, path] of [
        [{ ...bins, scopes: ["ops:bins.read", "ops:bins.write"] }, "body.scopes[1]"],
        [{ ...bins, scopes: ["ops:everything"] }, "body.scopes[0]"],
        [{ ...bins, scopes: [] }, "body.scopes"],
        [{ ...bins, name: "No Name" }, "body.name"],
        [{ ...bins, expiresIn: "1s" }, "body.expiresIn"]
      ] as const) {
        const answer = yield* asked(body)
        assert.strictEqual(answer.status, 422, answer.body)
        assert.include(answer.body, path)
      }
    })
  )
})
