/** Limits as the whole edge keeps them: before it reads, after it knows who asks, and on every operation that changes something. */
import { RateClass } from "@dueline/contracts/api/RateLimit"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { operations } from "./conformance.ts"
import { Edge, layerLimited } from "./Edge.ts"

const id = "00000000-0000-4000-8000-000000000000"
const json = { "content-type": "application/json" }

/** Every class there is, so that an operation that counts as none is noticed. */
const limited = { ...Object.fromEntries(RateClass.literals.map((name) => [name, 1])), orders: 2 }

layer(layerLimited(limited), { excludeTestServices: true })("an edge with limits", (it) => {
  it.effect(
    "refuses one change too many, whatever is in it, and still lets everything be read",
    () =>
      Effect.gen(function* () {
        const { otherToken, send } = yield* Edge
        const change = (body: string, headers = {}) =>
          send({ method: "POST", path: "/ops/orders", headers: { ...json, ...headers }, body })
        for (const [left, body] of [
          [1, "{}"],
          [0, "not JSON at all"]
        ] as const) {
          const answer = yield* change(body)
          assert.oneOf(answer.status, [400, 422])
          assert.strictEqual(answer.headers["ratelimit-remaining"], String(left))
        }
        const refused = yield* change("x".repeat(200_000))
        assert.strictEqual(refused.status, 429)
        assert.deepInclude(refused.json, { code: "rate_limited", type: "urn:dueline:problem:rate_limited" })
        assert.strictEqual(refused.headers["retry-after"], "30")
        assert.isDefined(refused.headers["x-correlation-id"])
        const read = yield* send({ method: "GET", path: "/ops/orders" })
        assert.strictEqual(read.status, 200)
        assert.isUndefined(read.headers["ratelimit-limit"])
        const stranger = yield* change("{}", { authorization: `Bearer ${otherToken}` })
        assert.strictEqual(stranger.headers["ratelimit-remaining"], "1")
      }),
    { tags: ["ADR-0020.1", "ADR-0020.2"] }
  )

  it.effect("neither counts nor tells who shows no token", () =>
    Effect.gen(function* () {
      const { send } = yield* Edge
      for (let n = 0; n < 3; n += 1) {
        const answer = yield* send({
          method: "DELETE",
          path: `/ops/customers/${id}`,
          headers: { authorization: "Bearer nonsense" }
        })
        assert.strictEqual(answer.status, 401)
        assert.isUndefined(answer.headers["ratelimit-limit"])
      }
      const known = yield* send({ method: "DELETE", path: `/ops/customers/${id}` })
      assert.strictEqual(known.headers["ratelimit-remaining"], "0")
    })
  )
})

/** They change nothing, and have more to say than fits into an address. */
const asks = new Set(["/v1/schedules/preview"])

/** An answer of it is a stream, which is read to its end here. */
const endless = new Set(["/v1/service-calls/live"])

layer(layerLimited(limited), { excludeTestServices: true })("each operation of an edge with limits", (it) => {
  it.effect(
    "is counted exactly when it changes something, and its document says so",
    () =>
      Effect.gen(function* () {
        const { send } = yield* Edge
        // What has no token has no tenant to count for.
        const tenants = operations.filter(({ path, security }) => /^\/(ops|v1)\//u.test(path) && security.length > 0)
        assert.isAbove(tenants.length, 15)
        for (const { method, path, responses } of tenants) {
          const changes = method !== "GET" && !asks.has(path)
          const name = `${method} ${path}`
          assert.strictEqual("429" in responses, changes, name)
          if (endless.has(path)) continue
          const answer = yield* send({ method, path: path.replaceAll(/\{\w+\}/gu, id), headers: json })
          assert.strictEqual("ratelimit-limit" in answer.headers, changes, name)
        }
      }),
    { tags: ["ADR-0020.2"] }
  )
})
