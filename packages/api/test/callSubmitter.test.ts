import * as CallSubmitter from "@dueline/client/CallSubmitter"
import * as DuelineClient from "@dueline/client/DuelineClient"
import type { BatchItem } from "@dueline/contracts/api/ServiceCallRequest"
import { IdempotencyKey } from "@dueline/contracts/Ids"
import { assert, layer } from "@effect/vitest"
import { Effect, Exit, Redacted, Result } from "effect"
import { FetchHttpClient, HttpClient } from "effect/http"
import { Edge, layer as edge } from "./Edge.ts"

const call = (n: number, more: Partial<BatchItem> = {}): BatchItem => ({
  delay: "1h",
  request: { method: "POST", url: `https://example.com/${n}`, body: { n } },
  ...more
})

/** A submitter, and how many requests it has sent. */
const counted = (batchSize?: number) =>
  Effect.gen(function* () {
    const { baseUrl, token } = yield* Edge
    const requests: Array<string> = []
    const http = HttpClient.mapRequest(yield* HttpClient.HttpClient, (request) => {
      requests.push(request.url)
      return request
    })
    const client = yield* DuelineClient.make({ baseUrl, token: Redacted.make(token) }).pipe(
      Effect.provideService(HttpClient.HttpClient, http)
    )
    const submitter = CallSubmitter.make(client, batchSize === undefined ? {} : { batchSize })
    return { ...submitter, requests }
  }).pipe(Effect.provide(FetchHttpClient.layer))

const all = <A, E, R>(asked: ReadonlyArray<Effect.Effect<A, E, R>>) =>
  Effect.all(asked.map(Effect.result), { concurrency: "unbounded" })

layer(edge, { excludeTestServices: true })("the submitter of the client", (it) => {
  it.effect(
    "sends what is asked for in one turn in one request, and tells each caller of its own call",
    () =>
      Effect.gen(function* () {
        const { send } = yield* Edge
        const { requests, submit } = yield* counted()
        const told = yield* all(Array.from({ length: 60 }, (_, n) => submit(call(n))))
        assert.strictEqual(requests.length, 1)
        const ids = told.map((one) => Result.getOrThrow(one).call.id)
        assert.strictEqual(new Set(ids).size, 60)
        for (const n of [0, 31, 59]) {
          const detail = yield* send({ method: "GET", path: `/v1/service-calls/${ids[n]}` })
          assert.deepInclude(detail.json["request"], { url: `https://example.com/${n}` })
        }
        yield* submit(call(60))
        assert.strictEqual(requests.length, 2)
      }),
    { tags: ["ADR-0022.4"] }
  )

  it.effect(
    "lets each caller hear of its own refusal, its own repeat and its own defect",
    () =>
      Effect.gen(function* () {
        const { submit } = yield* counted()
        const idempotencyKey = IdempotencyKey.make("submitter")
        const told = yield* all([
          submit(call(1, { idempotencyKey })),
          submit(call(2, { request: { method: "GET", url: "http://127.0.0.1/" } })),
          submit(call(1, { idempotencyKey })),
          submit(call(3, { idempotencyKey })),
          submit(call(4, { request: { method: "GET", url: "https://defect.example.com/" } }))
        ])
        assert.deepStrictEqual(
          told.map((one) => (Result.isSuccess(one) ? one.success.replayed : "code" in one.failure && one.failure.code)),
          [false, "request_refused", true, "idempotency_key_reused", "internal"]
        )
      }),
    { tags: ["ADR-0022.4"] }
  )

  it.effect("goes on without an item that cannot be written down, and refuses that one", () =>
    Effect.gen(function* () {
      const { submit } = yield* counted()
      const endless = call(1, { request: { method: "GET", url: "x".repeat(9_000) } })
      const told = yield* all([submit(call(0)), submit(endless), submit(call(2))])
      assert.deepStrictEqual(told.map(Result.isSuccess), [true, false, true])
    })
  )

  it.effect("splits what is too much for one request, by number and by size", () =>
    Effect.gen(function* () {
      const few = yield* counted(10)
      yield* all(Array.from({ length: 25 }, (_, n) => few.submit(call(n))))
      assert.strictEqual(few.requests.length, 3)
      const large = yield* counted()
      const body = "é".repeat(40_000)
      const told = yield* all(
        Array.from({ length: 6 }, (_, n) =>
          large.submit(call(n, { request: { method: "POST", url: "https://example.com/", body } }))
        )
      )
      assert.isTrue(told.every(Result.isSuccess))
      assert.strictEqual(large.requests.length, 2)
    })
  )

  it.effect("tells all callers of a batch when it could not be sent", () =>
    Effect.gen(function* () {
      const client = yield* DuelineClient.make({ baseUrl: "http://127.0.0.1:1", token: Redacted.make("none") }).pipe(
        Effect.provide(FetchHttpClient.layer)
      )
      const { submit } = CallSubmitter.make(client)
      const told = yield* Effect.all([submit(call(0)), submit(call(1))].map(Effect.exit), { concurrency: "unbounded" })
      assert.deepStrictEqual(told.map(Exit.isFailure), [true, true])
    })
  )
})
