/** Times, ids and bodies as the standards let them be written. */
import { parseDelay, parseInstant } from "@dueline/contracts/api/Wire"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { gzipSync } from "node:zlib"
import { Edge, later, layer as edge, tenant } from "./Edge.ts"
import type { Sent } from "./send.ts"

const isWrittenByDate = (text: string): boolean => {
  const read = Date.parse(text)
  return Number.isFinite(read) && new Date(read).toISOString() === text
}

const at = Date.UTC(2040, 0, 31, 9, 0, 45, 247)

describe("an instant", () => {
  it.each([
    ["2040-01-31T09:00:45.247Z", at, at],
    ["2040-01-31T09:00:45.2470000Z", at, at],
    ["2040-01-31T09:00:45.2470001Z", at, at + 1],
    ["2040-01-31T09:00:45.2479999Z", at, at + 1],
    ["2040-01-31t10:00:45.247999999999999999999999999+01:00", at, at + 1],
    ["2040-01-31T09:00:45.2Z", at - 47, at - 47],
    ["2040-01-31T09:00Z", at - 45_247, at - 45_247],
    ["2040-01-31T09:00:45-00:00", at - 247, at - 247],
    ["1969-12-31T23:59:59.9995Z", -1, 0],
    ["1969-12-31T23:59:59.0001Z", -1_000, -999],
    ["2016-12-31T23:59:60Z", Date.UTC(2017, 0, 1), Date.UTC(2017, 0, 1)],
    ["2017-01-01T00:59:60.5+01:00", Date.UTC(2017, 0, 1), Date.UTC(2017, 0, 1)],
    ["2016-12-31T12:00:60Z", Number.NaN, Number.NaN],
    ["2023-02-29T00:00:00Z", Number.NaN, Number.NaN],
    ["2024-02-29T00:00:00Z", Date.UTC(2024, 1, 29), Date.UTC(2024, 1, 29)]
  ])("%s is %s as an upper bound and %s as a lower one", (text, down, up) => {
    assert.deepStrictEqual([parseInstant(text, "down"), parseInstant(text, "up")], [down, up])
  })

  it.effect.prop(
    "in the form that Date writes is what Date reads, and what Date would write in another way is not taken for it",
    {
      millis: Schema.Int.check(Schema.isBetween({ minimum: Date.UTC(0), maximum: Date.UTC(9999, 11, 31) })),
      at: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 23 })),
      digit: Schema.Literals(["0", "1", "2", "3", "6", "9", ":", "-", "x"])
    },
    ({ at, digit, millis }) =>
      Effect.sync(() => {
        const text = new Date(millis).toISOString()
        assert.strictEqual(parseInstant(text, "up"), millis)
        const changed = text.slice(0, at) + digit + text.slice(at + 1)
        if (changed.slice(17, 19) === "60") return
        const read = parseInstant(changed, "down")
        if (Number.isFinite(read)) assert.strictEqual(new Date(read).toISOString(), changed)
        else assert.isFalse(isWrittenByDate(changed), changed)
      })
  )

  it("a duration is rounded up where nothing may come before its end, down where nothing may come after its beginning", () => {
    assert.deepStrictEqual([parseDelay("PT0.0004S", "up"), parseDelay("PT0.0004S", "down")], [1, 0])
    assert.deepStrictEqual([parseDelay("PT1.2345S", "up"), parseDelay("PT1.2345S", "down")], [1_235, 1_234])
    assert.deepStrictEqual([parseDelay("PT1.2340S", "up"), parseDelay("PT1.2340S", "down")], [1_234, 1_234])
  })
})

const json = { "content-type": "application/json" }
const call = { method: "GET", url: "https://example.com/" }
const post = (path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Sent => ({
  method: "POST",
  path,
  headers: { ...json, ...headers },
  body: JSON.stringify(body)
})

layer(edge)("what is finer than milliseconds", (it) => {
  const asked = "1975-01-31T09:00:45.2479999Z"
  const kept = "1975-01-31T09:00:45.248Z"

  it.effect("makes a call due at the next one, however it is submitted or moved", () =>
    Effect.gen(function* () {
      const { send } = yield* Edge
      const single = yield* send(post("/v1/service-calls", { dueAt: asked, request: call }))
      assert.strictEqual(single.json["dueAt"], kept)
      const batch = yield* send(post("/v1/service-calls/batch", { items: [{ dueAt: asked, request: call }] }))
      const [item] = batch.json["items"] as ReadonlyArray<{ readonly call: { readonly dueAt: string } }>
      assert.strictEqual(item?.call.dueAt, kept)
      const moved = yield* send({
        method: "PATCH",
        path: single.headers["location"] ?? "",
        headers: { ...json, "if-match": "*" },
        body: JSON.stringify({ dueAt: "1975-01-31T09:00:46.0000000001Z" })
      })
      assert.strictEqual(moved.json["dueAt"], "1975-01-31T09:00:46.001Z")
    })
  )

  it.effect("bounds a list so that it holds what is within", () =>
    Effect.gen(function* () {
      const { send } = yield* Edge
      yield* send(post("/v1/service-calls", { dueAt: "1975-03-01T00:00:00.248Z", request: call, tags: ["fine"] }))
      const count = (bounds: string) =>
        Effect.map(
          send({ method: "GET", path: `/v1/service-calls?tag=fine&${bounds}` }),
          (reply) => (reply.json["items"] as ReadonlyArray<unknown>).length
        )
      assert.strictEqual(yield* count("dueFrom=1975-03-01T00:00:00.2479Z"), 1)
      assert.strictEqual(yield* count("dueFrom=1975-03-01T00:00:00.2481Z"), 0)
      assert.strictEqual(yield* count("dueTo=1975-03-01T00:00:00.2481Z"), 1)
      assert.strictEqual(yield* count("dueTo=1975-03-01T00:00:00.248Z"), 0)
    })
  )
})

layer(edge)("an id in upper case", (it) => {
  it.effect("is the same id wherever one is read, and is answered in lower case", () =>
    Effect.gen(function* () {
      const { mint, send } = yield* Edge
      const customer = (yield* send(post("/ops/customers", { profile: { name: "Jo" } }))).json
      const customerId = String(customer["id"]).toUpperCase()
      const bin = yield* send(post("/ops/bins", { serialNumber: "U-1", category: "skip", sizeLitres: 1, customerId }))
      assert.deepStrictEqual([bin.status, bin.json["id"]], [201, String(bin.json["id"]).toLowerCase()])
      const binId = String(bin.json["id"]).toUpperCase()
      const patched = yield* send({
        method: "PATCH",
        path: `/ops/bins/${binId}`,
        headers: { ...json, "if-match": "*" },
        body: JSON.stringify({ customerId })
      })
      assert.strictEqual(patched.status, 200)
      const order = yield* send(post("/ops/orders", { customerId, binId, kind: "pickup" }))
      assert.strictEqual(order.status, 201)
      const call = yield* send(post("/v1/service-calls", later))
      for (const path of [
        `/ops/customers/${customerId}`,
        `/ops/orders/${String(order.json["id"]).toUpperCase()}`,
        `/v1/service-calls/${String(call.json["id"]).toUpperCase()}`,
        `/v1/service-calls/${String(call.json["id"]).toUpperCase()}/events`
      ]) {
        assert.strictEqual((yield* send({ method: "GET", path })).status, 200, path)
      }
      for (const query of [
        `binId=${binId}`,
        `customerId=${customerId}`,
        `filter=${encodeURIComponent(`binId eq "${binId}"`)}`,
        `filter=${encodeURIComponent(`customerId in ("${customerId}")`)}`
      ]) {
        const listed = yield* send({ method: "GET", path: `/ops/orders?${query}` })
        assert.strictEqual((listed.json["items"] as ReadonlyArray<unknown>).length, 1, query)
      }
      const other = "ABCDEFAB-1111-4111-8111-111111111111"
      const token = yield* mint({ subject: "a", tenantId: tenant, scopes: ["ops:calls.read"], ttlSeconds: 60 })
      const asked = (tenantHeader: string) =>
        send({
          method: "GET",
          path: "/v1/service-calls",
          headers: { authorization: `Bearer ${token}`, "x-tenant-id": tenantHeader }
        })
      assert.strictEqual((yield* asked(tenant.toUpperCase())).status, 200)
      assert.strictEqual((yield* asked(other)).json["code"], "foreign_tenant")
    })
  )
})

layer(edge)("a body", (it) => {
  const body = JSON.stringify(later)
  const sent = (headers: Readonly<Record<string, string>>, bytes: string | Uint8Array = body): Sent => ({
    method: "POST",
    path: "/v1/service-calls",
    headers,
    body: bytes
  })

  it.effect("in a content coding is refused with the codings that are taken", () =>
    Effect.gen(function* () {
      const { send } = yield* Edge
      for (const coding of ["gzip", "GZIP", "br", "deflate", "zstd", "x-gzip", "identity, gzip", "rot13"]) {
        const reply = yield* send(sent({ ...json, "content-encoding": coding }, gzipSync(body)))
        assert.deepStrictEqual(
          [reply.status, reply.json["code"], reply.headers["accept-encoding"], reply.headers["accept"]],
          [415, "unsupported_media_type", "identity", "application/json"],
          coding
        )
        assert.include(String(reply.json["detail"]), "without Content-Encoding")
      }
      for (const coding of ["identity", "Identity", ""])
        assert.strictEqual((yield* send(sent({ ...json, "content-encoding": coding }))).status, 202, coding)
    })
  )

  it.effect("is JSON in UTF-8, whatever else its type says", () =>
    Effect.gen(function* () {
      const { send } = yield* Edge
      for (const type of [
        "application/json",
        "Application/JSON ; Charset=UTF-8",
        'application/json;charset="utf-8"',
        "application/json; charset=utf-8; profile=x",
        "application/json;profile=x"
      ]) {
        assert.strictEqual((yield* send(sent({ "content-type": type }))).status, 202, type)
      }
      for (const type of [
        "application/json; charset=utf-16",
        "application/json; charset=latin1",
        "application/json; profile=x; charset=iso-8859-2",
        "application/json; charset=utf-8x",
        "application/jsonp",
        "text/json",
        "application/x-www-form-urlencoded"
      ]) {
        assert.strictEqual((yield* send(sent({ "content-type": type }))).status, 415, type)
      }
    })
  )
})
