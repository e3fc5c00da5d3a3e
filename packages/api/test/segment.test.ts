/** An unmodified Segment client, told nothing but where this is and with which key. */
import { Analytics } from "@segment/analytics-node"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Edge, layer as edge, tenant } from "./Edge.ts"
import { call, codeOf, made } from "./field.ts"

const client = Effect.fnUntraced(function* (scopes: ReadonlyArray<string>) {
  const { baseUrl } = yield* Edge
  const reply = yield* call("POST", "/v1/api-keys", { name: "segment", workspace: "shop", scopes })
  const { key } = made<{ readonly key: string }>(reply)
  const analytics = new Analytics({ writeKey: key, host: baseUrl, maxRetries: 0, flushInterval: 50 })
  const errors: Array<unknown> = []
  analytics.on("error", (error) => errors.push(error))
  return { analytics, errors }
})

const listed = (query: string) =>
  Effect.map(
    call("GET", `/v1/events?workspace=shop&${query}`),
    ({ json }) => json["items"] as ReadonlyArray<Readonly<Record<string, unknown>>>
  )

layer(edge, { excludeTestServices: true })("a Segment client", (it) => {
  it.effect("reports everything it can say, each once, and is told of no error", () =>
    Effect.gen(function* () {
      const { analytics, errors } = yield* client(["ops:events.write"])
      const timestamp = new Date(Date.now() - 3_600_000)
      analytics.identify({ userId: "user-7", traits: { plan: "pro" } })
      analytics.page({ anonymousId: "v-1", name: "Home", category: "Docs", properties: { path: "/" } })
      analytics.screen({ userId: "user-7", name: "Cart" })
      analytics.group({ userId: "user-7", groupId: "g-1", traits: { seats: 4 } })
      analytics.alias({ userId: "user-7", previousId: "v-1" })
      for (const _ of ["once", "twice"])
        analytics.track({
          userId: "user-7",
          event: "Order Shipped",
          messageId: "order-42",
          properties: { total: 19.9 },
          timestamp
        })
      for (let n = 0; n < 60; n += 1) analytics.track({ anonymousId: "v-1", event: "Scrolled", properties: { n } })
      yield* Effect.promise(() => analytics.closeAndFlush())
      assert.deepStrictEqual(errors, [])
      const all = yield* listed("limit=200")
      assert.lengthOf(all, 66)
      for (const type of ["identify", "page", "screen", "group", "alias"])
        assert.lengthOf(yield* listed(`type=${type}`), 1, type)
      const [shipped] = yield* listed("eventId=order-42")
      assert.deepInclude(shipped, { type: "track", name: "Order Shipped", userId: "user-7" })
      assert.isAtMost(Math.abs(Date.parse(String(shipped?.["occurredAt"])) - timestamp.getTime()), 5_000)
      assert.deepInclude(shipped?.["document"], { properties: { total: 19.9 } })
    })
  )

  it.effect(
    "or its HTTP API reports one message at a time, by a path for each type, once and with corrected times",
    () =>
      Effect.gen(function* () {
        const { mint } = yield* Edge
        const scopes = ["ops:events.write"]
        const bearer = `Bearer ${yield* mint({ subject: "shop", tenantId: tenant, scopes, ttlSeconds: 60 })}`
        const authorization = { authorization: bearer, "content-type": "text/plain" }
        const send = (type: string, more: object) =>
          call("POST", `/v1/${type}`, { userId: "user-8", ...more }, authorization)
        const times = { timestamp: "2020-01-01T09:00:00Z", sentAt: "2020-01-01T09:00:00Z" }
        const tracked = { event: "Bought", messageId: "one-1", ...times }
        assert.deepInclude((yield* send("track", tracked)).json, { status: "stored", eventId: "one-1" })
        assert.deepInclude((yield* send("track", tracked)).json, { status: "duplicate", id: null })
        for (const type of ["identify", "page", "screen", "group", "alias"])
          assert.strictEqual((yield* send(type, { messageId: `one-${type}` })).status, 200, type)
        const refused = yield* send("track", { messageId: "one-2" })
        assert.deepStrictEqual(codeOf(refused), [422, "invalid_request"])
        const { json } = yield* call("GET", "/v1/events?userId=user-8&limit=200")
        const events = json["items"] as ReadonlyArray<Readonly<Record<string, unknown>>>
        assert.lengthOf(events, 6)
        const bought = events.find(({ eventId }) => eventId === "one-1")
        assert.isAtMost(Math.abs(Date.parse(String(bought?.["occurredAt"])) - Date.now()), 60_000)
        assert.notProperty(bought?.["document"], "sentAt")
      })
  )

  it.effect("with a key that may not report is told so for each event, and nothing is stored", () =>
    Effect.gen(function* () {
      const { analytics, errors } = yield* client(["ops:bins.read"])
      analytics.track({ userId: "user-7", event: "Refused" })
      yield* Effect.promise(() => analytics.closeAndFlush())
      assert.lengthOf(errors, 1)
      assert.lengthOf(yield* listed("event=Refused"), 0)
    })
  )
})
