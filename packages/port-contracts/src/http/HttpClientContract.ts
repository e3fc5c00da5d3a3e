/** What every HttpClient does, over real sockets to a server of the suite's own. The adapter must be allowed to reach loopback. */
import type { HttpClient } from "@dueline/contracts/ports/HttpClient"
import { assert } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer } from "effect"
import { judge } from "../Harness.ts"
import * as HttpTarget from "./HttpTarget.ts"
import { answered, type It, reasonOf, seenAt, send, text, unique } from "./HttpTarget.ts"

export interface HttpClientHarness {
  readonly layer: Layer.Layer<HttpClient, unknown>
}

const requests = (it: It) => {
  it.effect.each(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const)("%s arrives as such", (method) =>
    Effect.gen(function* () {
      const path = unique("/status/200")
      assert.strictEqual(answered(yield* send(path, { method })).status, 200)
      assert.deepStrictEqual(
        (yield* seenAt(path)).map((one) => one.method),
        [method]
      )
    })
  )

  it.effect("headers arrive as they were given", () =>
    Effect.gen(function* () {
      const path = unique("/status/200")
      const headers = { "x-call-id": 'a b, c; d="e"', "content-type": "text/plain", authorization: "Bearer t0ken" }
      yield* send(path, { headers, method: "POST", body: "x" })
      const [seen] = yield* seenAt(path)
      assert.strictEqual(seen?.headers["x-call-id"], 'a b, c; d="e"')
      assert.strictEqual(seen?.headers["content-type"], "text/plain")
      assert.strictEqual(seen?.headers["authorization"], "Bearer t0ken")
    })
  )

  it.effect("a body arrives byte for byte, as bytes or as UTF-8 text", () =>
    Effect.gen(function* () {
      const [raw, string] = [unique("/status/200"), unique("/status/200")]
      const every = Uint8Array.from({ length: 70_000 }, (_, index) => index % 256)
      yield* send(raw, { method: "PUT", body: every })
      yield* send(string, { method: "POST", body: "žluťoučký 🐴\r\n" })
      assert.isTrue(Buffer.from(every).equals((yield* seenAt(raw))[0]?.body ?? Buffer.alloc(0)))
      assert.strictEqual(Buffer.from((yield* seenAt(string))[0]?.body ?? []).toString("utf8"), "žluťoučký 🐴\r\n")
    })
  )

  it.effect("path and query arrive as they were given", () =>
    Effect.gen(function* () {
      const path = unique("/status/200/a%2Fb%20c?x=1&y=%C3%A9&y=+")
      yield* send(path)
      assert.lengthOf(yield* seenAt(path), 1)
    })
  )
}

const replies = (it: It) => {
  it.effect.each([200, 201, 202, 400, 401, 404, 409, 422, 429, 500, 503] as const)("status %i is an answer", (status) =>
    Effect.gen(function* () {
      const answer = answered(yield* send(`/status/${status}`))
      assert.strictEqual(answer.status, status)
      assert.strictEqual(text(answer), `status ${status}`)
      assert.isFalse(answer.truncated)
      assert.isAtLeast(answer.durationMs, 0)
    })
  )

  it.effect("204 and HEAD have answers without a body", () =>
    Effect.gen(function* () {
      const empty = answered(yield* send("/status/204"))
      assert.deepStrictEqual([empty.status, empty.body.length, empty.truncated], [204, 0, false])
      const head = answered(yield* send("/bytes/500", { method: "HEAD", maxResponseBytes: 10 }))
      assert.deepStrictEqual([head.status, head.body.length, head.truncated], [200, 0, false])
    })
  )

  it.effect("header names come in lower case, values as they were, repeated ones joined by a comma", () =>
    Effect.gen(function* () {
      const { headers } = answered(yield* send("/headers"))
      assert.strictEqual(headers["x-mixed-case"], "Kept As Is")
      assert.strictEqual(headers["x-twice"], "one, two")
    })
  )

  it.effect("an early hint is not the answer", () =>
    Effect.gen(function* () {
      assert.strictEqual(text(yield* send("/hints")), "hinted")
    })
  )

  it.effect("an answer is kept up to the limit and called truncated beyond it", () =>
    Effect.gen(function* () {
      const fits = answered(yield* send("/bytes/100", { maxResponseBytes: 100 }))
      assert.deepStrictEqual([text(fits), fits.truncated], [HttpTarget.bytes(100), false])
      const above = answered(yield* send("/bytes/101", { maxResponseBytes: 100 }))
      assert.deepStrictEqual([text(above), above.truncated], [HttpTarget.bytes(100), true])
      const far = answered(yield* send("/bytes/2000000", { maxResponseBytes: 100 }))
      assert.deepStrictEqual([text(far), far.truncated], [HttpTarget.bytes(100), true])
    })
  )

  it.effect("an answer that never ends ends at the limit, and its connection is closed", () =>
    Effect.gen(function* () {
      const path = unique("/endless")
      const answer = answered(yield* send(path, { maxResponseBytes: 100 }))
      assert.deepStrictEqual([answer.body.length, answer.truncated], [100, true])
      const [seen] = yield* seenAt(path)
      if (seen === undefined) return assert.fail("the request did not arrive")
      yield* Deferred.await(seen.closed)
    })
  )

  it.effect("fifty requests at once are answered each with its own answer", () =>
    Effect.gen(function* () {
      const sizes = Array.from({ length: 50 }, (_, index) => index)
      const lengths = yield* Effect.forEach(
        sizes,
        (size) => Effect.map(send(`/bytes/${size}`), (result) => text(result).length),
        {
          concurrency: "unbounded"
        }
      )
      assert.deepStrictEqual(lengths, sizes)
    })
  )
}

const redirects = (it: It) => {
  const to = (status: number, location: string) => `/redirect/${status}?to=${encodeURIComponent(location)}`

  it.effect.each([301, 302, 303, 307, 308] as const)("%i to the same host is followed for GET and HEAD", (status) =>
    Effect.gen(function* () {
      for (const method of ["GET", "HEAD"] as const) {
        const path = unique("/status/202")
        assert.strictEqual(
          answered(yield* send(to(status, path), { method, headers: { "x-kept": "yes" } })).status,
          202
        )
        assert.deepStrictEqual(
          (yield* seenAt(path)).map((seen) => [seen.method, seen.headers["x-kept"]]),
          [[method, "yes"]]
        )
      }
    })
  )

  it.effect.each([307, 308] as const)("%i to the same host is followed for POST, with its body", (status) =>
    Effect.gen(function* () {
      const path = unique("/status/200")
      assert.strictEqual(answered(yield* send(to(status, path), { method: "POST", body: "again" })).status, 200)
      assert.deepStrictEqual(
        (yield* seenAt(path)).map(({ body, method }) => [method, Buffer.from(body).toString()]),
        [["POST", "again"]]
      )
    })
  )

  it.effect.each([301, 302, 303] as const)("%i is refused for POST, since the body would be lost", (status) =>
    Effect.gen(function* () {
      const path = unique("/status/200")
      assert.strictEqual(reasonOf(yield* send(to(status, path), { method: "POST", body: "x" })), "redirect_refused")
      assert.lengthOf(yield* seenAt(path), 0)
    })
  )

  it.effect.each([301, 302, 303, 307, 308] as const)(
    "%i to another host is refused and never sent there",
    (status) =>
      Effect.gen(function* () {
        const { otherOrigin } = yield* HttpTarget.HttpTarget
        const path = unique("/status/200")
        assert.strictEqual(reasonOf(yield* send(to(status, otherOrigin + path))), "redirect_refused")
        assert.lengthOf(yield* seenAt(path), 0)
      }),
    { tags: ["ADR-0012.6"] }
  )

  it.effect("a circle of redirects ends in a refusal", () =>
    Effect.gen(function* () {
      const path = unique("/circle")
      assert.strictEqual(reasonOf(yield* send(path)), "redirect_refused")
      assert.isBelow((yield* seenAt(path)).length, 50)
    })
  )

  it.effect("a redirect without a place, 304 and 300 are answers", () =>
    Effect.gen(function* () {
      for (const status of [302, 308]) assert.strictEqual(answered(yield* send(`/nowhere/${status}`)).status, status)
      for (const status of [300, 304]) assert.strictEqual(answered(yield* send(`/nowhere/${status}`)).status, status)
    })
  )
}

export const suite = (name: string, harness: HttpClientHarness): void =>
  judge("HttpClient", name, { layer: Layer.mergeAll(harness.layer, HttpTarget.layer), realTime: true }, (it) => {
    requests(it)
    replies(it)
    redirects(it)
    silence(it)
  })

/** What an HttpClient makes of servers and networks that give no answer, or none that is one. */
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
