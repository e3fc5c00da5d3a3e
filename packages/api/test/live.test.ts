/** The stream of changes over a real socket, through the typed client and as it is on the wire. */
import * as DuelineClient from "@dueline/client/DuelineClient"
import type { CallChanges } from "@dueline/contracts/api/ServiceCallEndpoints"
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber, Redacted, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { Edge, health, layer as edge } from "./Edge.ts"

/** What the bearer of the token is told until `enough`; `ready` once the stream has begun. */
const watching = Effect.fnUntraced(function* (token: string, enough: (changes: CallChanges) => boolean) {
  const { baseUrl } = yield* Edge
  const { serviceCalls } = yield* DuelineClient.make({ baseUrl, token: Redacted.make(token) })
  const ready = yield* Deferred.make<void>()
  const told: Array<CallChanges> = []
  const stream = yield* serviceCalls.live()
  const fiber = yield* stream.pipe(
    Stream.tap((changes) =>
      Effect.andThen(
        Effect.sync(() => told.push(changes)),
        Deferred.succeed(ready, undefined)
      )
    ),
    Stream.takeUntil(enough),
    Stream.runDrain,
    Effect.forkScoped
  )
  yield* Deferred.await(ready)
  return { told, fiber }
})

const client = FetchHttpClient.layer

layer(edge, { excludeTestServices: true })("the stream of changes", (it) => {
  it.effect("tells of a call that is submitted and cancelled, as lists show it, and of no other tenant's", () =>
    Effect.gen(function* () {
      const { otherToken, send, submit, token } = yield* Edge
      const mine = yield* watching(token, ({ calls }) => calls.some(({ status }) => status === "Cancelled"))
      const theirs = yield* watching(otherToken, () => false)
      const { json } = yield* submit({ delay: "1h", request: { method: "POST", url: "https://example.com/live" } })
      const path = `/v1/service-calls/${json["id"]}`
      yield* send({ method: "POST", path: `${path}/cancel` })
      yield* Fiber.await(mine.fiber)
      const last = mine.told.at(-1)?.calls[0]
      const listed = yield* send({ method: "GET", path: "/v1/service-calls" })
      assert.deepStrictEqual(last as unknown, (listed.json["items"] as ReadonlyArray<unknown>)[0])
      assert.deepStrictEqual(theirs.told, [{ sequence: 0, calls: [], omitted: 0 }])
    }).pipe(Effect.scoped, Effect.provide(client))
  )

  it.effect("is kept, changed and held back by nobody on the way, and ends when the process stops", () =>
    Effect.gen(function* () {
      const { baseUrl, token } = yield* Edge
      const headers = { authorization: `Bearer ${token}` }
      const answer = yield* Effect.promise(() => fetch(`${baseUrl}/v1/service-calls/live`, { headers }))
      assert.strictEqual(answer.headers.get("content-type"), "text/event-stream")
      assert.strictEqual(answer.headers.get("cache-control"), "no-store, no-transform")
      assert.strictEqual(answer.headers.get("x-accel-buffering"), "no")
      health.phase = "draining"
      const text = yield* Effect.ensuring(
        Effect.promise(() => answer.text()),
        Effect.sync(() => (health.phase = "serving"))
      )
      assert.strictEqual(text, 'event: message\ndata: {"sequence":0,"calls":[],"omitted":0}\n\n')
    })
  )
})
