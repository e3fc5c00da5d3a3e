/** Sends requests over real sockets with undici: pinned to checked addresses, bounded in time, size, connections and redirects. */
import { HttpClient, type OutgoingRequest, type OutgoingResult } from "@dueline/contracts/ports/HttpClient"
import type { HttpMethod } from "@dueline/contracts/serviceCall/Spec"
import { Effect, Layer, type Scope } from "effect"
import { Connections } from "./Connections.ts"
import { type EgressGuard, makeEgressGuard } from "./EgressGuard.ts"
import { Exchange, type ExchangeEnd, type ExchangeResult } from "./Exchange.ts"
import { Names } from "./Names.ts"
import { NameServers } from "./NameServers.ts"
import type { Resolve } from "./openSocket.ts"
import { type Deadline, RunningTime } from "./RunningTime.ts"

/** Where an answer redirects a request to, if it may be followed: the same host, nothing lost, never from https to http. */
type Redirect =
  | { readonly _tag: "Final" }
  | { readonly _tag: "Follow"; readonly url: URL }
  | { readonly _tag: "Refused"; readonly detail: string }

const final: Redirect = { _tag: "Final" }
const refused = (detail: string): Redirect => ({ _tag: "Refused", detail })
const codes: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/**
 * RFC 9110 §15.4, read strictly. 301, 302 and 303 turn other methods into GET, which would lose the body: refused. The origin must
 * stay the same, except that http may become https on the same host.
 */
export const redirectTarget = (
  from: URL,
  method: HttpMethod,
  status: number,
  location: string | undefined
): Redirect => {
  if (location === undefined || !codes.has(status)) return final
  if (method !== "GET" && method !== "HEAD" && status !== 307 && status !== 308) {
    return refused(`${status} would turn ${method} into GET`)
  }
  const to = URL.parse(location, from.href)
  if (to === null) return refused("the redirect leads to something that is no URL")
  if (to.username !== "" || to.password !== "") return refused("the redirect carries credentials")
  const upgraded = from.protocol === "http:" && to.protocol === "https:" && (to.port === "" || to.port === from.port)
  if (to.hostname !== from.hostname || (to.origin !== from.origin && !upgraded))
    return refused("the redirect leads to another host")
  return { _tag: "Follow", url: to }
}

export interface UndiciHttpClientOptions {
  readonly guard?: EgressGuard
  /** Instead of the name servers of this machine, for tests. */
  readonly resolve?: Resolve
  /** Name servers (`address:port`) instead of those of `/etc/resolv.conf`. */
  readonly nameServers?: ReadonlyArray<string>
  /**
   * Connections to one origin at the most: as many as its user may have requests on the wire, or one's slow ones hold up another's. Default
   * 256.
   */
  readonly connections?: number
  /** Connections in all at the most, idle ones included. Default: twice `connections`, at least 512. */
  readonly connectionsInAll?: number
  /** How long an unused connection is kept. Below the 5 s that many servers allow, so that they seldom close first. */
  readonly idleMs?: number
  /** After this time a connection takes no more requests, and the name is asked and guarded again. Default 45 s. */
  readonly ageMs?: number
  /** Bounds of what happens before the first byte leaves, each for itself: a name, a place for a connection, TCP and TLS. Default 10 s. */
  readonly nameTimeoutMs?: number
  readonly placeTimeoutMs?: number
  readonly connectTimeoutMs?: number
  readonly maxHeaderBytes?: number
  /** PEM certificates trusted beside the public ones, for development and tests. */
  readonly extraCa?: string
}

const maxRedirects = 3

const makeConnections = (
  options: UndiciHttpClientOptions,
  guard: EgressGuard,
  resolve: Resolve,
  now: () => number,
  time: RunningTime
): Connections => {
  const perOrigin = options.connections ?? 256
  return new Connections(
    now,
    {
      perOrigin,
      inAll: options.connectionsInAll ?? Math.max(512, 2 * perOrigin),
      ageMs: options.ageMs ?? 45_000,
      placeTimeoutMs: options.placeTimeoutMs ?? 10_000
    },
    {
      guard,
      resolve,
      time,
      nameTimeoutMs: options.nameTimeoutMs ?? 10_000,
      connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
      extraCa: options.extraCa ?? null,
      client: {
        keepAliveTimeout: options.idleMs ?? 4_000,
        keepAliveMaxTimeout: 30_000,
        maxHeaderSize: options.maxHeaderBytes ?? 16_384,
        pipelining: 1,
        allowH2: false,
        // The time-out is ours: one for all hops.
        headersTimeout: 0,
        bodyTimeout: 0
      }
    }
  )
}

interface Wire {
  readonly connections: Connections
  readonly guard: EgressGuard
  readonly time: RunningTime
  readonly now: () => number
}

/** One `send`: at most four exchanges, one time-out over them all. */
class Sending {
  #exchange: Exchange | null = null
  #takeBack: (() => void) | null = null
  #deadline: Deadline | null = null
  #ended = false
  #hops = 0
  #from: number
  readonly #wire: Wire
  readonly #request: OutgoingRequest
  readonly #done: (result: OutgoingResult) => void

  constructor(wire: Wire, request: OutgoingRequest, done: (result: OutgoingResult) => void) {
    this.#wire = wire
    this.#request = request
    this.#done = done
    this.#from = wire.now()
  }

  go(url: URL | null, fresh = false): void {
    const denied = this.#wire.guard.checkUrl(url ?? "")
    if (url === null || denied !== null) return this.#fail("egress_denied", denied?.detail ?? "not a URL")
    const { body, group = "", headers, maxResponseBytes, method } = this.#request
    this.#takeBack = this.#wire.connections.take(url.origin, group, fresh, (connection) => {
      if (connection === null) {
        return this.#end({ _tag: "NotSent", reason: "no_capacity", detail: "no connection came free in time" })
      }
      const exchange = new Exchange(connection, maxResponseBytes, this.#leaves, (end) => this.#next(url, end))
      this.#exchange = exchange
      connection.send({ path: url.pathname + url.search, method, headers, body }, exchange)
    })
  }

  readonly abandon = (): void => {
    this.#ended = true
    this.#deadline?.cancel()
    this.#takeBack?.()
    this.#exchange?.abandon()
  }

  /** The clock of the request starts with its first byte. */
  readonly #leaves = (): boolean => {
    const { timeoutMs, wanted } = this.#request
    if (!wanted()) return false
    if (this.#deadline !== null) return true
    this.#from = this.#wire.now()
    this.#deadline = this.#wire.time.after(timeoutMs, () =>
      this.#fail("timeout", `no complete answer within ${timeoutMs} ms`)
    )
    return true
  }

  #next(url: URL, end: ExchangeEnd): void {
    if (end === "stale") return this.go(url, true)
    if (end._tag !== "Answered") return this.#end(end)
    const redirect = redirectTarget(url, this.#request.method, end.status, end.headers["location"])
    if (redirect._tag === "Final") return this.#end(end)
    if (redirect._tag === "Refused") return this.#fail("redirect_refused", redirect.detail)
    if (++this.#hops > maxRedirects) return this.#fail("redirect_refused", `more than ${maxRedirects} redirects`)
    this.go(redirect.url)
  }

  #fail(reason: Extract<OutgoingResult, { readonly _tag: "Unanswered" }>["reason"], detail: string): void {
    this.#end({ _tag: "Unanswered", reason, detail })
  }

  #end(result: ExchangeResult): void {
    if (this.#ended) return
    const sent = this.#deadline !== null
    this.abandon()
    const durationMs = Math.round(this.#wire.now() - this.#from)
    if (result._tag !== "NotSent" || !sent) return this.#done({ ...result, durationMs })
    // The first request has left; what its redirect did not get is what became of the attempt.
    const reason = result.reason === "unwanted" ? "timeout" : result.reason === "name_unanswered" ? "dns" : "connect"
    this.#done({ _tag: "Unanswered", reason, detail: `after a redirect: ${result.detail}`, durationMs })
  }
}

const ownNames = (options: UndiciHttpClientOptions, now: () => number): Effect.Effect<Resolve, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => new NameServers(now, options.nameServers ?? null)),
      (servers) => Effect.sync(() => servers.close())
    ),
    (servers) => new Names(servers.ask, now).resolve
  )

/** The client and its connections, which live as long as the scope. */
export const make = (options: UndiciHttpClientOptions = {}): Effect.Effect<HttpClient["Service"], never, Scope.Scope> =>
  Effect.gen(function* () {
    const guard = options.guard ?? makeEgressGuard()
    // oxlint-disable-next-line eslint/no-restricted-properties -- a real socket waits in real time, and this is asked many times a request
    const now = (): number => performance.now()
    const time = new RunningTime(now)
    const resolve = options.resolve ?? (yield* ownNames(options, now))
    const connections = yield* Effect.acquireRelease(
      Effect.sync(() => makeConnections(options, guard, resolve, now, time)),
      (connections) => Effect.promise(() => connections.closeAll())
    )
    const wire: Wire = { connections, guard, time, now }
    return HttpClient.starting((request, done) => {
      const sending = new Sending(wire, request, done)
      sending.go(URL.parse(request.url))
      return sending.abandon
    })
  })

export const layer = (options: UndiciHttpClientOptions = {}): Layer.Layer<HttpClient> =>
  Layer.effect(HttpClient, make(options))
