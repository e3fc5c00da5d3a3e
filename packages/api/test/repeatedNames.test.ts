/** A body that says one thing to a reader who takes the first of two fields of one name and another to who takes the last is taken nowhere. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { operations } from "./conformance.ts"
import { Edge, layer as edge, later } from "./Edge.ts"

const id = "00000000-0000-7000-8000-00000000dead"
const headers = { "content-type": "application/json", "if-match": '"1"' }
const call = JSON.stringify(later).slice(1)

/** By their place in the body. */
const bodies: ReadonlyArray<readonly [path: string, body: string, place: string]> = [
  ["/v1/service-calls", `{"delay":"1s",${call}`, "body.delay"],
  ["/v1/service-calls", `{"request":{"method":"GET","url":"https://a.test/"},${call}`, "body.request"],
  ["/v1/service-calls", `{${call}`.replace('"world"', '"world","hello":1'), "body.request.body.hello"],
  [
    "/v1/service-calls/batch",
    `{"items":[{${call},{${call.replace('"url"', '"url":"x","url"')}]}`,
    "body.items.1.request.url"
  ],
  ["/ops/bins", '{"serialNumber":"N-1","category":"skip","sizeLitres":1,"\\u0063ategory":"cage"}', "body.category"]
]

layer(edge)("a name that an object has twice", (it) => {
  it.effect("is refused with its place, alone, in a batch, and in what is sent on, and nothing is stored", () =>
    Effect.gen(function* () {
      const { send, store } = yield* Edge
      for (const [path, body, place] of bodies) {
        const reply = yield* send({ method: "POST", path, headers, body })
        assert.strictEqual(reply.status, 422, reply.body)
        assert.strictEqual(reply.json["code"], "invalid_request")
        assert.deepStrictEqual(reply.json["errors"], [
          { path: place, message: "is there twice in one object: send it once" }
        ])
      }
      assert.deepStrictEqual(store.dump().events, [])
    })
  )

  it.effect("of a profile is not repeated, as it may be personal", () =>
    Effect.gen(function* () {
      const { send } = yield* Edge
      const body = '{"profile":{"name":"Ada","of Jo Novak":1,"of Jo Novak":2}}'
      const reply = yield* send({ method: "POST", path: "/ops/customers", headers, body })
      assert.deepStrictEqual(reply.json["errors"], [
        { path: "body.profile", message: "holds a name twice in one object: send each once" }
      ])
    })
  )

  it.effect("is refused by every operation that takes JSON", () =>
    Effect.gen(function* () {
      const { send } = yield* Edge
      // Couriers sign what they send, and have a test of their own.
      const taking = operations.filter(
        ({ operationId, requestBody }) =>
          "application/json" in (requestBody?.content ?? {}) && !operationId.startsWith("courier-events.")
      )
      assert.isAbove(taking.length, 40)
      const told: Array<string> = []
      for (const { method, operationId, path } of taking) {
        const reply = yield* send({ method, path: path.replaceAll(/\{[^}]+\}/gu, id), headers, body: '{"a":1,"a":1}' })
        if (reply.status !== 422 || !reply.body.includes("twice")) told.push(`${operationId} ${reply.body}`)
      }
      assert.deepStrictEqual(told, [])
    })
  )
})
