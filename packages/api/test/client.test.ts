import * as DuelineClient from "@dueline/client/DuelineClient"
import { IdempotencyKey, ServiceCallId } from "@dueline/contracts/Ids"
import { assert, layer } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import { Edge, layer as edge } from "./Edge.ts"
import { hours } from "./field.ts"

const request = { method: "POST", url: "https://example.com/hook", body: { hello: "world" } } as const

const client = Effect.flatMap(Edge, ({ baseUrl, token }) =>
  DuelineClient.make({ baseUrl, token: Redacted.make(token) })
).pipe(Effect.provide(FetchHttpClient.layer))

layer(edge, { excludeTestServices: true })("the typed client", (it) => {
  it.effect("submits, reads, lists, moves and cancels", () =>
    Effect.gen(function* () {
      const { serviceCalls } = yield* client
      const { body, headers } = yield* serviceCalls.submit({
        headers: { "idempotency-key": IdempotencyKey.make("client") },
        payload: { delay: "1h", request, tags: ["client"] }
      })
      assert.strictEqual(headers.location, `/v1/service-calls/${body.id}`)
      const params = { id: body.id }
      const detail = yield* serviceCalls.get({ params, query: {}, headers: {} })
      assert.strictEqual(detail.body?.request.method, "POST")
      const unchanged = yield* serviceCalls.get({
        params,
        query: {},
        headers: { "if-none-match": detail.headers.etag }
      })
      assert.isUndefined(unchanged.body)
      const page = yield* serviceCalls.list({ query: { tag: ["client"], limit: 1 } })
      assert.deepStrictEqual(
        page.items.map(({ id }) => id),
        [body.id]
      )
      const moved = yield* serviceCalls.reschedule({
        params,
        headers: { "if-match": detail.headers.etag },
        payload: { delay: 7_200_000 }
      })
      const cancelled = yield* serviceCalls.cancel({ params, headers: { "if-match": moved.headers.etag } })
      assert.strictEqual(cancelled.body.status, "Cancelled")
      const history = yield* serviceCalls.events({ params, query: {} })
      assert.deepStrictEqual(
        history.items.map(({ type }) => type),
        ["ServiceCallSubmitted", "ServiceCallRescheduled", "ServiceCallCancelled"]
      )
    })
  )

  it.effect("takes a customer, a bin and an order through their lives", () =>
    Effect.gen(function* () {
      const { bins, customers, orders, timeline } = yield* client
      const customer = yield* customers.register({ headers: {}, payload: { profile: { name: "Ada Byron" } } })
      const params = { id: customer.body.id }
      const found = yield* customers.get({ params, query: {}, headers: {} })
      assert.deepStrictEqual(found.body?.profile, { name: "Ada Byron" })
      yield* customers.update({
        params,
        headers: { "if-match": customer.headers.etag },
        payload: { profile: { notes: "Ring twice" } }
      })
      const bin = yield* bins.create({
        headers: {},
        payload: { serialNumber: "C-1", category: "skip", sizeLitres: 100, location: { lat: 1, lon: 2 } }
      })
      yield* bins.capacity({
        params: { id: bin.body.id },
        headers: { "if-match": bin.headers.etag },
        payload: { capacityLitres: 90 }
      })
      const near = yield* bins.list({ query: { near: "1,2", radius: 10 } })
      assert.deepStrictEqual(
        near.items.map(({ capacityLitres, distanceMetres, id }) => [id, capacityLitres, distanceMetres]),
        [[bin.body.id, 90, 0]]
      )
      const payload = {
        customerId: params.id,
        binId: bin.body.id,
        kind: "swap",
        window: hours(1, 8, 9),
        schedule: true,
        notifications: [{ url: "https://example.com/soon", lead: "PT30M" }]
      } as const
      const order = yield* orders.create({ headers: {}, payload })
      const conflict = yield* Effect.flip(orders.create({ headers: {}, payload }))
      if (conflict._tag !== "Conflict") return assert.fail(conflict._tag)
      assert.deepStrictEqual(conflict.conflict?.freeWindows, [hours(1, 7, 8), hours(1, 9, 10)])
      const inUse = yield* Effect.flip(customers.erase({ params, headers: {} }))
      assert.strictEqual(inUse._tag, "Conflict")
      yield* orders.complete({ params: { id: order.body.id }, headers: {} })
      assert.strictEqual((yield* customers.erase({ params, headers: {} })).body.status, "Erased")
      assert.strictEqual((yield* Effect.flip(customers.get({ params, query: {}, headers: {} })))._tag, "Gone")
      const past = yield* customers.get({ params, query: { asOf: "1" }, headers: {} })
      assert.deepStrictEqual([past.body?.status, past.body?.profile], ["Active", null])
      const correlation = past.body?.correlationId
      assert.isDefined(correlation)
      const story = yield* timeline.read({ query: { correlation } })
      assert.deepStrictEqual(
        story.items.map(({ type }) => type),
        ["CustomerRegistered"]
      )
    })
  )

  it.effect("problems come back as errors by tag, with everything they say", () =>
    Effect.gen(function* () {
      const { serviceCalls } = yield* client
      const nobodys = { id: ServiceCallId.make("00000000-0000-4000-8000-000000000000") }
      const missing = yield* Effect.flip(serviceCalls.get({ params: nobodys, query: {}, headers: {} }))
      assert.strictEqual(missing._tag, "NotFound")
      const refused = yield* Effect.flip(
        serviceCalls.submit({ headers: {}, payload: { request: { ...request, url: "http://127.0.0.1/" } } })
      )
      if (refused._tag !== "Unprocessable") return assert.fail(refused._tag)
      assert.strictEqual(refused.code, "request_refused")
      assert.deepInclude(refused.errors?.[0], { path: "body.request.url", code: "address_denied" })
      const { body } = yield* serviceCalls.submit({ headers: {}, payload: { delay: "1h", request } })
      const stale = yield* Effect.flip(
        serviceCalls.reschedule({ params: { id: body.id }, headers: { "if-match": '"9"' }, payload: { delay: "1h" } })
      )
      if (stale._tag !== "PreconditionFailed") return assert.fail(stale._tag)
      assert.deepStrictEqual(stale.conflict, { expectedVersion: 9, actualVersion: 1 })
    })
  )

  it.effect("a token that is no good is an error of its own", () =>
    Effect.gen(function* () {
      const { baseUrl } = yield* Edge
      const { serviceCalls } = yield* DuelineClient.make({ baseUrl, token: Redacted.make("nothing") })
      const error = yield* Effect.flip(serviceCalls.list({ query: {} }))
      assert.strictEqual(error._tag, "Unauthenticated")
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )

  it.effect("needs no token for what is public", () =>
    Effect.gen(function* () {
      const { system } = yield* client
      assert.strictEqual((yield* system.health()).status, "ok")
      assert.strictEqual((yield* system.ready()).status, "ready")
      assert.strictEqual((yield* system.jwks()).keys.length, 1)
    })
  )
})
