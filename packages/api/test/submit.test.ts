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
})
