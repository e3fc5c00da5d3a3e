/** What an HttpClient makes of servers and networks that give no answer, or none that is one. */
import { assert } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { answered, type It, reasonOf, seenAt, send, unique } from "./HttpClientProbe.ts"
import * as HttpTarget from "./HttpTarget.ts"

export const silence = (it: It) => {
  it.effect("a server that says nothing, or stops in the middle, is a timeout", () =>
    Effect.gen(function* () {
      assert.strictEqual(reasonOf(yield* send("/silent", { timeoutMs: 150 })), "timeout")
      assert.strictEqual(reasonOf(yield* send("/stalled", { timeoutMs: 150 })), "timeout")
    })
  )

  it.effect("a request that is not wanted any more when its connection stands is not sent", () =>
    Effect.gen(function* () {
      const [first, second] = [unique("/status/200"), unique("/status/200")]
      assert.deepInclude(yield* send(first, { wanted: () => false }), { _tag: "NotSent", reason: "unwanted" })
      let asked = 0
      const redirected = send(`/redirect/302?to=${encodeURIComponent(second)}`, { wanted: () => asked++ === 0 })
      // The first request of the two has left: that is an attempt.
      assert.deepInclude(yield* redirected, { _tag: "Unanswered", reason: "timeout" })
      assert.deepStrictEqual([yield* seenAt(first), yield* seenAt(second), asked], [[], [], 2])
      assert.strictEqual(answered(yield* send("/status/200")).status, 200)
    })
  )

  it.effect("the time allowed is for all redirects together", () =>
    Effect.gen(function* () {
      assert.strictEqual(reasonOf(yield* send("/redirect/302?to=%2Fsilent", { timeoutMs: 150 })), "timeout")
    })
  )

  it.effect("a server that breaks off, before or within its answer, is a lost connection", () =>
    Effect.gen(function* () {
      assert.strictEqual(reasonOf(yield* send("/hangup")), "connection_lost")
      assert.strictEqual(reasonOf(yield* send("/broken")), "connection_lost")
    })
  )

  it.effect("an answer that is not HTTP is no answer", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* send("/garbage"))._tag, "Unanswered")
    })
  )

  it.effect("a port where nobody listens is a failure to connect", () =>
    Effect.gen(function* () {
      const { deadOrigin } = yield* HttpTarget.HttpTarget
      assert.strictEqual(reasonOf(yield* send("", { url: `${deadOrigin}/` })), "connect")
    })
  )

  it.effect("a name that does not exist is a failure to resolve", () =>
    Effect.gen(function* () {
      assert.strictEqual(reasonOf(yield* send("", { url: "http://dueline.invalid/" })), "dns")
    })
  )

  it.effect.each(["not a url", "ftp://127.0.0.1/", "http://", ""] as const)(
    "%o cannot be sent to, and says so",
    (url) =>
      Effect.gen(function* () {
        assert.strictEqual((yield* send("", { url }))._tag, "Unanswered")
      })
  )

  it.effect("a request that is no longer wanted closes its connection", () =>
    Effect.gen(function* () {
      const path = unique("/silent")
      const sending = yield* Effect.forkChild(send(path, { timeoutMs: 60_000 }), { startImmediately: true })
      let seen = yield* seenAt(path)
      while (seen.length === 0) {
        yield* Effect.sleep(5)
        seen = yield* seenAt(path)
      }
      yield* Fiber.interrupt(sending)
      yield* Effect.forEach(seen, ({ closed }) => Deferred.await(closed))
    })
  )

  it.effect("trouble with one request is no trouble for the next to the same host", () =>
    Effect.gen(function* () {
      for (const path of ["/hangup", "/broken", "/garbage"]) yield* send(path)
      yield* send("/silent", { timeoutMs: 100 })
      assert.strictEqual(answered(yield* send("/status/200")).status, 200)
    })
  )
}
