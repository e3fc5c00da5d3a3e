import type { OutgoingRequest } from "@dueline/contracts/ports/HttpClient"
import { assert, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { make } from "../src/egress/MockHttpClient.ts"

const get = (url: string, changes: Partial<OutgoingRequest> = {}): OutgoingRequest => ({
  method: "GET",
  url,
  headers: {},
  body: null,
  timeoutMs: 1_000,
  maxResponseBytes: 4,
  wanted: () => true,
  ...changes
})

it.effect(
  "the scripted world answers by the first rule that fits, one reply after the other, the last one for ever",
  () =>
    Effect.gen(function* () {
      const client = yield* make([
        { match: "http://a.test/x", reply: [{ status: 503 }, { reason: "connect" }, { status: 200 }] },
        { match: "http://a.test/*", reply: (request, before) => ({ status: 200, body: `${request.method}${before}` }) }
      ])
      const told: Array<unknown> = []
      for (const path of ["x", "x", "x", "x", "y", "z"]) {
        const result = yield* client.send(get(`http://a.test/${path}`))
        told.push(result._tag === "Answered" ? [result.status, new TextDecoder().decode(result.body)] : result.reason)
      }
      assert.deepStrictEqual(told, [[503, ""], "connect", [200, ""], [200, ""], [200, "GET0"], [200, "GET1"]])
      assert.lengthOf(client.sent, 6)
      assert.deepInclude(yield* client.send(get("http://other.test/")), { _tag: "Unanswered", reason: "dns" })
    })
)

it.effect("the scripted world keeps to the time and the bytes that a request allows, on the given clock", () =>
  Effect.gen(function* () {
    const client = yield* make([
      { match: "http://slow.test/", reply: { status: 200, latencyMs: 5_000 } },
      { match: "*", reply: { status: 200, body: "12345", headers: { "X-Name": "v" }, latencyMs: 10 } }
    ])
    const slow = yield* Effect.forkChild(client.send(get("http://slow.test/")), { startImmediately: true })
    const large = yield* Effect.forkChild(client.send(get("http://b.test/")), { startImmediately: true })
    const dropped = yield* Effect.forkChild(client.send(get("http://c.test/")), { startImmediately: true })
    yield* Fiber.interrupt(dropped)
    yield* TestClock.adjust(1_000)
    assert.deepInclude(yield* Fiber.join(slow), { _tag: "Unanswered", reason: "timeout", durationMs: 1_000 })
    const answer = yield* Fiber.join(large)
    assert.deepInclude(answer, { _tag: "Answered", truncated: true, durationMs: 10, headers: { "x-name": "v" } })
    assert.deepStrictEqual([client.begun(), client.sent.length], [3, 2])
  })
)
