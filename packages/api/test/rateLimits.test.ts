/** Limits on a small API of their own, on the test's clock: who is counted, who is refused, and what they are told. */
import { Principal } from "@dueline/contracts/api/Access"
import { CountedAs, RateLimit } from "@dueline/contracts/api/RateLimit"
import { TenantId } from "@dueline/contracts/Ids"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Schema, type Scope } from "effect"
import { HttpEffect, HttpRouter, HttpServer, HttpServerRequest } from "effect/http"
import { HttpApi, HttpApiBuilder, HttpApiEndpoint, HttpApiGroup, HttpApiMiddleware } from "effect/http-api"
import {
  layerStoreMemory,
  RateLimiterError,
  RateLimiterStore,
  RateLimitStoreError
} from "effect/persistence/RateLimiter"
import { TestClock } from "effect/testing"
import * as RateLimits from "../src/access/RateLimits.ts"

/** Takes the tenant at its word. */
class Word extends HttpApiMiddleware.Service<Word, { provides: Principal }>()("@dueline/api/test/Word") {}

const word = Layer.succeed(Word, (httpEffect) =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ headers }) =>
    Effect.provideService(httpEffect, Principal, {
      tenantId: TenantId.make(headers["tenant"] ?? ""),
      subject: "tester",
      scopes: [],
      apiKey: null,
      session: null
    })
  )
)

const change = HttpApiEndpoint.post("change", "/", { payload: Schema.Struct({ count: Schema.Int }) })
const look = HttpApiEndpoint.get("look", "/")

class Orders extends HttpApiGroup.make("orders")
  .add(change)
  .middleware(RateLimit)
  .add(look)
  .prefix("/orders")
  .middleware(Word)
  .annotate(CountedAs, "orders") {}
class Bins extends HttpApiGroup.make("bins")
  .add(change)
  .middleware(RateLimit)
  .prefix("/bins")
  .middleware(Word)
  .annotate(CountedAs, "bins") {}
class Calls extends HttpApiGroup.make("calls")
  .add(change)
  .middleware(RateLimit)
  .prefix("/calls")
  .middleware(Word)
  .annotate(CountedAs, "calls") {}
class Api extends HttpApi.make("small").add(Orders).add(Bins).add(Calls) {}

const done = () => Effect.void
const handlers = Layer.mergeAll(
  HttpApiBuilder.group(Api, "orders", (of) => of.handle("change", done).handle("look", done)),
  HttpApiBuilder.group(Api, "bins", (of) => of.handle("change", done)),
  HttpApiBuilder.group(Api, "calls", (of) => of.handle("change", done))
)

const tenant = "11111111-1111-4111-8111-111111111111"
const another = "22222222-2222-4222-8222-222222222222"

/** The edge with these rates: answers a request with its status and headers. */
const edge = (rates: RateLimits.RatesPerMinute, store: Layer.Layer<RateLimiterStore> = layerStoreMemory) =>
  Effect.gen(function* () {
    const routes = HttpApiBuilder.layer(Api).pipe(
      Layer.provide(handlers),
      Layer.provide([RateLimits.layer(rates), word]),
      Layer.provide([store, HttpServer.layerServices])
    )
    const app = yield* HttpRouter.toHttpEffect(routes)
    const handle = HttpEffect.toWebHandlerWith<never, HttpServerRequest.HttpServerRequest | Scope.Scope>(
      yield* Effect.context<never>()
    )(app)
    const ask = (method: string, path: string, as: string, body: string | null) =>
      Effect.promise(async () => {
        const headers = { tenant: as, "content-type": "application/json" }
        const answer = await handle(new Request(`http://edge${path}`, { method, headers, body }))
        return { status: answer.status, headers: answer.headers, text: await answer.text() }
      })
    return {
      change: (path = "/orders", as = tenant) => ask("POST", path, as, `{"count":1}`),
      malformed: () => ask("POST", "/orders", tenant, `{"count":"many"}`),
      look: (as = tenant) => ask("GET", "/orders", as, null)
    }
  })

const statuses = (times: number, ask: Effect.Effect<{ readonly status: number }>) =>
  Effect.map(Effect.replicateEffect(ask, times), (answers) => answers.map(({ status }) => status))

const told = (headers: Headers) =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith("ratelimit") || name === "retry-after"))

it.effect(
  "of 121 changes at once the last is refused, and told when to come again",
  () =>
    Effect.gen(function* () {
      const { change } = yield* edge({ orders: 120 })
      const first = yield* change()
      assert.strictEqual(first.status, 204)
      assert.deepStrictEqual(told(first.headers), {
        ratelimit: `"orders";r=119;t=1`,
        "ratelimit-limit": "120",
        "ratelimit-policy": `"orders";q=120;w=60`,
        "ratelimit-remaining": "119",
        "ratelimit-reset": "1"
      })
      assert.deepStrictEqual([...new Set(yield* statuses(119, change()))], [204])
      const refused = yield* change()
      assert.strictEqual(refused.status, 429)
      assert.deepStrictEqual(told(refused.headers), {
        ratelimit: `"orders";r=0;t=60`,
        "ratelimit-limit": "120",
        "ratelimit-policy": `"orders";q=120;w=60`,
        "ratelimit-remaining": "0",
        "ratelimit-reset": "60",
        "retry-after": "1"
      })
      assert.include(refused.headers.get("content-type") ?? "", "application/problem+json")
      assert.deepInclude(JSON.parse(refused.text), { code: "rate_limited", status: 429 })
      assert.notProperty(JSON.parse(refused.text), "retryAfterSeconds")
    }),
  { tags: ["ADR-0020.1"] }
)

it.effect(
  "after the time to wait exactly one more is taken, and after a minute as many as at first",
  () =>
    Effect.gen(function* () {
      const { change } = yield* edge({ orders: 4 })
      yield* statuses(4, change())
      yield* TestClock.adjust(2_500)
      const refused = yield* change()
      assert.strictEqual(refused.headers.get("retry-after"), "13")
      assert.strictEqual(refused.headers.get("ratelimit-reset"), "58")
      yield* TestClock.adjust(12_499)
      assert.strictEqual((yield* change()).headers.get("retry-after"), "1")
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(yield* statuses(2, change()), [204, 429])
      yield* TestClock.adjust(60_000)
      assert.deepStrictEqual(yield* statuses(5, change()), [204, 204, 204, 204, 429])
    }),
  { tags: ["ADR-0020.1"] }
)

const Moment = Schema.Struct({
  pauseMs: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 20_000 })),
  requests: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 8 }))
})

it.effect.prop(
  "in no stretch of time are there more than the bucket holds and what has run into it",
  { moments: Schema.Array(Moment).check(Schema.isMaxLength(12)) },
  ({ moments }) =>
    Effect.gen(function* () {
      const { change } = yield* edge({ orders: 6 })
      const taken: Array<number> = []
      let now = 0
      for (const { pauseMs, requests } of moments) {
        yield* TestClock.adjust(pauseMs)
        now += pauseMs
        for (const status of yield* statuses(requests, change())) if (status === 204) taken.push(now)
      }
      for (const [from, start] of taken.entries())
        for (const [to, end] of taken.entries())
          assert.isAtMost(to - from + 1, 6 + Math.ceil((end - start) / 10_000), `from ${start} to ${end} ms`)
    }),
  { arbitrary: { runs: 50 } }
)

it.effect(
  "tenants and classes are counted apart, reads and classes without a limit not at all",
  () =>
    Effect.gen(function* () {
      const { change, look } = yield* edge({ orders: 1, bins: 1 })
      assert.deepStrictEqual(yield* statuses(2, change()), [204, 429])
      assert.strictEqual((yield* change("/orders", another)).status, 204)
      assert.strictEqual((yield* change("/bins")).status, 204)
      const reads = yield* Effect.replicateEffect(look(), 3)
      const calls = yield* Effect.replicateEffect(change("/calls"), 3)
      for (const { headers, status } of [...reads, ...calls]) {
        assert.strictEqual(status, 204)
        assert.deepStrictEqual(told(headers), {})
      }
    }),
  { tags: ["ADR-0020.2"] }
)

it.effect("what is wrong with a request counts too, and one too many is refused before it is looked at", () =>
  Effect.gen(function* () {
    const { malformed } = yield* edge({ orders: 2 })
    const answers = yield* Effect.replicateEffect(malformed(), 3)
    assert.deepStrictEqual(
      answers.map(({ headers, status }) => [status, headers.get("ratelimit-remaining")]),
      [
        [400, "1"],
        [400, "0"],
        [429, "0"]
      ]
    )
  })
)

it.effect(
  "where nobody can count nobody is refused",
  () =>
    Effect.gen(function* () {
      const reason = new RateLimitStoreError({ message: "away" })
      const broken = () => Effect.fail(new RateLimiterError({ reason }))
      const away = Layer.succeed(RateLimiterStore, {
        fixedWindow: broken,
        tokenBucket: broken,
        adaptiveConsume: broken,
        adaptiveFeedback: broken
      })
      const { change } = yield* edge({ orders: 1 }, away)
      assert.deepStrictEqual(yield* statuses(3, change()), [204, 204, 204])
    }),
  { tags: ["ADR-0020.4"] }
)
