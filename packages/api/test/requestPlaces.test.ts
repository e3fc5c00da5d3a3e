/** Who finds a place at the edge beside a tenant, or an address, that takes all it can get. */
import { assert, describe, it } from "@effect/vitest"
import { Principal } from "@dueline/contracts/api/Access"
import { TenantId } from "@dueline/contracts/Ids"
import { Places } from "@dueline/contracts/TenantShares"
import { Deferred, Effect, Fiber, Layer, Schema, type Scope } from "effect"
import { HttpEffect, HttpRouter, HttpServer, HttpServerRequest } from "effect/http"
import { HttpApi, HttpApiBuilder, HttpApiEndpoint, HttpApiGroup, HttpApiMiddleware } from "effect/http-api"
import * as CacheMemory from "@dueline/contracts/memory/CacheMemory"
import { layerStoreMemory } from "effect/persistence/RateLimiter"
import { RateLimit } from "@dueline/contracts/api/RateLimit"
import { once } from "node:events"
import { createServer } from "node:http"
import { connect, type Socket } from "node:net"
import { boundConnections } from "../src/server/boundConnections.ts"
import * as RateLimits from "../src/access/RateLimits.ts"
import { LeavePlace } from "../src/server/RequestPlaces.ts"

const tenants = [
  TenantId.make("11111111-1111-4111-8111-111111111111"),
  TenantId.make("22222222-2222-4222-8222-222222222222")
] as const

class Word extends HttpApiMiddleware.Service<Word, { provides: Principal }>()("@dueline/api/test/PlaceWord") {}

/** Takes the tenant at its word. */
const word = Layer.succeed(Word, (httpEffect) =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ headers }) =>
    Effect.provideService(httpEffect, Principal, {
      tenantId: (headers["tenant"] ?? "") as TenantId,
      subject: "tester",
      scopes: [],
      apiKey: null,
      session: null
    })
  )
)

class Calls extends HttpApiGroup.make("calls")
  .add(HttpApiEndpoint.post("hold", "/hold", { payload: Schema.Struct({ count: Schema.Int }) }))
  .add(HttpApiEndpoint.post("wait", "/wait", { payload: Schema.Struct({ count: Schema.Int }) }))
  .middleware(RateLimit)
  .middleware(Word) {}
class Api extends HttpApi.make("small").add(Calls) {}

/** An edge with 8 places whose requests last until the gate opens; those to `/wait` give their place back first. */
const edge = Effect.gen(function* () {
  const gate = yield* Deferred.make<void>()
  const handlers = HttpApiBuilder.group(Api, "calls", (of) =>
    of
      .handle("hold", () => Deferred.await(gate))
      .handle("wait", () => Effect.andThen(Effect.flatten(LeavePlace), Deferred.await(gate)))
  )
  const routes = HttpApiBuilder.layer(Api).pipe(
    Layer.provide(handlers),
    Layer.provide([RateLimits.layer({}, 8), word]),
    Layer.provide([layerStoreMemory, CacheMemory.layer, HttpServer.layerServices])
  )
  const app = yield* HttpRouter.toHttpEffect(routes)
  const handle = HttpEffect.toWebHandlerWith<never, HttpServerRequest.HttpServerRequest | Scope.Scope>(
    yield* Effect.context<never>()
  )(app)
  const ask = (tenant: string, path: string) =>
    Effect.forkChild(
      Effect.promise(async () => {
        const headers = { tenant, "content-type": "application/json" }
        return handle(new Request(`http://edge${path}`, { method: "POST", headers, body: `{"count":1}` }))
      }),
      { startImmediately: true }
    )
  const settled = Effect.promise(() => new Promise((done) => setImmediate(done)))
  const open = Effect.andThen(settled, Deferred.succeed(gate, undefined))
  return { ask, open }
})

describe("places at the edge", { tags: ["ADR-0027.6"] }, () => {
  it.effect("one tenant's requests take half of them and are then refused with 429, another's are not", () =>
    Effect.gen(function* () {
      const { ask, open } = yield* edge
      const [mine, theirs] = tenants
      const flood = yield* Effect.forEach(Array.from({ length: 10 }), () => ask(theirs, "/hold"))
      const own = yield* ask(mine, "/hold")
      yield* open
      const answers = yield* Effect.forEach(flood, Fiber.join)
      assert.deepStrictEqual(
        answers.map(({ status }) => status).toSorted((a, b) => a - b),
        [204, 204, 204, 204, 429, 429, 429, 429, 429, 429]
      )
      const refused = answers.find(({ status }) => status === 429)
      assert.strictEqual(refused?.headers.get("retry-after"), "1")
      assert.strictEqual((yield* Fiber.join(own)).status, 204)
      const next = yield* Fiber.join(yield* ask(theirs, "/hold"))
      assert.strictEqual(next.status, 204)
    })
  )

  it.effect("a request that only waits for a call's end has none", () =>
    Effect.gen(function* () {
      const { ask, open } = yield* edge
      const tenantId = tenants[0]
      const waiting: Array<Fiber.Fiber<Response>> = []
      for (let n = 0; n < 20; n += 1) {
        waiting.push(yield* ask(tenantId, "/wait"))
        yield* Effect.promise(() => new Promise((done) => setImmediate(done)))
      }
      yield* open
      for (const answer of yield* Effect.forEach(waiting, Fiber.join)) assert.strictEqual(answer.status, 204)
    })
  )

  it("a place that is given back twice is given back once", () => {
    const places = new Places(4)
    const [one, two] = tenants
    const leave = places.enter(one)
    assert.isNotNull(places.enter(one))
    assert.isNull(places.enter(one))
    leave?.()
    leave?.()
    assert.isNotNull(places.enter(one))
    assert.isNull(places.enter(one))
    assert.isNotNull(places.enter(two))
  })

  it("one address has half of the connections at the most, another finds one, and what is closed is free again", async () => {
    const server = createServer((_, response) => void response.end("ok"))
    boundConnections(server, 8)
    server.listen(0, "0.0.0.0")
    await once(server, "listening")
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    /** Whether the connection is served. */
    const asks = async (localAddress: string): Promise<Socket | null> => {
      const socket = connect({ port, host: "127.0.0.1", localAddress })
      socket.on("error", () => undefined)
      socket.write("GET / HTTP/1.1\r\nhost: edge\r\n\r\n")
      const heard = await Promise.race([once(socket, "data"), once(socket, "close").then(() => null)])
      return heard === null ? null : socket
    }
    const flood = []
    for (let n = 0; n < 6; n += 1) flood.push(await asks("127.0.0.1"))
    assert.deepStrictEqual(
      flood.map((socket) => socket !== null),
      [true, true, true, true, false, false]
    )
    const other = await asks("127.0.0.2")
    assert.isNotNull(other)
    flood[0]?.destroy()
    let again = await asks("127.0.0.1")
    for (let n = 0; n < 50 && again === null; n += 1) again = await asks("127.0.0.1")
    assert.isNotNull(again)
    server.closeAllConnections()
    server.close()
  })
})
