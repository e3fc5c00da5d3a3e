import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Edge, later, layer as edge } from "./Edge.ts"

layer(edge, { excludeTestServices: true })("submit", (it) => {
  it.effect("a submission is answered with 202, its address and its version", () =>
    Effect.gen(function* () {
      const { send, submit } = yield* Edge
      const reply = yield* submit(later)
      assert.strictEqual(reply.status, 202, reply.body)
      assert.strictEqual(reply.headers["etag"], `"${reply.json["version"]}"`)
      assert.strictEqual(reply.headers["location"], `/v1/service-calls/${reply.json["id"]}`)
      const detail = yield* send({ method: "GET", path: reply.headers["location"] ?? "" })
      assert.strictEqual(detail.status, 200, detail.body)
      assert.strictEqual(detail.json["status"], "Scheduled")
    })
  )

  it.effect(
    "whom the end is told is looked at, kept out of sight and shown; one that may not be called is refused",
    () =>
      Effect.gen(function* () {
        const { send, submit } = yield* Edge
        const onEnd = {
          url: "https://example.com/ended?token=planted",
          on: "failed",
          headers: { "x-planted": "1" },
          flow: { key: "ends" }
        }
        const reply = yield* submit({ ...later, onEnd })
        assert.strictEqual(reply.status, 202, reply.body)
        const detail = yield* send({ method: "GET", path: reply.headers["location"] ?? "" })
        const shown = {
          url: "https://example.com/ended?token=[redacted]",
          on: "failed",
          flow: { key: "ends" },
          callbacks: []
        }
        assert.deepStrictEqual(detail.json["onEnd"], shown)
        const refused = yield* submit({ ...later, onEnd: { url: "http://169.254.169.254/" } })
        assert.strictEqual(refused.status, 422)
        const [error] = refused.json["errors"] as ReadonlyArray<{ readonly path: string }>
        assert.strictEqual(error?.path, "body.onEnd.url")
      })
  )

  it.effect("one while pending: the answers say what became of it, and a repeat under a key is answered again", () =>
    Effect.gen(function* () {
      const { send, submit } = yield* Edge
      const pending = (onConflict: string, more: object = {}) => ({ pending: { key: "nightly", onConflict, ...more } })
      const key = { "idempotency-key": "pending-1" }
      const first = yield* submit({ ...later, ...pending("keep") }, key)
      assert.strictEqual(first.status, 202, first.body)
      const kept = yield* submit({ ...later, ...pending("keep") })
      assert.deepStrictEqual([kept.json["id"], kept.json["pending"]], [first.json["id"], "kept"])
      const other = { request: { method: "GET", url: "https://example.com/other" }, delay: "2h" }
      const replaced = yield* submit({ ...other, ...pending("replace") })
      assert.deepStrictEqual([replaced.json["id"], replaced.json["pending"]], [first.json["id"], "replaced"])
      const moved = yield* submit({ ...later, delay: "3h", ...pending("debounce", { longestWait: "1h" }) })
      assert.strictEqual(moved.json["pending"], "moved", moved.body)
      const detail = yield* send({ method: "GET", path: `/v1/service-calls/${first.json["id"]}` })
      assert.deepInclude(detail.json["request"] as object, { method: "GET", url: "https://example.com/other" })
      const again = yield* submit({ ...later, ...pending("keep") }, key)
      assert.deepStrictEqual(again.json, first.json)
      assert.strictEqual(again.headers["x-idempotent-replayed"], "true")
      yield* send({ method: "POST", path: `/v1/service-calls/${first.json["id"]}/cancel` })
      const next = yield* submit({ ...later, ...pending("keep") })
      assert.notStrictEqual(next.json["id"], first.json["id"])
      const wrong = yield* submit({ ...later, ...pending("keep", { longestWait: "1h" }) })
      assert.strictEqual(wrong.status, 422)
    })
  )
})
