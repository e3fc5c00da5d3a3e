import { assert, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Edge, later, layer as edge } from "./Edge.ts"
import { sendRaw } from "./send.ts"

const id = "00000000-0000-4000-8000-000000000000"
const container = { serialNumber: "F-1", category: "skip", sizeLitres: 1 }
const order = { customerId: id, binId: id, kind: "swap" }
const Method = Schema.Literals(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
const Bytes = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 }))).check(
  Schema.isMaxLength(200)
)
const HeaderValue = Schema.String.check(Schema.isPattern(/^[\x21-\x7e\x80-\xff]{1,40}$/u))
const PathPart = Schema.String.check(Schema.isPattern(/^[\x21-\x7e]{0,40}$/u))
const runs = { arbitrary: { runs: 150 } }

layer(edge, { excludeTestServices: true })("whatever is sent", (it) => {
  it.effect.prop(
    "any JSON in any place of a submission is answered, never with 5xx",
    {
      value: Schema.Json,
      place: Schema.Literals([
        "whole",
        "dueAt",
        "delay",
        "request",
        "tags",
        "retry",
        "timeoutMs",
        "url",
        "headers",
        "body",
        "method"
      ])
    },
    ({ place, value }) =>
      Effect.gen(function* () {
        const { submit } = yield* Edge
        const inner = ["url", "headers", "body", "method"].includes(place)
        const body =
          place === "whole"
            ? value
            : inner
              ? { ...later, request: { ...later.request, [place]: value } }
              : { ...later, [place]: value }
        const { body: text, status } = yield* submit(body)
        assert.isBelow(status, 500, text)
      }),
    { ...runs, tags: ["ADR-0007.2"] }
  )

  it.effect.prop(
    "any JSON in any place of a customer, a bin or an order is answered, never with 5xx",
    {
      value: Schema.Json,
      target: Schema.Literals(
        [
          ["POST", "/ops/customers", "profile"],
          ["PATCH", `/ops/customers/${id}`, "profile"],
          ["POST", "/ops/bins", "location"],
          ["POST", "/ops/bins", "serialNumber"],
          ["PATCH", `/ops/bins/${id}`, "customerId"],
          ["POST", `/ops/bins/${id}/capacity`, "capacityLitres"],
          ["POST", "/ops/orders", "window"],
          ["POST", "/ops/orders", "items"],
          ["POST", "/ops/orders", "notifications"],
          ["POST", `/ops/orders/${id}/items`, "items"],
          ["POST", `/ops/orders/${id}/move`, "window"]
        ].map((target) => target.join(" "))
      ),
      whole: Schema.Boolean
    },
    ({ target, value, whole }) =>
      Effect.gen(function* () {
        const { send } = yield* Edge
        const [method = "", path = "", field = ""] = target.split(" ")
        const body = path === "/ops/orders" ? { ...order, [field]: value } : { ...container, [field]: value }
        const { body: text, status } = yield* send({
          method,
          path,
          headers: { "content-type": "application/json", "if-match": '"1"' },
          body: JSON.stringify(
            whole ? value : path === "/ops/orders" || path === "/ops/bins" ? body : { [field]: value }
          )
        })
        assert.isBelow(status, 500, text)
      }),
    { ...runs, tags: ["ADR-0007.2"] }
  )

  it.effect.prop(
    "any text as a query parameter of any list or read is answered, never with 5xx",
    {
      parameter: Schema.Literals([
        "filter",
        "cursor",
        "limit",
        "near",
        "radius",
        "asOf",
        "from",
        "correlation",
        "status"
      ]),
      address: Schema.Literals(["/ops/customers", "/ops/bins", "/ops/orders", "/v1/timeline", `/ops/bins/${id}`]),
      value: Schema.String
    },
    ({ address, parameter, value }) =>
      Effect.gen(function* () {
        const { send } = yield* Edge
        const query = new URLSearchParams({ [parameter]: value.toWellFormed() }).toString()
        const { body, status } = yield* send({ method: "GET", path: `${address}?${query}` })
        assert.isBelow(status, 500, body)
      }),
    { ...runs, tags: ["ADR-0007.2"] }
  )

  it.effect.prop(
    "any bytes as a body are answered, never with 5xx",
    { bytes: Bytes, method: Schema.Literals(["POST", "PATCH"]) },
    ({ bytes, method }) =>
      Effect.gen(function* () {
        const { send } = yield* Edge
        const { body, status } = yield* send({
          method,
          path: method === "POST" ? "/v1/service-calls" : `/v1/service-calls/${id}`,
          headers: { "content-type": "application/json", "if-match": '"1"' },
          body: Uint8Array.from(bytes)
        })
        assert.isBelow(status, 500, body)
      }),
    { ...runs, tags: ["ADR-0007.2"] }
  )

  it.effect.prop(
    "any header to any operation is answered, never with 5xx",
    {
      name: Schema.Literals([
        "idempotency-key",
        "if-match",
        "if-none-match",
        "prefer",
        "x-correlation-id",
        "x-tenant-id",
        "traceparent",
        "content-type",
        "accept",
        "authorization",
        "expect-ct",
        "range"
      ]),
      value: HeaderValue,
      operation: Schema.Literals(["", `/${id}`, `/${id}/cancel`, `/${id}/run`, `/${id}/events`]),
      method: Method
    },
    ({ method, name, operation, value }) =>
      Effect.gen(function* () {
        const { send } = yield* Edge
        const { body, status } = yield* send({
          method,
          path: `/v1/service-calls${operation}`,
          headers: { [name]: Buffer.from(value, "latin1").toString("latin1") },
          ...(method === "POST" || method === "PATCH" ? { body: JSON.stringify(later) } : {})
        })
        assert.isBelow(status, 500, body)
      }),
    { ...runs, tags: ["ADR-0007.2"] }
  )

  it.effect.prop(
    "any path and query are answered, never with 5xx",
    {
      method: Method,
      root: Schema.Literals([
        "/",
        "/v1/service-calls",
        "/v1/service-calls/",
        "/v1/service-calls?",
        `/v1/service-calls/${id}/`,
        "/health/"
      ]),
      rest: PathPart
    },
    ({ method, rest, root }) =>
      Effect.gen(function* () {
        const { port, token } = yield* Edge
        const answer = yield* sendRaw(
          port,
          Buffer.from(
            `${method} ${root}${rest} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`,
            "latin1"
          )
        )
        assert.match(answer, /^HTTP\/1\.1 [234]\d\d /u)
      }),
    { ...runs, tags: ["ADR-0007.2"] }
  )

  it.effect.prop(
    "any bytes on the socket are answered or dropped, never with 5xx",
    { bytes: Bytes },
    ({ bytes }) =>
      Effect.gen(function* () {
        const { port } = yield* Edge
        const answer = yield* sendRaw(port, Uint8Array.from(bytes))
        assert.notMatch(answer, /^HTTP\/1\.1 5/u)
      }),
    { arbitrary: { runs: 50 }, tags: ["ADR-0007.2"] }
  )
})
