/** Text that breaks things, in every place of the API that takes text: never a 5xx, and what is refused leaves nothing behind. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Edge, later, layer as edge, scopes, tenant } from "./Edge.ts"
import type { Reply, Sent } from "./send.ts"

const nasty: ReadonlyArray<string> = [
  "\u0000",
  "a\u0000b",
  "\ud800",
  "\udfff",
  "a\udc00b",
  "\ud83d",
  "\u{1f600}",
  "\u{10ffff}",
  "\ufffe",
  "\uffff",
  "\ufeff",
  "\ufeffa",
  "\u0001",
  "\u0007",
  "\u0008",
  "\u000b",
  "\u001b[31mred\u001b[0m",
  "\u001b]0;title\u0007",
  "\u007f",
  "\u0085",
  "\u009b31m",
  "\u00a0",
  "\u00ad",
  "\u200b",
  "\u200d",
  "\u202e txt.exe",
  "\u2028",
  "\u2029",
  "\u2066",
  "a\nb",
  "a\r\nSet-Cookie: a=b",
  "\r\n\r\n<script>",
  "\t",
  " ",
  " a ",
  "a\u0301".repeat(50),
  "\u0e01\u0e34\u0e48".repeat(30),
  "Z\u0351\u036b\u0343\u036a\u0302\u0347\u0353",
  "\u0130\u0131\ufb03",
  "\u3002\uff0e\uff61",
  "'; drop table events; --",
  '"; select 1 --',
  "\\",
  "\\u0000",
  "%",
  "%00",
  "%s%n%x",
  "%2e%2e%2f",
  "../../etc/passwd",
  "${jndi:ldap://a}",
  "{{7*7}}",
  "$(id)",
  "`id`",
  "|ls",
  "=1+1",
  "<img src=x onerror=alert(1)>",
  "null",
  "undefined",
  "NaN",
  "true",
  "__proto__",
  "constructor",
  "toString",
  "-1",
  "0",
  "1e400",
  "[object Object]",
  "x".repeat(5_000)
]

/** As an HTTP client can put it into a header: nothing but visible Latin-1, blanks and tabs may stand there. */
const asHeader = (text: string): string | null => (/^[\t\x20-\x7e\x80-\xff]*$/u.test(text) ? text : null)
const json = { "content-type": "application/json" }
const id = "00000000-0000-7000-8000-000000000000"
const post = (path: string, body: unknown): Sent => ({
  method: "POST",
  path,
  headers: json,
  body: JSON.stringify(body)
})
const call = (change: object) => post("/v1/service-calls", { ...later, ...change })
const request = (change: object) => call({ request: { ...later.request, ...change } })
const query =
  (path: string, name: string) =>
  (text: string): Sent => ({
    method: "GET",
    path: `${path}?${name}=${encodeURIComponent(text.toWellFormed())}`
  })
/** The bytes as they are, also those that are no UTF-8. */
const rawQuery =
  (path: string, name: string) =>
  (text: string): Sent => ({
    method: "GET",
    path: `${path}?${name}=${[...Buffer.from(text, "utf16le")].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("")}`
  })
const header =
  (name: string, sent: Sent) =>
  (text: string): Sent | null => {
    const value = asHeader(text)
    return value === null ? null : { ...sent, headers: { ...sent.headers, [name]: value } }
  }

const inputs: Readonly<Record<string, (text: string) => Sent | null>> = {
  dueAt: (text) => post("/v1/service-calls", { dueAt: text, request: later.request }),
  delay: (text) => call({ delay: text }),
  tag: (text) => call({ tags: [text] }),
  "a field's name": (text) => call({ [text]: 1 }),
  method: (text) => request({ method: text }),
  url: (text) => request({ url: text }),
  "url, behind a host": (text) => request({ url: `https://example.com/${text}` }),
  "a header's name": (text) => request({ headers: { [text]: "v" } }),
  "a header's value": (text) => request({ headers: { "x-a": text } }),
  "the body": (text) => request({ body: text }),
  "within the body": (text) => request({ body: { [text]: [text] } }),
  "an item's key": (text) =>
    post("/v1/service-calls/batch", { items: [{ ...later, idempotencyKey: text, correlationId: text }] }),
  "a customer's name": (text) => post("/ops/customers", { profile: { name: text, notes: text, address: text } }),
  "a customer's email": (text) => post("/ops/customers", { profile: { name: "Jo", email: text } }),
  "a customer's phone": (text) => post("/ops/customers", { profile: { name: "Jo", phone: text } }),
  serialNumber: (text) => post("/ops/bins", { serialNumber: text, category: "skip", sizeLitres: 1 }),
  category: (text) => post("/ops/bins", { serialNumber: "A", category: text, sizeLitres: 1 }),
  "an order's ids": (text) => post("/ops/orders", { customerId: text, binId: text, kind: text }),
  "an order's window": (text) =>
    post("/ops/orders", { customerId: id, binId: id, kind: "pickup", window: { from: text, to: text } }),
  "an order's items": (text) =>
    post("/ops/orders", {
      customerId: id,
      binId: id,
      kind: "pickup",
      items: [{ material: text, quantity: 1, unit: text }]
    }),
  "an order's notifications": (text) =>
    post("/ops/orders", { customerId: id, binId: id, kind: "pickup", notifications: [{ url: text, lead: text }] }),
  "the idempotency key": header("idempotency-key", post("/v1/service-calls", later)),
  "the correlation id": header("x-correlation-id", post("/v1/service-calls", later)),
  traceparent: header("traceparent", post("/v1/service-calls", later)),
  prefer: header("prefer", post("/v1/service-calls", later)),
  "the content type": header("content-type", post("/v1/service-calls", later)),
  "the content coding": header("content-encoding", post("/v1/service-calls", later)),
  "the tenant": header("x-tenant-id", { method: "GET", path: "/v1/service-calls" }),
  "the token": (text) => {
    const value = asHeader(`Bearer ${text}`)
    return value === null ? null : { method: "GET", path: "/v1/service-calls", headers: { authorization: value } }
  },
  "If-Match": header("if-match", { method: "POST", path: `/v1/service-calls/${id}/cancel` }),
  "If-None-Match": header("if-none-match", { method: "GET", path: `/v1/service-calls/${id}` }),
  "an id in the path": (text) => ({
    method: "GET",
    path: `/v1/service-calls/${encodeURIComponent(text.toWellFormed())}`
  }),
  cursor: query("/v1/service-calls", "cursor"),
  limit: query("/v1/service-calls", "limit"),
  q: query("/v1/service-calls", "q"),
  "q in bytes": rawQuery("/v1/service-calls", "q"),
  "a tag to look for": query("/v1/service-calls", "tag"),
  status: query("/v1/service-calls", "status"),
  dueFrom: query("/v1/service-calls", "dueFrom"),
  after: query(`/v1/service-calls/${id}/events`, "after"),
  filter: query("/ops/bins", "filter"),
  "a text in a filter": (text) => query("/ops/bins", "filter")(`serialNumber eq ${JSON.stringify(text)}`),
  near: query("/ops/bins", "near"),
  radius: query("/ops/bins?near=1,1", "radius"),
  "a serial number to look for": query("/ops/bins", "serialNumber"),
  correlation: query("/v1/timeline", "correlation"),
  asOf: query(`/ops/bins/${id}`, "asOf"),
  "a parameter's name": (text) => ({ method: "GET", path: `/ops/bins?${encodeURIComponent(text.toWellFormed())}=1` })
}

/** How many things a reply says were made. */
const madeBy = ({ headers, json, status }: Reply): number => {
  const items = (json["items"] ?? []) as ReadonlyArray<{ readonly status?: number }>
  const ofBatch = items.filter((item) => item.status === 202).length
  return (status === 201 || status === 202) && headers["x-idempotent-replayed"] === undefined ? 1 : ofBatch
}

layer(edge)("nasty text", (it) => {
  it.effect.each(Object.entries(inputs))(
    "in %s is answered, never with 5xx, and leaves nothing half done",
    ([, input]) =>
      Effect.gen(function* () {
        const { send, store } = yield* Edge
        const before = store.dump().events.length
        const sent = nasty.flatMap((text) => input(text) ?? [])
        const replies = yield* Effect.forEach(sent, send, { concurrency: 16 })
        for (const [i, reply] of replies.entries()) {
          const name = JSON.stringify(sent[i]).slice(0, 200)
          assert.isBelow(reply.status, 500, name)
          if (reply.status >= 400) assert.isString(reply.json["code"], name)
          if (reply.status >= 400) assert.notMatch(reply.body, /RegExp|Schema validation|<filter>|\\n +at /u, name)
        }
        const made = replies.reduce((sum, reply) => sum + madeBy(reply), 0)
        assert.strictEqual(store.dump().events.length - before, made)
      })
  )

  it.effect("in the subject of a token is 401 with words, and nothing is stored", () =>
    Effect.gen(function* () {
      const { mint, send, store } = yield* Edge
      const before = store.dump().events.length
      for (const subject of ["\u0000", "a\ud800", "a\nb", "", "x".repeat(256)]) {
        const token = yield* mint({ subject, tenantId: tenant, scopes, ttlSeconds: 60 })
        const reply = yield* send({ ...call({}), headers: { ...json, authorization: `Bearer ${token}` } })
        assert.strictEqual(reply.status, 401)
        assert.match(String(reply.json["detail"]), /sub .*Get one in which they are right/u)
      }
      assert.strictEqual(store.dump().events.length, before)
    })
  )
})
