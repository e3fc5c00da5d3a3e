import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Edge, layer as edge } from "./Edge.ts"
import { bin, call, codeOf, hours, made, newBin, wanted } from "./field.ts"

interface Page {
  readonly items: ReadonlyArray<{ readonly category: string; readonly id: string; readonly type: string }>
  readonly nextCursor: string | null
}

const pageOf = (query: string) =>
  Effect.map(call("GET", `/v1/timeline?${query}`), (reply) => {
    assert.strictEqual(reply.status, 200, reply.body)
    return reply.json as unknown as Page
  })

layer(edge, { excludeTestServices: true })("the past", (it) => {
  it.effect("a timeline tells everything under one correlation id, oldest first, over pages that lose nothing", () =>
    Effect.gen(function* () {
      const named = { "x-correlation-id": "story1" }
      const { customerId, order } = yield* wanted
      const binId = made(yield* call("POST", "/ops/bins", bin(), named)).id
      const { id } = made(
        yield* call("POST", "/ops/orders", { ...order, binId, window: hours(1, 8, 9), schedule: true }, named)
      )
      yield* call("POST", `/ops/orders/${id}/confirm`, undefined, named)
      yield* call("DELETE", `/ops/orders/${customerId}`)
      const told: Array<readonly [string, string, string]> = []
      for (let cursor: string | null = ""; cursor !== null; ) {
        const page: Page = yield* pageOf(`correlation=story1&limit=2${cursor}`)
        told.push(...page.items.map((event) => [event.category, event.id, event.type] as const))
        cursor = page.nextCursor === null ? null : `&cursor=${page.nextCursor}`
      }
      assert.deepStrictEqual(told, [
        ["bin", binId, "BinCreated"],
        ["order", id, "OrderDrafted"],
        ["order", id, "OrderScheduled"],
        ["order", id, "OrderConfirmed"]
      ])
      assert.deepStrictEqual((yield* pageOf("correlation=nothing")).items, [])
    })
  )

  it.effect("a timeline is the tenant's own, and its cursor good for nothing else", () =>
    Effect.gen(function* () {
      const { otherToken } = yield* Edge
      yield* call("POST", "/ops/bins", bin(), { "x-correlation-id": "mine" })
      yield* call("POST", "/ops/bins", bin(), { "x-correlation-id": "mine" })
      const { nextCursor } = yield* pageOf("correlation=mine&limit=1")
      const foreign = { authorization: `Bearer ${otherToken}` }
      const theirs = yield* call("GET", "/v1/timeline?correlation=mine", undefined, foreign)
      assert.deepStrictEqual(theirs.json["items"], [])
      for (const [query, headers] of [
        [`correlation=other&cursor=${nextCursor}`, {}],
        [`correlation=mine&cursor=${nextCursor}`, foreign]
      ] as const) {
        const reply = yield* call("GET", `/v1/timeline?${query}`, undefined, headers)
        assert.deepStrictEqual(codeOf(reply), [400, "invalid_cursor"])
      }
      for (const query of ["", "correlation=", "correlation=UPPER", "correlation=x&after=1"]) {
        assert.strictEqual((yield* call("GET", `/v1/timeline?${query}`)).status, 422, query)
      }
    })
  )

  it.effect("a bin and an order can be seen as they were, by version and by instant", () =>
    Effect.gen(function* () {
      const path = `/ops/bins/${yield* newBin({ sizeLitres: 100 })}`
      const before = (yield* call("GET", path)).json
      for (const [size, tag] of [
        [200, '"1"'],
        [300, '"2"']
      ] as const) {
        yield* call("PATCH", path, { sizeLitres: size }, { "if-match": tag })
      }
      const first = yield* call("GET", `${path}?asOf=1`)
      assert.deepStrictEqual([first.json, first.headers["etag"]], [before, '"1"'])
      assert.strictEqual((yield* call("GET", `${path}?asOf=2`)).json["sizeLitres"], 200)
      assert.strictEqual((yield* call("GET", `${path}?asOf=2`, undefined, { "if-none-match": '"2"' })).status, 304)
      const instant = encodeURIComponent(String((yield* call("GET", path)).json["updatedAt"]))
      assert.strictEqual((yield* call("GET", `${path}?asOf=${instant}`)).json["sizeLitres"], 300)
      for (const never of ["4", "2000-01-01T00:00:00Z"]) {
        assert.deepStrictEqual(codeOf(yield* call("GET", `${path}?asOf=${never}`)), [404, "bin_not_found"])
      }
      for (const wrong of ["0", "-1", "1.5", "2026-01-31", "2026-02-30T00:00:00Z", "yesterday", ""]) {
        assert.deepStrictEqual(codeOf(yield* call("GET", `${path}?asOf=${wrong}`)), [422, "invalid_request"], wrong)
      }
      const { scheduled } = yield* wanted
      const order = made(yield* call("POST", "/ops/orders", scheduled))
      const draft = yield* call("GET", `/ops/orders/${order.id}?asOf=1`)
      assert.deepInclude(draft.json, { status: "Draft", version: 1 })
      assert.strictEqual((yield* call("GET", `/ops/customers/${order.id}?asOf=1`)).status, 404)
    })
  )
})
