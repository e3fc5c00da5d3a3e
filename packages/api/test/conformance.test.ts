import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { breaches, exampleBreaches, operations } from "./conformance.ts"
import { Edge, layer as edge } from "./Edge.ts"

/** Any answer but the one that was given must be noticed: otherwise holding answers against the document proves nothing. */
layer(edge)("holding answers against the document", (it) => {
  it.effect("notices a status, a header, a field, a kind of content and a type of value that are not promised", () =>
    Effect.gen(function* () {
      const { send } = yield* Edge
      const asked = {
        method: "POST",
        path: "/ops/bins",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ serialNumber: "C-1", category: "skip", sizeLitres: 7_000 })
      }
      const reply = yield* send(asked)
      assert.strictEqual(reply.status, 201)
      assert.deepStrictEqual(breaches(asked, reply), [])
      const { etag: _, ...untagged } = reply.headers
      const { serialNumber: __, ...nameless } = reply.json
      const wrong = [
        { ...reply, status: 200 },
        { ...reply, status: 418 },
        { ...reply, headers: untagged },
        { ...reply, headers: { ...reply.headers, etag: "1" } },
        { ...reply, headers: { ...reply.headers, "content-type": "text/html" } },
        { ...reply, json: nameless },
        { ...reply, json: { ...reply.json, secret: "told by mistake" } },
        { ...reply, json: { ...reply.json, version: "1" } },
        { ...reply, json: { ...reply.json, status: "Lost" } }
      ]
      for (const one of wrong) assert.isNotEmpty(breaches(asked, one), JSON.stringify(one))
      const gone = yield* send({ method: "GET", path: "/ops/bins/00000000-0000-7000-8000-00000000dead" })
      const get = { method: "GET", path: "/ops/bins/00000000-0000-7000-8000-00000000dead" }
      assert.strictEqual(gone.status, 404)
      assert.isNotEmpty(breaches(get, { ...gone, json: { ...gone.json, code: "order_not_found_at_all" } }))
    })
  )

  it.effect("has an example for every body that is sent or answered, and each is as its schema says", () =>
    Effect.sync(() => {
      assert.isAtLeast(operations.length, 34)
      assert.deepStrictEqual(
        operations.flatMap((operation) => exampleBreaches(operation)),
        []
      )
    })
  )
})
