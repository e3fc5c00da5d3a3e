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
        const onEnd = { url: "https://example.com/ended?token=planted", on: "failed", headers: { "x-planted": "1" } }
        const reply = yield* submit({ ...later, onEnd })
        assert.strictEqual(reply.status, 202, reply.body)
        const detail = yield* send({ method: "GET", path: reply.headers["location"] ?? "" })
        const shown = { url: "https://example.com/ended?token=[redacted]", on: "failed", callbacks: [] }
        assert.deepStrictEqual(detail.json["onEnd"], shown)
        const refused = yield* submit({ ...later, onEnd: { url: "http://169.254.169.254/" } })
        assert.strictEqual(refused.status, 422)
        const [error] = refused.json["errors"] as ReadonlyArray<{ readonly path: string }>
        assert.strictEqual(error?.path, "body.onEnd.url")
      })
  )
})
