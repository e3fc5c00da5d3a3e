import { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { HttpServerRequest } from "effect/http"
import { TestClock } from "effect/testing"
import * as Deadline from "../src/server/Deadline.ts"
import { Edge, later, layerSilent } from "./Edge.ts"
import type { Sent } from "./send.ts"

const silent = Effect.uninterruptible(Effect.never)

const inRequest = <A, E>(
  use: (patience: Deadline.Patience["Service"], request: HttpServerRequest.HttpServerRequest) => Effect.Effect<A, E>
) =>
  Effect.gen(function* () {
    const request = HttpServerRequest.fromWeb(new Request("http://here/"))
    const patience = yield* Deadline.Patience
    return yield* use(patience, request).pipe(Effect.provideService(HttpServerRequest.HttpServerRequest, request))
  }).pipe(Effect.provide(Deadline.layer(15_000)))

describe("the deadline of a request", () => {
  it.effect("is one for all its questions, on the monotonic clock", () =>
    inRequest(({ within }) =>
      Effect.gen(function* () {
        const read = within("read")
        assert.strictEqual(yield* read(Effect.succeed(1)), 1)
        const first = yield* Effect.forkChild(read(Effect.delay(Effect.succeed(2), "10 seconds")))
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(yield* Fiber.join(first), 2)
        const second = yield* Effect.forkChild(Effect.flip(read(silent)))
        yield* TestClock.adjust("4 seconds")
        assert.strictEqual(second.pollUnsafe(), undefined)
        yield* TestClock.adjust("1250 millis")
        assert.instanceOf(yield* Fiber.join(second), StoreUnavailable)
        assert.instanceOf(yield* Effect.flip(read(Effect.succeed(3))), StoreUnavailable)
      })
    )
  )

  it.effect("begins anew after a wait that was asked for", () =>
    inRequest(({ renew, within }, request) =>
      Effect.gen(function* () {
        const read = within("read")
        yield* read(Effect.void)
        yield* TestClock.adjust("30 seconds")
        renew(request)
        assert.strictEqual(yield* read(Effect.succeed(1)), 1)
      })
    )
  )

  it.effect("passes on what the store says, and lets the question go with its request", () =>
    inRequest(({ within }) =>
      Effect.gen(function* () {
        let released = false
        const read = within("read")
        assert.strictEqual(yield* Effect.flip(read(Effect.fail("no"))), "no")
        const held = read(Effect.never.pipe(Effect.onInterrupt(() => Effect.sync(() => (released = true)))))
        const asked = yield* Effect.forkChild(held, { startImmediately: true })
        yield* Fiber.interrupt(asked)
        assert.isTrue(released)
      })
    )
  )

  it.effect("bounds nothing outside of a request", () =>
    Effect.gen(function* () {
      const { within } = yield* Deadline.Patience
      const long = yield* Effect.forkChild(within("ask")(Effect.delay(Effect.succeed(1), "1 hour")))
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(yield* Fiber.join(long), 1)
    }).pipe(Effect.provide(Deadline.layer(15_000)))
  )
})

const id = "00000000-0000-7000-8000-000000000000"
const json = { "content-type": "application/json" }
const get = (path: string): Sent => ({ method: "GET", path })
const post = (path: string, body: unknown): Sent => ({
  method: "POST",
  path,
  headers: json,
  body: JSON.stringify(body)
})

const reads = [
  "/v1/service-calls",
  `/v1/service-calls/${id}`,
  `/v1/service-calls/${id}/events`,
  "/v1/timeline?correlation=a",
  "/ops/bins",
  `/ops/bins/${id}`,
  "/ops/bins?near=1,1&radius=1",
  `/ops/bins/${id}?asOf=1`,
  "/ops/customers",
  `/ops/customers/${id}`,
  "/ops/orders",
  `/ops/orders/${id}`
].map(get)

const changes: ReadonlyArray<Sent> = [
  post("/v1/service-calls", later),
  { ...post("/v1/service-calls", later), headers: { ...json, prefer: "wait=1" } },
  { method: "POST", path: `/v1/service-calls/${id}/cancel` },
  post("/ops/bins", { serialNumber: "A", category: "skip", sizeLitres: 1 }),
  post("/ops/customers", { profile: { name: "Jo" } }),
  { method: "DELETE", path: `/ops/bins/${id}` },
  { method: "POST", path: `/ops/orders/${id}/confirm` }
]

layer(layerSilent, { excludeTestServices: true })("a store that swallows every question", (it) => {
  it.effect("is answered for within the deadline, whatever is read", () =>
    Effect.gen(function* () {
      const { send } = yield* Edge
      const replies = yield* Effect.forEach(reads, send, { concurrency: "unbounded" })
      for (const [i, { headers, json, status }] of replies.entries()) {
        assert.deepStrictEqual(
          [status, json["code"], headers["retry-after"]],
          [503, "unavailable", "1"],
          reads[i]?.path
        )
        assert.notInclude(String(json["detail"]), "may still happen")
      }
    })
  )

  it.effect(
    "is answered for within the deadline, whatever is asked, with what may yet become of it",
    () =>
      Effect.gen(function* () {
        const { send } = yield* Edge
        const replies = yield* Effect.forEach(changes, send, { concurrency: "unbounded" })
        for (const [i, { headers, json, status }] of replies.entries()) {
          assert.deepStrictEqual(
            [status, json["code"], headers["retry-after"]],
            [503, "unavailable", "1"],
            changes[i]?.path
          )
          assert.include(String(json["detail"]), "may still happen")
          assert.include(String(json["detail"]), "Idempotency-Key")
        }
      }),
    { tags: ["ADR-0007.7"] }
  )

  it.effect("holds up no item of a batch longer than that", () =>
    Effect.gen(function* () {
      const { send } = yield* Edge
      const { json, status } = yield* send(post("/v1/service-calls/batch", { items: [later, later] }))
      assert.strictEqual(status, 200)
      assert.deepStrictEqual(
        (json["items"] as ReadonlyArray<{ readonly status: number }>).map((item) => item.status),
        [503, 503]
      )
    })
  )
})
