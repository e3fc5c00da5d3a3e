/**
 * The one connection to NATS that everything in this process shares, and what can be known of it.
 *
 * It outlives the server: the first connection is waited for, a lost one comes back by itself, and meanwhile whoever asks is told so
 * at once. The client library neither keeps what is published while disconnected nor says so (the promise hangs until its time is
 * over), so requests go through `request`.
 */
import { backoff } from "@dueline/contracts/backoff"
import { jetstream, type JetStreamClient, type JetStreamManager, jetstreamManager } from "@nats-io/jetstream"
import { connect, type NatsConnection, type NodeConnectionOptions } from "@nats-io/transport-node"
import { Context, Effect, Layer, Redacted, type Scope } from "effect"
import { type Link, makeLink } from "./Link.ts"
import { type NatsServers, natsServers, NatsUrlInvalid } from "./natsServers.ts"

export class Nats extends Context.Service<
  Nats,
  Link & {
    readonly connection: NatsConnection
    readonly jetstream: JetStreamClient
    readonly manager: JetStreamManager
    /** First token of every subject, and part of the streams' names: installations beside each other on one server. */
    readonly prefix: string
  }
>()("@dueline/nats/Nats") {}

export interface NatsOptions {
  readonly url: string | Redacted.Redacted
  /** Shown by the server beside its connections. */
  readonly name: string
  /** Letters, digits, `-` and `_`. */
  readonly prefix?: string
  /** For what a URL cannot say: key or token files, authorities. */
  readonly connection?: Pick<NodeConnectionOptions, "authenticator" | "tls">
}

const patience = { initialMs: 500, maxMs: 10_000 }

const settings = {
  maxReconnectAttempts: -1,
  reconnectTimeWait: 500,
  reconnectJitter: 250,
  reconnectJitterTLS: 250,
  pingInterval: 10_000,
  maxPingOut: 2,
  ignoreAuthErrorAbort: true,
  timeout: 5_000
}

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

/** What was published is sent off first, if there is somewhere to send it. */
const close = (connection: NatsConnection) =>
  Effect.promise(() => connection.drain()).pipe(
    Effect.timeoutOption(2_000),
    Effect.ignoreCause,
    Effect.andThen(Effect.promise(() => connection.close()))
  )

const dial = (
  { shown, ...servers }: NatsServers,
  options: NatsOptions,
  failures = 0
): Effect.Effect<NatsConnection, never, Scope.Scope> =>
  Effect.tryPromise({
    try: () => connect({ ...settings, ...servers, ...options.connection, name: options.name }),
    catch: reasonOf
  }).pipe(
    (dialled) => Effect.acquireRelease(dialled, close),
    Effect.catch((reason) =>
      Effect.gen(function* () {
        const pause = yield* backoff(patience, failures + 1)
        const seconds = (pause / 1_000).toFixed(1)
        yield* Effect.logWarning(`NATS at ${shown} is not reachable (${reason}); trying again in ${seconds} s`)
        yield* Effect.sleep(pause)
        return yield* dial({ shown, ...servers }, options, failures + 1)
      })
    )
  )

const isPrefix = (text: string): boolean => /^[A-Za-z0-9_-]{1,32}$/u.test(text)

export const make = Effect.fnUntraced(function* (options: NatsOptions) {
  const { prefix = "dl", url } = options
  if (!isPrefix(prefix))
    return yield* new NatsUrlInvalid({ reason: `the prefix ${prefix} cannot be part of a subject` })
  const servers = natsServers(typeof url === "string" ? url : Redacted.value(url))
  if (servers instanceof NatsUrlInvalid) return yield* servers
  const connection = yield* dial(servers, options)
  const manager = yield* Effect.promise(() => jetstreamManager(connection, { checkAPI: false }))
  const link = yield* makeLink(connection, servers.shown)
  return Nats.of({ connection, jetstream: jetstream(connection), manager, prefix, ...link })
})

/** Waits for the first connection however long it takes, and says so. Closes last: what consumes must be closed before. */
export const layer = (options: NatsOptions) => Layer.effect(Nats, make(options))
