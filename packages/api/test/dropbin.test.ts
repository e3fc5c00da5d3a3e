/** Payloads over the edge: taken in once, sealed, and refused at the door when no order could come of them. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Edge, layer as edge, layerLimited, otherTenant, tenant } from "./Edge.ts"
import { call, codeOf, hours, wanted } from "./field.ts"
import { sendRaw } from "./send.ts"

const path = "/ops/ingest/dropbin"
const drop = (body: unknown, headers: Readonly<Record<string, string>> = {}) => call("POST", path, body, headers)

const digest = `sha-256=:${"A".repeat(43)}=:`
const reference = (uri = "https://files.example.com/orders/7?signature=s3cret") => ({ payloadRef: { uri, digest } })

const payload = Effect.map(wanted, ({ order }) => ({ ...order, window: hours(4, 8, 10) }))

layer(edge, { excludeTestServices: true })("the drop-bin", (it) => {
  it.effect(
    "a payload is answered with 202 and the address of its state, and is the same ingestion under the same key, also at the same time",
    () =>
      Effect.gen(function* () {
        const sent = { payload: yield* payload }
        const headers = { "idempotency-key": "drop-1" }
        const replies = yield* Effect.all(
          Array.from({ length: 8 }, () => drop(sent, headers)),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(new Set(replies.map(({ body, status }) => `${status} ${body}`)).size, 1)
        const [first] = replies
        const self = `/ops/ingestions/${String(first?.json["id"])}`
        assert.deepStrictEqual([first?.status, first?.headers["location"]], [202, self])
        const read = yield* call("GET", self)
        assert.deepInclude(read.json, { status: "Received", source: "dropbin", sourceId: null, event: null })
        assert.deepInclude(read.json["dropbin"] as object, { reference: null, orderId: null, failure: null })
        const other = yield* drop({ payload: { ...sent.payload, kind: "swap" } }, headers)
        assert.deepStrictEqual(codeOf(other), [422, "idempotency_key_reused"])
        const [one, two] = [yield* drop(sent), yield* drop(sent)]
        assert.notStrictEqual(one.json["id"], two.json["id"])
        const listed = yield* call("GET", "/ops/ingestions?source=dropbin&limit=200")
        assert.lengthOf(listed.json["items"] as ReadonlyArray<unknown>, 3)
        assert.lengthOf(
          (yield* call("GET", "/ops/ingestions?source=courier")).json["items"] as ReadonlyArray<unknown>,
          0
        )
      }),
    { tags: ["ADR-0031.1"] }
  )

  it.effect(
    "an address that may be secret stands in clear nowhere",
    () =>
      Effect.gen(function* () {
        const { store } = yield* Edge
        const answer = yield* drop(reference())
        assert.strictEqual(answer.status, 202, answer.body)
        const read = yield* call("GET", answer.headers["location"] ?? "")
        assert.deepInclude(read.json["dropbin"] as object, {
          reference: { uri: "https://files.example.com/orders/7", digest }
        })
        assert.notInclude(JSON.stringify(store.dump()), "s3cret")
        assert.notInclude(read.body, "s3cret")
      }),
    { tags: ["ADR-0031.7"] }
  )

  it.effect(
    "what is wrong is answered with what to do, and nothing is kept",
    () =>
      Effect.gen(function* () {
        const { port, store, token } = yield* Edge
        const good = yield* payload
        const before = store.dump().events.length
        const text = JSON.stringify({ payload: good })
        const json = { "content-type": "application/json" }
        const wrong: ReadonlyArray<readonly [unknown, Readonly<Record<string, string>>, number, string]> = [
          ["{}", {}, 422, "send one of"],
          [{ payload: good, ...reference() }, {}, 422, "send one of"],
          [{ payload: { ...good, window: undefined } }, {}, 422, "body.payload.window"],
          [{ payload: { ...good, window: hours(4, 10, 8) } }, {}, 422, "body.payload.window.to"],
          [
            { payload: { ...good, window: { from: "2999-01-01T00:00:00Z", to: "2999-01-01T01:00:00Z" } } },
            {},
            422,
            "body.payload.window.to"
          ],
          [
            { payload: { ...good, notifications: [{ url: "http://169.254.169.254/", lead: "1h" }] } },
            {},
            422,
            "body.payload.notifications.0.url"
          ],
          [{ payload: { ...good, urgent: true } }, {}, 422, "body.payload.urgent"],
          [
            { payloadRef: { uri: "https://files.example.com/7", digest: "sha-256=abc" } },
            {},
            422,
            "body.payloadRef.digest"
          ],
          [reference("http://169.254.169.254/latest"), {}, 422, "body.payloadRef.uri"],
          [reference("file:///etc/passwd"), {}, 422, "body.payloadRef.uri"],
          [text.replace('"kind"', '"kind":"swap","kind"'), {}, 422, "there twice"],
          ["{", {}, 400, "malformed_json"],
          [text, { "content-type": "text/plain" }, 415, "application/json"],
          [text, { "content-encoding": "gzip" }, 415, "Content-Encoding"],
          [text, { "idempotency-key": "x".repeat(256) }, 422, "header.idempotency-key"],
          [text, { authorization: "" }, 401, "unauthenticated"],
          [text, { "x-tenant-id": otherTenant }, 403, "foreign_tenant"],
          [JSON.stringify({ payload: good, padding: "x".repeat(262_144) }), {}, 413, "body_too_large"]
        ]
        for (const [body, headers, status, word] of wrong) {
          const answer = yield* drop(body, { ...json, ...headers })
          assert.strictEqual(answer.status, status, answer.body)
          assert.include(answer.body, word)
        }
        const doubled = yield* sendRaw(
          port,
          `POST ${path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\n` +
            `idempotency-key: a\r\nidempotency-key: b\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`
        )
        assert.match(doubled, /^HTTP\/1\.1 4\d\d /u)
        assert.strictEqual(store.dump().events.length, before)
      }),
    { tags: ["ADR-0031.2"] }
  )

  it.effect("it takes its own scope to drop, and another tenant finds nothing", () =>
    Effect.gen(function* () {
      const { mint, otherToken } = yield* Edge
      const sent = { payload: yield* payload }
      const reader = yield* mint({ subject: "r", tenantId: tenant, scopes: ["ops:ingestions.read"], ttlSeconds: 60 })
      const refused = yield* drop(sent, { authorization: `Bearer ${reader}` })
      assert.deepStrictEqual(codeOf(refused), [403, "insufficient_scope"])
      const answer = yield* drop(sent)
      const strange = yield* call("GET", answer.headers["location"] ?? "", undefined, {
        authorization: `Bearer ${otherToken}`
      })
      assert.deepStrictEqual(codeOf(strange), [404, "ingestion_not_found"])
    })
  )
})

layer(layerLimited({ ingestion: 2 }), { excludeTestServices: true })("the drop-bin with a limit", (it) => {
  it.effect(
    "payloads count in the class ingestion, and one too many is refused with the time to wait",
    () =>
      Effect.gen(function* () {
        const sent = reference()
        assert.strictEqual((yield* drop(sent)).headers["ratelimit-remaining"], "1")
        assert.strictEqual((yield* drop(sent)).headers["ratelimit-policy"], '"ingestion";q=2;w=60')
        const refused = yield* drop(sent)
        assert.deepStrictEqual(codeOf(refused), [429, "rate_limited"])
        assert.strictEqual(refused.headers["retry-after"], "30")
        assert.strictEqual((yield* call("GET", "/ops/ingestions")).status, 200)
      }),
    { tags: ["ADR-0020.1"] }
  )
})
