/** Sends requests over real sockets with undici: pooled, pinned to checked addresses, bounded in time, size and redirects. */
import { HttpClient, type OutgoingRequest, type OutgoingResult } from "@dueline/contracts/ports/HttpClient"
import { Clock, Effect, Layer, type Scope } from "effect"
import { Agent } from "undici"
import { type EgressGuard, makeEgressGuard } from "./EgressGuard.ts"
import { Exchange, type ExchangeResult, type Unanswered } from "./Exchange.ts"
import { makePinnedConnector, type Resolve, resolveBySystem } from "./pinnedConnector.ts"
import { redirectTarget } from "./redirectTarget.ts"

export interface UndiciHttpClientOptions {
  readonly guard?: EgressGuard
  readonly resolve?: Resolve
  /** Connections to one origin at the most; what comes on top waits. */
  readonly connections?: number
  /** Hosts with open connections at the most. */
  readonly maxOrigins?: number
  /** How long an unused connection is kept. Below the 5 s that many servers allow, so that they seldom close first. */
  readonly idleMs?: number
  readonly connectTimeoutMs?: number
  readonly maxHeaderBytes?: number
  /** PEM certificates trusted beside the public ones, for development and tests. */
  readonly extraCa?: string
}

const maxRedirects = 3

const makeAgent = (options: UndiciHttpClientOptions, guard: EgressGuard): Agent =>
  new Agent({
    connect: makePinnedConnector({
      guard,
      resolve: options.resolve ?? resolveBySystem,
      connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
      extraCa: options.extraCa ?? null
    }),
    connections: options.connections ?? 64,
    maxOrigins: options.maxOrigins ?? 2_048,
    keepAliveTimeout: options.idleMs ?? 4_000,
    keepAliveMaxTimeout: 30_000,
    maxHeaderSize: options.maxHeaderBytes ?? 16_384,
    pipelining: 1,
    allowH2: false,
    // The total time-out is ours: one timer for connecting, waiting and reading together.
    headersTimeout: 0,
    bodyTimeout: 0
  })

/** One `send`: at most four exchanges, one timer over them all. */
class Sending {
  #exchange: Exchange | null = null
  #ended = false
  #hops = 0
  readonly #timer: NodeJS.Timeout
  readonly #agent: Agent
  readonly #guard: EgressGuard
  readonly #request: OutgoingRequest
  readonly #done: (result: ExchangeResult) => void

  constructor(agent: Agent, guard: EgressGuard, request: OutgoingRequest, done: (result: ExchangeResult) => void) {
    this.#agent = agent
    this.#guard = guard
    this.#request = request
    this.#done = done
    // A real socket waits in real time, whatever clock the program is given.
    this.#timer = setTimeout(
      () => this.#fail("timeout", `no complete answer within ${request.timeoutMs} ms`),
      request.timeoutMs
    )
  }

  go(url: URL | null): void {
    const denied = this.#guard.checkUrl(url ?? "")
    if (url === null || denied !== null) return this.#fail("egress_denied", denied?.detail ?? "not a URL")
    const { body, headers, maxResponseBytes, method, wanted } = this.#request
    this.#exchange = new Exchange(maxResponseBytes, wanted, (result) => this.#next(url, result))
    this.#agent.dispatch({ origin: url.origin, path: url.pathname + url.search, method, headers, body }, this.#exchange)
  }

  abandon(): void {
    this.#ended = true
    clearTimeout(this.#timer)
    this.#exchange?.abandon()
  }

  #next(url: URL, result: ExchangeResult): void {
    if (result._tag === "Unanswered") return this.#end(result)
    const redirect = redirectTarget(url, this.#request.method, result.status, result.headers["location"])
    if (redirect._tag === "Final") return this.#end(result)
    if (redirect._tag === "Refused") return this.#fail("redirect_refused", redirect.detail)
    if (++this.#hops > maxRedirects) return this.#fail("redirect_refused", `more than ${maxRedirects} redirects`)
    this.go(redirect.url)
  }

  #fail(reason: Unanswered["reason"], detail: string): void {
    this.#end({ _tag: "Unanswered", reason, detail })
  }

  #end(result: ExchangeResult): void {
    if (this.#ended) return
    this.abandon()
    this.#done(result)
  }
}

/** The client and its pool, which lives as long as the scope. */
export const make = (options: UndiciHttpClientOptions = {}): Effect.Effect<HttpClient["Service"], never, Scope.Scope> =>
  Effect.gen(function* () {
    const guard = options.guard ?? makeEgressGuard()
    const agent = yield* Effect.acquireRelease(
      Effect.sync(() => makeAgent(options, guard)),
      (agent) => Effect.promise(() => agent.destroy())
    )
    const send = (request: OutgoingRequest): Effect.Effect<OutgoingResult> =>
      Clock.clockWith((clock) =>
        Effect.callback<OutgoingResult>((resume) => {
          const from = clock.monotonicTimeNanosUnsafe()
          const sending = new Sending(agent, guard, request, (result) => {
            const durationMs = Math.round(Number(clock.monotonicTimeNanosUnsafe() - from) / 1e6)
            resume(Effect.succeed({ ...result, durationMs }))
          })
          sending.go(URL.parse(request.url))
          return Effect.sync(() => sending.abandon())
        })
      )
    return HttpClient.of({ send })
  })

export const layer = (options: UndiciHttpClientOptions = {}): Layer.Layer<HttpClient> =>
  Layer.effect(HttpClient, make(options))
