/** Subscriptions over the edge: made, shown, changed, paused, enabled, tried out, delivered again and deleted; and their secrets shown once. */
import { assert, layer } from "@effect/vitest"
import { SubscriptionId } from "@dueline/contracts/subscription/Subscription"
import { Effect } from "effect"
import { Edge, layer as edge } from "./Edge.ts"
import { call, codeOf, made } from "./field.ts"

const subscriptions = "/v1/subscriptions"
const nobodys = `${subscriptions}/00000000-0000-4000-8000-000000000000`
const url = "https://example.com/hooks?token=planted-secret"
const hook = (more: object = {}) => ({ url, topics: ["ops.service.order.>"], ...more })

layer(edge, { excludeTestServices: true })("subscriptions", (it) => {
  it.effect(
    "one is made with a secret that is shown once; neither that nor its address stands anywhere in clear",
    () =>
      Effect.gen(function* () {
        const key = { "idempotency-key": "warehouse-1" }
        const created = yield* call("POST", subscriptions, hook({ name: "warehouse" }), key)
        const { id, secret } = made<{ readonly secret: string }>(created)
        assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/u)
        assert.deepInclude(created.json, { status: "Active", url: "https://example.com/hooks?token=[redacted]" })
        const again = yield* call("POST", subscriptions, hook({ name: "warehouse" }), key)
        assert.deepStrictEqual(again.json, { ...created.json, secret: null })
        const read = yield* call("GET", `${subscriptions}/${id}`)
        assert.notProperty(read.json, "secret")
        const rotated = yield* call("POST", `${subscriptions}/${id}/secrets`, { overlap: "1h" })
        assert.lengthOf(rotated.json["secrets"] as ReadonlyArray<unknown>, 2)
        const { store } = yield* Edge
        const stored = JSON.stringify(store.dump())
        for (const hidden of [secret, String(rotated.json["secret"]), "planted-secret"])
          assert.notInclude(stored, hidden)
        const listed = yield* call("GET", `${subscriptions}?name=warehouse`)
        assert.lengthOf(listed.json["items"] as ReadonlyArray<unknown>, 1)
        assert.deepStrictEqual(codeOf(yield* call("GET", nobodys)), [404, "subscription_not_found"])
      }),
    { tags: ["ADR-0043.2"] }
  )

  it.effect("what is wrong is refused at its place, and nothing is stored", () =>
    Effect.gen(function* () {
      const { store } = yield* Edge
      const before = store.dump().events.length
      for (const [body, path] of [
        [hook({ url: "http://example.com/" }), "body.url"],
        [hook({ url: "https://169.254.169.254/" }), "body.url"],
        [hook({ url: "no address" }), "body.url"],
        [hook({ topics: ["ops.nothing.>"] }), "body.topics.0"],
        [hook({ topics: [] }), "body.topics"],
        [hook({ topics: ["ops.>.created"] }), "body.topics.0"],
        [hook({ filter: "colour eq 3" }), "body.filter"],
        [hook({ name: "Not a name" }), "body.name"],
        [hook({ flow: { key: "hooks", ratePerSecond: 0 } }), "body.flow.ratePerSecond"]
      ] as const) {
        const reply = yield* call("POST", subscriptions, body)
        assert.strictEqual(reply.status, 422, reply.body)
        const errors = reply.json["errors"] as ReadonlyArray<{ readonly path: string }>
        assert.include(
          errors.map((error) => error.path),
          path,
          reply.body
        )
      }
      assert.lengthOf(store.dump().events, before)
    })
  )

  it.effect("a change leaves what it does not name; pausing, enabling and deleting say what came of them", () =>
    Effect.gen(function* () {
      const { id } = made(
        yield* call("POST", subscriptions, hook({ filter: 'tag eq "vip"', flow: { key: "hooks", concurrency: 2 } }))
      )
      const path = `${subscriptions}/${id}`
      const changed = yield* call("PATCH", path, { topics: ["ops.bin.created"], filter: null })
      assert.deepInclude(changed.json, {
        topics: ["ops.bin.created"],
        filter: null,
        flow: { key: "hooks", concurrency: 2 },
        version: 2
      })
      assert.deepInclude((yield* call("PATCH", path, { topics: ["ops.bin.created"] })).json, { version: 2 })
      const paused = yield* call("POST", `${path}/pause`, { reason: "the warehouse moves" })
      assert.deepInclude(paused.json, { status: "Paused", pausedReason: "the warehouse moves" })
      assert.deepInclude((yield* call("POST", `${path}/enable`)).json, { status: "Active", pausedReason: null })
      const deleted = yield* call("DELETE", path)
      assert.deepInclude(deleted.json, { status: "Deleted", secrets: [] })
      assert.strictEqual((yield* call("DELETE", path)).status, 200)
      assert.deepStrictEqual(codeOf(yield* call("POST", `${path}/enable`)), [409, "subscription_deleted"])
      const stale = yield* call("PATCH", path, { name: null }, { "if-match": '"1"' })
      assert.strictEqual(stale.status, 412)
    })
  )

  it.effect("a time is delivered once more, one time after the other, and a test is a message", () =>
    Effect.gen(function* () {
      const { id } = made(yield* call("POST", subscriptions, hook()))
      const path = `${subscriptions}/${id}`
      assert.strictEqual((yield* call("POST", `${path}/test`)).status, 200)
      const { store } = yield* Edge
      const waiting = Effect.map(call("GET", path), ({ json }) => json["waiting"])
      assert.deepStrictEqual(yield* waiting, { messages: 0, oldestAt: null })
      const came = (yield* store.deliveries.unsorted(100))
        .filter(({ streamId }) => streamId === (id as string))
        .slice(-1)
      const to = [SubscriptionId.make(id)]
      yield* store.deliveries.sort(came.map(({ seq, tenantId }) => ({ seq, tenantId, to })))
      const oldestAt = new Date(came[0]?.keptAt ?? 0).toISOString()
      assert.deepStrictEqual(yield* waiting, { messages: 1, oldestAt })
      const from = { from: "2020-01-01T00:00:00Z" }
      const begun = yield* call("POST", `${path}/redeliver`, from)
      assert.strictEqual(begun.status, 202)
      assert.deepInclude(begun.json["redelivery"] as object, { number: 1, done: false, messages: 0 })
      assert.deepStrictEqual(codeOf(yield* call("POST", `${path}/redeliver`, from)), [409, "redelivery_under_way"])
      const backwards = yield* call("POST", `${path}/redeliver`, { ...from, to: "2019-01-01T00:00:00Z" })
      assert.deepStrictEqual(codeOf(backwards), [422, "invalid_request"])
      assert.include(
        store.dump().outbox.map(({ topic }) => topic),
        "ops.subscription.tested"
      )
    })
  )
})
