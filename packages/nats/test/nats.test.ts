/** The connection: found when the server comes late, told when it goes, and no secret in any log. */
import { assert, it } from "@effect/vitest"
import type { ConnectionEvent } from "@dueline/nats/Nats"
import * as Nats from "@dueline/nats/Nats"
import { natsServers, NatsUrlInvalid } from "@dueline/nats/natsServers"
import { missing, temporaryDirectory } from "@dueline/test-servers/sharedServers"
import { startNats } from "@dueline/test-servers/startNats"
import { Deferred, Effect, Fiber, Layer, Logger, Redacted } from "effect"
import { describe } from "vitest"
import { until } from "./NatsUnderTest.ts"

describe("the address of NATS", () => {
  it("is one server or several, with a port or without", () => {
    assert.deepStrictEqual(natsServers("nats://a.example"), { servers: ["a.example:4222"], shown: "a.example:4222" })
    assert.deepStrictEqual(natsServers("127.0.0.1:4333"), { servers: ["127.0.0.1:4333"], shown: "127.0.0.1:4333" })
    assert.deepStrictEqual(natsServers("nats://a:1, nats://[::1]:2"), {
      servers: ["a:1", "[::1]:2"],
      shown: "a:1, [::1]:2"
    })
    assert.deepStrictEqual(natsServers("tls://a"), { servers: ["a:4222"], tls: {}, shown: "a:4222" })
  })

  it("may carry a password or a token, which is not shown", () => {
    const withPassword = natsServers("nats://me:p%40ss:w@a:1,nats://b:2")
    assert.deepStrictEqual(withPassword, { servers: ["a:1", "b:2"], user: "me", pass: "p@ss:w", shown: "a:1, b:2" })
    assert.deepStrictEqual(natsServers("nats://t0ken@a"), { servers: ["a:4222"], token: "t0ken", shown: "a:4222" })
  })

  it("is refused in words when it is none", () => {
    for (const url of [
      "",
      "http://a",
      "nats://a:0",
      "nats://a:99999",
      "nats://a/path",
      "nats://a b",
      "nats://a,,nats://b"
    ])
      assert.instanceOf(natsServers(url), NatsUrlInvalid, url)
  })
})

describe.skipIf(await missing("nats"))("the connection", () => {
  it.live("a server that is not there yet is waited for, and the log says so without the password", () =>
    Effect.gen(function* () {
      const directory = yield* Effect.promise(temporaryDirectory)
      const place = yield* Effect.promise(() => startNats({ directory, syncAlways: false }))
      yield* Effect.promise(() => place.stop())
      const lines: Array<string> = []
      const tried = yield* Deferred.make<void>()
      const logger = Logger.make(({ message }) => {
        lines.push(String(message))
        Deferred.doneUnsafe(tried, Effect.void)
      })
      const url = Redacted.make(`nats://me:s3cret@127.0.0.1:${place.port}`)
      const connecting = yield* Effect.forkChild(
        Effect.scoped(
          Effect.flatMap(
            Layer.build(Nats.layer({ url, name: "test" }).pipe(Layer.provide(Logger.layer([logger])))),
            () => Effect.void
          )
        )
      )
      yield* Deferred.await(tried)
      assert.isUndefined(connecting.pollUnsafe())
      const server = yield* Effect.promise(() => startNats({ directory, port: place.port, syncAlways: false }))
      yield* Fiber.join(connecting)
      assert.match(lines[0] ?? "", /^NATS at 127\.0\.0\.1:\d+ is not reachable \(.+\); trying again in 0\.\d s$/u)
      assert.notInclude(lines.join("\n"), "s3cret")
      yield* Effect.promise(() => server.stop())
    })
  )

  it.live("what is asked while the server is away, or when it goes, is refused at once; then it works again", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const directory = yield* Effect.promise(temporaryDirectory)
        const first = yield* Effect.promise(() => startNats({ directory, syncAlways: false }))
        const nats = yield* Nats.make({ url: first.url, name: "test" })
        const events: Array<ConnectionEvent> = []
        nats.watch((event) => events.push(event))
        assert.isTrue(nats.connected())
        assert.isBelow(yield* nats.rtt, 2_000)
        const endless = yield* Effect.forkChild(Effect.flip(nats.request(() => new Promise(() => undefined))), {
          startImmediately: true
        })
        yield* Effect.promise(() => first.kill())
        assert.strictEqual((yield* Fiber.join(endless))._tag, "NatsFailed")
        assert.isFalse(nats.connected())
        let asked = false
        const refused = nats.request(async () => {
          asked = true
        })
        assert.strictEqual((yield* Effect.flip(refused))._tag, "NatsFailed")
        assert.isFalse(asked)
        yield* Effect.promise(() => startNats({ directory, port: first.port, syncAlways: false }))
        yield* until("connected again", nats.connected)
        assert.isBelow(yield* nats.rtt, 2_000)
        assert.deepStrictEqual(events, ["disconnected", "reconnected"])
      })
    )
  )
})
