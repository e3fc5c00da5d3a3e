/**
 * A web server on loopback that answers, stalls, redirects and breaks off as its paths say, and how the HttpClient under test is asked for
 * something of it.
 */
import { HttpClient, type OutgoingRequest, type OutgoingResult } from "@dueline/contracts/ports/HttpClient"
import { assert, type Vitest } from "@effect/vitest"
import { Context, Deferred, Effect, Layer } from "effect"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo, Socket } from "node:net"
import * as Sample from "../Sample.ts"

export interface Seen {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  readonly body: Uint8Array
  /** Done when the connection of this request is closed. */
  readonly closed: Deferred.Deferred<void>
}

export class HttpTarget extends Context.Service<
  HttpTarget,
  {
    /** `http://127.0.0.1:<port>` */
    readonly origin: string
    /** The same server under another name: `http://localhost:<port>`. */
    readonly otherOrigin: string
    /** A port on which nobody listens. */
    readonly deadOrigin: string
    /** Whole requests that came to this path (with its query), oldest first. */
    readonly seen: (path: string) => ReadonlyArray<Seen>
  }
>()("@dueline/port-contracts/HttpTarget") {}

type Answer = (response: ServerResponse, url: URL, request: IncomingMessage) => void

/** The text that `/bytes/<n>` answers with. */
export const bytes = (count: number): string => "0123456789".repeat(Math.ceil(count / 10)).slice(0, count)

const number = (url: URL): number => Number(url.pathname.split("/")[2])

const endless = (response: ServerResponse): void => {
  while (!response.destroyed && response.write(bytes(16_384)));
  if (!response.destroyed) response.once("drain", () => endless(response))
}

const answers: Readonly<Record<string, Answer>> = {
  status: (response, url) =>
    response.writeHead(number(url)).end(number(url) === 204 ? undefined : `status ${number(url)}`),
  bytes: (response, url) => response.end(bytes(number(url))),
  endless,
  headers: (response) =>
    response.setHeader("X-Mixed-Case", "Kept As Is").setHeader("X-Twice", ["one", "two"]).end("headers"),
  hints: (response) => response.writeEarlyHints({ link: "</a.css>; rel=preload" }, () => response.end("hinted")),
  redirect: (response, url) =>
    response.writeHead(number(url), { location: url.searchParams.get("to") ?? "" }).end("moved"),
  circle: (response, _, request) => response.writeHead(302, { location: request.url }).end("round"),
  nowhere: (response, url) => response.writeHead(number(url)).end("moved, but where"),
  silent: () => undefined,
  stalled: (response) => response.writeHead(200, { "content-length": "100" }).write(bytes(10)),
  broken: (response) => {
    response.writeHead(200, { "content-length": "100" }).write(bytes(10), () => response.socket?.destroy())
  },
  hangup: (response) => response.socket?.destroy(),
  garbage: (response) => response.socket?.end("this is not HTTP\r\n\r\n")
}

const listen = (server: Server): Effect.Effect<number> =>
  Effect.callback((resume) => {
    server.listen(0, () => resume(Effect.succeed((server.address() as AddressInfo).port)))
  })

const close = (server: Server): Effect.Effect<void> =>
  Effect.callback((resume) => {
    server.close(() => resume(Effect.void))
    server.closeAllConnections()
  })

const closings = new WeakMap<Socket, Deferred.Deferred<void>>()

const closingOf = (socket: Socket): Deferred.Deferred<void> => {
  const known = closings.get(socket)
  if (known !== undefined) return known
  const closed = Deferred.makeUnsafe<void>()
  closings.set(socket, closed)
  socket.once("close", () => Deferred.doneUnsafe(closed, Effect.void))
  return closed
}

const remember =
  (log: Array<Seen>) =>
  (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Array<Uint8Array> = []
    const closed = closingOf(request.socket)
    request.on("data", (chunk: Uint8Array) => chunks.push(chunk))
    request.on("error", () => undefined)
    request.on("end", () => {
      const path = request.url ?? ""
      const url = new URL(path, "http://target")
      log.push({ method: request.method ?? "", path, headers: request.headers, body: Buffer.concat(chunks), closed })
      const answer =
        answers[url.pathname.split("/")[1] ?? ""] ?? ((missing: ServerResponse) => missing.writeHead(404).end())
      answer(response, url, request)
    })
  }

export const layer = Layer.effect(
  HttpTarget,
  Effect.gen(function* () {
    const log: Array<Seen> = []
    const server = createServer(remember(log))
    yield* Effect.addFinalizer(() => close(server))
    const port = yield* listen(server)
    const gone = createServer()
    const deadPort = yield* listen(gone)
    yield* close(gone)
    return HttpTarget.of({
      origin: `http://127.0.0.1:${port}`,
      otherOrigin: `http://localhost:${port}`,
      deadOrigin: `http://127.0.0.1:${deadPort}`,
      seen: (path) => log.filter((one) => one.path === path)
    })
  })
)

/** Asks the HttpClient under test for something of the suite's own server, and reads what came of it. */
export type It = Vitest.MethodsNonLive<HttpClient | HttpTarget>

/** Each request has a query of its own, by which the target's log is asked about it. */
export const unique = (path: string) => `${path}${path.includes("?") ? "&" : "?"}id=${Sample.uuid()}`

export const send = Effect.fnUntraced(function* (path: string, changes: Partial<OutgoingRequest> = {}) {
  const { origin } = yield* HttpTarget
  return yield* (yield* HttpClient).send({
    method: "GET",
    url: origin + path,
    headers: {},
    body: null,
    timeoutMs: 5_000,
    maxResponseBytes: 1_000,
    wanted: () => true,
    ...changes
  })
})

export const answered = (result: OutgoingResult): Extract<OutgoingResult, { readonly _tag: "Answered" }> =>
  result._tag === "Answered" ? result : assert.fail(`no answer: ${result.reason}, ${result.detail}`)

export const reasonOf = (result: OutgoingResult) =>
  result._tag === "Answered" ? `answered ${result.status}` : result.reason

export const text = (result: OutgoingResult) => new TextDecoder().decode(answered(result).body)

export const seenAt = (path: string) => Effect.map(HttpTarget, ({ seen }) => seen(path))
