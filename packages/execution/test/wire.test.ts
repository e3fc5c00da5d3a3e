/** What stands between a request and its first byte, and what tenants share there: names, places, connections. */
import { createServer, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import type { OutgoingRequest, OutgoingResult } from "@dueline/contracts/ports/HttpClient"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { makeEgressGuard } from "../src/egress/EgressGuard.ts"
import { make } from "../src/egress/UndiciHttpClient.ts"
import type { Resolve } from "../src/egress/openSocket.ts"
import { listenForNames } from "./nameServer.ts"
import { remoteTarget } from "./remoteTarget.ts"

const guard = makeEgressGuard(["127.0.0.0/8"])

interface Target {
  readonly port: number
  /** Paths of requests, in the order in which they came. */
  readonly paths: ReadonlyArray<string>
  /** Answers that were not given: of paths that begin with `/held`. */
  readonly held: ReadonlyArray<ServerResponse>
}

const target = (port = 0, address = "127.0.0.1") =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<Target & { readonly server: Server }>((resume) => {
        const paths: Array<string> = []
        const held: Array<ServerResponse> = []
        const server = createServer((request, response) => {
          paths.push(request.url ?? "")
          if (request.url?.startsWith("/held") === true) held.push(response)
          else response.end("ok")
        })
        server.listen(port, address, () =>
          resume(Effect.succeed({ server, port: (server.address() as AddressInfo).port, paths, held }))
        )
      }),
      ({ server }) =>
        Effect.callback<void>((resume) => {
          server.close(() => resume(Effect.void))
          server.closeAllConnections()
        })
    ),
    (one): Target => one
  )

const get = (port: number, path: string, changes: Partial<OutgoingRequest> = {}): OutgoingRequest => ({
  method: "GET",
  url: `http://127.0.0.1:${port}${path}`,
  headers: {},
  body: null,
  timeoutMs: 30_000,
  maxResponseBytes: 1_000,
  wanted: () => true,
  ...changes
})

const short = (result: OutgoingResult): string | number => (result._tag === "Answered" ? result.status : result.reason)

const start = <A>(effect: Effect.Effect<A>) => Effect.forkChild(effect, { startImmediately: true })

const until = (condition: () => boolean) =>
  Effect.gen(function* () {
    while (!condition()) yield* Effect.sleep(1)
  })

describe("the clock of a request starts with its first byte", { tags: ["ADR-0024.1"] }, () => {
  it.live("so that waiting for a connection takes nothing of its time", () =>
    Effect.gen(function* () {
      const { paths, port } = yield* target()
      const client = yield* make({ guard, connections: 1 })
      // The third waits twice its own time for the one connection.
      const results = yield* Effect.all(
        ["/held/1", "/held/2", "/3"].map((path) => client.send(get(port, path, { timeoutMs: 400 }))),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(results.map(short), ["timeout", "timeout", 200])
      assert.deepStrictEqual(paths, ["/held/1", "/held/2", "/3"])
    }).pipe(Effect.scoped)
  )

  it.live("so that waiting for a name takes nothing of its time", () =>
    Effect.gen(function* () {
      const { port } = yield* target()
      const answers: Array<() => void> = []
      const resolve: Resolve = (_name, answer) =>
        void answers.push(() => answer(null, [{ address: "127.0.0.1", family: 4 }]))
      const client = yield* make({ guard, resolve })
      const url = `http://slow.test:${port}/`
      const waiting = yield* start(client.send(get(port, "/", { url, timeoutMs: 300 })))
      assert.strictEqual(short(yield* client.send(get(port, "/held", { timeoutMs: 400 }))), "timeout")
      answers[0]?.()
      assert.strictEqual(short(yield* Fiber.join(waiting)), 200)
    }).pipe(Effect.scoped)
  )

  it.live("and a request for which no place came free has not been sent", () =>
    Effect.gen(function* () {
      const { paths, port } = yield* target()
      const client = yield* make({ guard, connections: 1, placeTimeoutMs: 20 })
      yield* start(client.send(get(port, "/held")))
      yield* until(() => paths.length === 1)
      assert.deepInclude(yield* client.send(get(port, "/")), { _tag: "NotSent", reason: "no_capacity" })
      assert.deepStrictEqual(paths, ["/held"])
    }).pipe(Effect.scoped)
  )

  it.live("and is asked about once for each hop, at the instant it leaves", () =>
    Effect.gen(function* () {
      const { paths, port } = yield* target()
      const client = yield* make({ guard })
      const seen: Array<number> = []
      const wanted = () => {
        seen.push(paths.length)
        return seen.length < 3
      }
      for (const path of ["/1", "/2", "/3"]) yield* client.send(get(port, path, { wanted }))
      assert.deepStrictEqual(seen, [0, 1, 2])
      assert.deepStrictEqual(paths, ["/1", "/2"])
    }).pipe(Effect.scoped)
  )
})

describe("a stop of the process", { tags: ["ADR-0024.5"] }, () => {
  it.live("ends no request whose answer came meanwhile", () =>
    Effect.gen(function* () {
      const remote = yield* remoteTarget(false)
      const client = yield* make({ guard })
      const wanted = () => {
        setImmediate(() => remote.standStill("answered", 1, 600))
        return true
      }
      assert.strictEqual(short(yield* client.send(get(remote.port, "/", { timeoutMs: 100, wanted }))), 200)
    }).pipe(Effect.scoped)
  )

  it.live("in which the target closed an idle connection costs no request: it goes over another one", () =>
    Effect.gen(function* () {
      const remote = yield* remoteTarget(true)
      const client = yield* make({ guard })
      for (let n = 1; n <= 20; n++) {
        let asked = 0
        const wanted = () => ++asked > 0
        assert.strictEqual(short(yield* client.send(get(remote.port, "/", { wanted }))), 200)
        assert.strictEqual(asked, 1)
        // It is closed, and this process has not read that yet.
        remote.standStill("closed", n, 10)
      }
      assert.strictEqual(remote.requests(), 20)
    }).pipe(Effect.scoped)
  )
})

describe("no tenant holds up another", { tags: ["ADR-0024.2"] }, () => {
  it.live("by calls to the same host that hang", () =>
    Effect.gen(function* () {
      const { held, port } = yield* target()
      const client = yield* make({ guard })
      for (let n = 0; n < 128; n++) yield* start(client.send(get(port, `/held/${n}`, { group: "A" })))
      yield* until(() => held.length === 128)
      for (let n = 0; n < 4; n++) {
        assert.strictEqual(short(yield* client.send(get(port, "/", { group: "B", timeoutMs: 3_000 }))), 200)
      }
      assert.lengthOf(held, 128)
    }).pipe(Effect.scoped)
  )

  it.live("by waiting for places before it: whose group has fewer on the wire comes first", () =>
    Effect.gen(function* () {
      const { held, paths, port } = yield* target()
      const client = yield* make({ guard, connections: 2 })
      for (const path of ["/held/1", "/held/2"]) yield* start(client.send(get(port, path, { group: "A" })))
      yield* until(() => held.length === 2)
      const waiting = yield* start(
        Effect.all(
          [
            client.send(get(port, "/A/1", { group: "A" })),
            client.send(get(port, "/A/2", { group: "A" })),
            client.send(get(port, "/B/1", { group: "B" }))
          ],
          { concurrency: "unbounded" }
        )
      )
      held[0]?.end()
      assert.deepStrictEqual((yield* Fiber.join(waiting)).map(short), [200, 200, 200])
      assert.deepStrictEqual(paths.slice(2), ["/B/1", "/A/1", "/A/2"])
    }).pipe(Effect.scoped)
  )

  it.live("by names that nobody answers for", () =>
    Effect.gen(function* () {
      const { port } = yield* target()
      const server = yield* listenForNames((name) => (name.startsWith("dead") ? "silence" : { a: ["127.0.0.1"] }))
      const client = yield* make({ guard, nameServers: [server.address] })
      const dead: Array<string | number> = []
      const mine = yield* Effect.forEach(
        Array.from({ length: 60 }, (_, n) => n),
        (n) =>
          start(
            Effect.map(client.send(get(port, "/", { url: `http://dead${n}.test:${port}/`, group: "A" })), (result) =>
              dead.push(short(result))
            )
          )
      )
      for (let n = 0; n < 4; n++) {
        const url = `http://alive${n}.test:${port}/`
        assert.strictEqual(short(yield* client.send(get(port, "/", { url, group: "B" }))), 200)
      }
      // None of A's has ended by then: B waited for none of them. Nor does the end of the client, which comes now.
      assert.deepStrictEqual(dead, [])
      assert.isAtLeast(server.asked.filter((name) => name.startsWith("dead")).length, 1)
      yield* Fiber.interruptAll(mine)
    }).pipe(Effect.scoped)
  )

  it.live("by idle connections to other hosts: they make room", () =>
    Effect.gen(function* () {
      const [one, two] = [yield* target(), yield* target()]
      const client = yield* make({ guard, connections: 1, connectionsInAll: 1, placeTimeoutMs: 20 })
      for (let n = 0; n < 3; n++) {
        assert.strictEqual(short(yield* client.send(get(one.port, "/"))), 200)
        assert.strictEqual(short(yield* client.send(get(two.port, "/"))), 200)
      }
    }).pipe(Effect.scoped)
  )
})

describe("a connection has an age", { tags: ["ADR-0024.3"] }, () => {
  const moving = (addresses: ReadonlyArray<string>) => {
    let asked = 0
    const resolve: Resolve = (_name, answer) => {
      const address = addresses[Math.min(asked++, addresses.length - 1)] ?? ""
      answer(null, [{ address, family: 4 }])
    }
    return { resolve, asked: () => asked }
  }

  it.live("after which requests go where the name leads by then, also when they come without a pause", () =>
    Effect.gen(function* () {
      const before = yield* target()
      const after = yield* target(before.port, "127.0.0.2")
      const client = yield* make({ guard, resolve: moving(["127.0.0.1", "127.0.0.2"]).resolve, ageMs: 30 })
      while (after.paths.length === 0) {
        assert.strictEqual(
          short(yield* client.send(get(before.port, "/", { url: `http://moved.test:${before.port}/` }))),
          200
        )
      }
      assert.isAtLeast(before.paths.length, 1)
    }).pipe(Effect.scoped)
  )

  it.live("after which the guard is asked again", () =>
    Effect.gen(function* () {
      const { port } = yield* target()
      const client = yield* make({ guard, resolve: moving(["127.0.0.1", "10.0.0.1"]).resolve, ageMs: 30 })
      const results = new Set<string | number>()
      while (results.size < 2)
        results.add(short(yield* client.send(get(port, "/", { url: `http://moved.test:${port}/` }))))
      assert.deepStrictEqual([...results], [200, "egress_denied"])
    }).pipe(Effect.scoped)
  )

  it.live("before which a name is not asked again", () =>
    Effect.gen(function* () {
      const { port } = yield* target()
      const { asked, resolve } = moving(["127.0.0.1"])
      const client = yield* make({ guard, resolve })
      for (let n = 0; n < 50; n++) yield* client.send(get(port, "/", { url: `http://still.test:${port}/` }))
      assert.strictEqual(asked(), 1)
    }).pipe(Effect.scoped)
  )
})
