import { createServer, type Server } from "node:http"
import { createServer as createTlsServer } from "node:https"
import { type AddressInfo, createServer as createTcpServer } from "node:net"
import type { OutgoingRequest } from "@dueline/contracts/ports/HttpClient"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { makeEgressGuard } from "../src/egress/EgressGuard.ts"
import type { Resolve, ResolvedAddress } from "../src/egress/openSocket.ts"
import { make, type UndiciHttpClientOptions } from "../src/egress/UndiciHttpClient.ts"
import { certificate, privateKey } from "./certificate.ts"

interface Listening {
  readonly port: number
  /** Connections ever opened to it, whatever came over them. */
  readonly connections: () => number
  readonly requests: () => number
}

const listening = (server: Server) =>
  Effect.acquireRelease(
    Effect.callback<Listening>((resume) => {
      let connections = 0
      let requests = 0
      server.on("connection", () => connections++)
      server.on("request", () => requests++)
      server.listen(0, "127.0.0.1", () =>
        resume(
          Effect.succeed({
            port: (server.address() as AddressInfo).port,
            connections: () => connections,
            requests: () => requests
          })
        )
      )
    }),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )

const target = listening(createServer((_, response) => response.end("reached")))

/** A resolver that gives one answer after the other, the last one for ever, and counts how often it was asked. */
const scripted = (answers: ReadonlyArray<ReadonlyArray<string> | Error>) => {
  let asked = 0
  const resolve: Resolve = (_hostname, answer) => {
    const next = answers[Math.min(asked++, answers.length - 1)] ?? []
    const addresses = (list: ReadonlyArray<string>): ReadonlyArray<ResolvedAddress> =>
      list.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }))
    queueMicrotask(() => (next instanceof Error ? answer(next, []) : answer(null, addresses(next))))
  }
  return { resolve, asked: () => asked }
}

const get = (url: string, changes: Partial<OutgoingRequest> = {}): OutgoingRequest => ({
  method: "GET",
  url,
  headers: {},
  body: null,
  timeoutMs: 5_000,
  maxResponseBytes: 1_000,
  wanted: () => true,
  ...changes
})

const outcome = (options: UndiciHttpClientOptions, request: OutgoingRequest) =>
  Effect.scoped(Effect.flatMap(make(options), (client) => client.send(request))).pipe(
    Effect.map((result) => (result._tag === "Answered" ? result.status : result.reason))
  )

describe("where a request may go", { tags: ["ADR-0012.6"] }, () => {
  it.live("a name that resolves to an address inside is refused, and no connection is opened", () =>
    Effect.gen(function* () {
      const server = yield* target
      const inside = [
        ["127.0.0.1"],
        ["1.1.1.1", "127.0.0.1"],
        ["127.0.0.1", "1.1.1.1"],
        ["::ffff:127.0.0.1"],
        ["::1", "127.0.0.1"]
      ]
      for (const addresses of inside) {
        const { resolve } = scripted([addresses])
        assert.strictEqual(yield* outcome({ resolve }, get(`http://rebind.test:${server.port}/`)), "egress_denied")
      }
      assert.strictEqual(server.connections(), 0)
    }).pipe(Effect.scoped)
  )

  it.live("the name is resolved once per connection, and the connection goes to an address that was checked", () =>
    Effect.gen(function* () {
      const server = yield* target
      // The second answer would be refused; were it asked for, or connected to, the request would fail.
      const { asked, resolve } = scripted([["127.0.0.1"], ["10.0.0.1"]])
      const guard = makeEgressGuard(["127.0.0.1"])
      assert.strictEqual(yield* outcome({ resolve, guard }, get(`http://rebind.test:${server.port}/`)), 200)
      assert.strictEqual(asked(), 1)
    }).pipe(Effect.scoped)
  )

  it.live("a name that is rebound between two connections is refused at the second", () =>
    Effect.gen(function* () {
      const server = yield* listening(
        createServer((_, response) => response.setHeader("connection", "close").end("reached"))
      )
      const { resolve } = scripted([["127.0.0.1"], ["127.0.0.2"]])
      const client = yield* make({ resolve, guard: makeEgressGuard(["127.0.0.1"]) })
      const request = get(`http://rebind.test:${server.port}/`)
      assert.strictEqual((yield* client.send(request))._tag, "Answered")
      assert.deepInclude(yield* client.send(request), { _tag: "Unanswered", reason: "egress_denied" })
    }).pipe(Effect.scoped)
  )

  it.live("every spelling of an inner address is refused without asking a resolver", () =>
    Effect.gen(function* () {
      const server = yield* target
      const { asked, resolve } = scripted([["127.0.0.1"]])
      const hosts = [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "[::ffff:127.0.0.1]",
        "localhost",
        "x.localhost",
        "0"
      ]
      for (const host of hosts) {
        assert.strictEqual(yield* outcome({ resolve }, get(`http://${host}:${server.port}/`)), "egress_denied", host)
      }
      assert.deepStrictEqual([asked(), server.connections()], [0, 0])
    }).pipe(Effect.scoped)
  )

  it.live("a redirect to an inner name or address is refused, and nothing is sent there", () =>
    Effect.gen(function* () {
      const inner = yield* target
      for (const host of ["127.0.0.1", "inner.test", "[::ffff:7f00:1]"]) {
        const location = `http://${host}:${inner.port}/`
        const outer = yield* listening(createServer((_, response) => response.writeHead(307, { location }).end()))
        const { resolve } = scripted([["127.0.0.1"]])
        const guard = makeEgressGuard(["outer.test"])
        assert.strictEqual(
          yield* outcome({ resolve, guard }, get(`http://outer.test:${outer.port}/`)),
          "redirect_refused"
        )
      }
      assert.strictEqual(inner.connections(), 0)
    }).pipe(Effect.scoped)
  )

  it.live("a redirect to the same name is checked again when it opens another connection", () =>
    Effect.gen(function* () {
      const server = yield* listening(
        createServer((_, response) => response.writeHead(307, { location: "/again", connection: "close" }).end())
      )
      const { resolve } = scripted([["127.0.0.1"], ["127.0.0.2"]])
      const guard = makeEgressGuard(["127.0.0.1"])
      assert.strictEqual(yield* outcome({ resolve, guard }, get(`http://rebind.test:${server.port}/`)), "egress_denied")
      assert.strictEqual(server.requests(), 1)
    }).pipe(Effect.scoped)
  )

  it.live("what is no sendable request is refused, not thrown", () =>
    Effect.gen(function* () {
      const { resolve } = scripted([["127.0.0.1"]])
      const guard = makeEgressGuard(["a.test"])
      const bad = [
        ["bad name", "x"],
        ["x", "a\r\nb: c"],
        ["transfer-encoding", "chunked"],
        ["expect", "100-continue"]
      ] as const
      for (const [name, value] of bad) {
        assert.strictEqual(
          yield* outcome({ resolve, guard }, get("http://a.test/", { headers: { [name]: value } })),
          "egress_denied"
        )
      }
      for (const url of ["file:///etc/passwd", "http://u:p@a.test/"]) {
        assert.strictEqual(yield* outcome({ resolve, guard }, get(url)), "egress_denied")
      }
    })
  )
})

describe("names", () => {
  it.live("that cannot be resolved, or have no address, are a failure to resolve", () =>
    Effect.gen(function* () {
      for (const answer of [Object.assign(new Error("no"), { code: "ENOTFOUND" }), []]) {
        assert.strictEqual(yield* outcome({ resolve: scripted([answer]).resolve }, get("http://a.test/")), "dns")
      }
    })
  )

  it.live("that nobody answers for are not the target's fault, and are taken back", () =>
    Effect.gen(function* () {
      let takenBack = 0
      const resolve: Resolve = () => () => takenBack++
      const client = yield* make({ resolve, nameTimeoutMs: 20 })
      const result = yield* client.send(get("http://a.test/", { timeoutMs: 1 }))
      assert.deepInclude(result, { _tag: "NotSent", reason: "name_unanswered" })
      const waiting = yield* Effect.forkChild(client.send(get("http://b.test/")), { startImmediately: true })
      yield* Fiber.interrupt(waiting)
      assert.strictEqual(takenBack, 2)
    }).pipe(Effect.scoped)
  )

  it.live("with one dead address and one that lives are reached by the latter", () =>
    Effect.gen(function* () {
      const server = yield* target
      const { resolve } = scripted([["127.0.0.9", "127.0.0.1"]])
      const guard = makeEgressGuard(["127.0.0.0/8"])
      assert.strictEqual(yield* outcome({ resolve, guard }, get(`http://two.test:${server.port}/`)), 200)
    }).pipe(Effect.scoped)
  )
})

describe("TLS", () => {
  const tlsTarget = listening(
    createTlsServer({ cert: certificate, key: privateKey }, (_, response) => response.end("reached"))
  )
  const guard = makeEgressGuard(["127.0.0.1"])
  const { resolve } = scripted([["127.0.0.1"]])

  it.live("is checked against the name that was asked for, though the connection goes to an address", () =>
    Effect.gen(function* () {
      const { port } = yield* tlsTarget
      const options = { guard, resolve, extraCa: certificate }
      assert.strictEqual(yield* outcome(options, get(`https://target.test:${port}/`)), 200)
      assert.strictEqual(yield* outcome(options, get(`https://other.test:${port}/`)), "tls")
    }).pipe(Effect.scoped)
  )

  it.live("with a certificate that nobody vouches for is refused", () =>
    Effect.gen(function* () {
      const { port, requests } = yield* tlsTarget
      assert.strictEqual(yield* outcome({ guard, resolve }, get(`https://target.test:${port}/`)), "tls")
      assert.strictEqual(requests(), 0)
    }).pipe(Effect.scoped)
  )

  it.live("not spoken to a server that does is an answer that is not HTTP, in words", () =>
    Effect.gen(function* () {
      const { port, requests } = yield* tlsTarget
      const client = yield* make({ guard, resolve })
      const result = yield* client.send(get(`http://target.test:${port}/`))
      if (result._tag !== "Unanswered") return assert.fail(result._tag)
      assert.strictEqual(result.reason, "connection_lost")
      assert.match(result.detail, /the target (?:did not answer with HTTP|closed the connection|reset the connection)/)
      assert.strictEqual(requests(), 0)
    }).pipe(Effect.scoped)
  )

  it.live("spoken to a server that does not is a failure of TLS", () =>
    Effect.gen(function* () {
      const { port } = yield* target
      assert.strictEqual(yield* outcome({ guard, resolve }, get(`https://target.test:${port}/`)), "tls")
    }).pipe(Effect.scoped)
  )
})

describe("the pool", () => {
  const guard = makeEgressGuard(["127.0.0.1"])

  it.live("uses a connection again, and opens no more than it may", () =>
    Effect.gen(function* () {
      const server = yield* target
      const client = yield* make({ guard, connections: 3 })
      const request = get(`http://127.0.0.1:${server.port}/`)
      for (let n = 0; n < 5; n++) yield* client.send(request)
      // Two, not one: an answer is told before its connection has settled down for the next request.
      assert.isAtMost(server.connections(), 2)
      yield* Effect.all(
        Array.from({ length: 20 }, () => client.send(request)),
        { concurrency: "unbounded" }
      )
      assert.isAtMost(server.connections(), 3)
      assert.strictEqual(server.requests(), 25)
    }).pipe(Effect.scoped)
  )

  it.live("sends nothing for a request that was given up while it waited for a connection", () =>
    Effect.gen(function* () {
      const held: Array<() => void> = []
      const server = yield* listening(createServer((_, response) => void held.push(() => response.end("late"))))
      const client = yield* make({ guard, connections: 1 })
      const request = get(`http://127.0.0.1:${server.port}/`)
      const first = yield* Effect.forkChild(client.send(request), { startImmediately: true })
      const waiting = yield* Effect.forkChild(client.send(request), { startImmediately: true })
      while (held.length === 0) yield* Effect.sleep(1)
      yield* Fiber.interrupt(waiting)
      held[0]?.()
      assert.strictEqual((yield* Fiber.join(first))._tag, "Answered")
      const third = yield* Effect.forkChild(client.send(request), { startImmediately: true })
      while (held.length < 2) yield* Effect.sleep(1)
      held[1]?.()
      yield* Fiber.join(third)
      assert.strictEqual(server.requests(), 2)
    }).pipe(Effect.scoped)
  )

  it.live("is gone with its scope, and so are its connections", () =>
    Effect.gen(function* () {
      const open = new Set<unknown>()
      const server = createServer((_, response) => response.end("reached"))
      server.on("connection", (socket) => {
        open.add(socket)
        socket.once("close", () => open.delete(socket))
      })
      const { port } = yield* listening(server)
      assert.strictEqual(yield* outcome({ guard, idleMs: 60_000 }, get(`http://127.0.0.1:${port}/`)), 200)
      while (open.size > 0) yield* Effect.sleep(1)
    }).pipe(Effect.scoped)
  )

  it.live("takes no answer whose headers are too large", () =>
    Effect.gen(function* () {
      const head = `HTTP/1.1 200 OK\r\nx: ${"y".repeat(40_000)}\r\n\r\n`
      const server = createTcpServer((socket) =>
        socket.on("error", () => undefined).on("data", () => socket.write(head))
      )
      const port = yield* Effect.callback<number>((resume) => {
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed((server.address() as AddressInfo).port)))
      })
      assert.strictEqual(yield* outcome({ guard }, get(`http://127.0.0.1:${port}/`)), "connection_lost")
      server.close()
    })
  )
})
