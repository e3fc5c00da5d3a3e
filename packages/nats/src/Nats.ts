/**
 * The one connection to NATS that everything in this process shares, what can be known of it, and how to ask over it without hanging
 * when it is lost.
 *
 * It outlives the server: the first connection is waited for, a lost one comes back by itself, and meanwhile a
 * request fails at once. The client library neither keeps what is published while disconnected nor says so (the promise hangs until its time is
 * over), so requests go through `request`.
 */
import { backoffSchedule } from "@dueline/contracts/backoff"
import { jetstream, type JetStreamClient, type JetStreamManager, jetstreamManager } from "@nats-io/jetstream"
import { connect, type NatsConnection, type NodeConnectionOptions } from "@nats-io/transport-node"
import { Context, Duration, Effect, Layer, Redacted, Schedule, Schema } from "effect"
import { type NatsServers, natsServers, NatsUrlInvalid } from "./natsServers.ts"

/** NATS was not reached, went away meanwhile, or refused. What was asked may have happened. */
export class NatsFailed extends Schema.TaggedError<NatsFailed>()("NatsFailed", { cause: Schema.Defect() }) {}

export type ConnectionEvent = "disconnected" | "reconnected"

export class Nats extends Context.Service<
  Nats,
  {
    readonly connection: NatsConnection
    readonly jetstream: JetStreamClient
    readonly manager: JetStreamManager
    /** First token of every subject, and part of the streams' names: installations beside each other on one server. */
    readonly prefix: string
    readonly connected: () => boolean
    /** Waits until there is a connection. */
    readonly whenConnected: Effect.Effect<void>
    /** Milliseconds to the server and back; fails after two seconds. */
    readonly rtt: Effect.Effect<number, NatsFailed>
    /** Runs what needs an answer. Fails at once when there is no connection, and as soon as it is lost. */
    readonly request: <A>(ask: () => Promise<A>) => Effect.Effect<A, NatsFailed>
    /** Called synchronously, must not throw. Answers with what ends it. */
    readonly watch: (listener: (event: ConnectionEvent) => void) => () => void
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

const settings = {
  maxReconnectAttempts: -1,
  reconnectTimeWait: 500,
  reconnectJitter: 250,
  reconnectJitterTLS: 250,
  pingInterval: 10_000,
  maxPingOut: 2,
  ignoreAuthErrorAbort: true,
  // Every request would take two stack traces, in case it fails: a tenth of what an orchestrator's process does.
  noAsyncTraces: true,
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

const dial = ({ shown, ...servers }: NatsServers, options: NatsOptions) => {
  const connecting = Effect.tryPromise({
    try: () => connect({ ...settings, ...servers, ...options.connection, name: options.name }),
    catch: reasonOf
  })
  const between = backoffSchedule({ initialMs: 500, maxMs: 10_000 }).pipe(
    Schedule.setInputType<string>(),
    Schedule.tap(({ duration, input }) => {
      const seconds = (Duration.toMillis(duration) / 1_000).toFixed(1)
      return Effect.logWarning(`NATS at ${shown} is not reachable (${input}); trying again in ${seconds} s`)
    })
  )
  // The schedule never ends, so that no failure is left.
  return Effect.orDie(Effect.retry(Effect.acquireRelease(connecting, close), between))
}

/** Follows the connection's ups and downs until it is closed. */
const follow = Effect.fnUntraced(function* (
  connection: NatsConnection,
  shown: string,
  tell: (event: ConnectionEvent) => void
) {
  const log = Effect.runForkWith(yield* Effect.context())
  const listen = async () => {
    for await (const event of connection.status()) {
      if (event.type === "disconnect") {
        tell("disconnected")
        log(Effect.logWarning(`NATS at ${shown} is gone; it is looked for until it is back`))
      } else if (event.type === "reconnect") {
        tell("reconnected")
        log(Effect.logInfo(`NATS is back, at ${event.server}`))
      } else if (event.type === "error") log(Effect.logWarning("NATS refuses something", event.error.message))
    }
  }
  void listen()
})

/** What the service says of the connection. `shown` is how the servers are called in logs. */
const supervise = Effect.fnUntraced(function* (connection: NatsConnection, shown: string) {
  const listeners = new Set<(event: ConnectionEvent) => void>()
  const waiting = new Set<() => void>()
  let up = true
  yield* follow(connection, shown, (event) => {
    up = event === "reconnected"
    if (!up) for (const give of waiting) give()
    for (const listener of listeners) listener(event)
  })
  const connected = () => up && !connection.isClosed()

  const request = <A>(ask: () => Promise<A>): Effect.Effect<A, NatsFailed> =>
    Effect.callback((resume) => {
      const end = (exit: Effect.Effect<A, NatsFailed>): void => {
        waiting.delete(lost)
        resume(exit)
      }
      const fail = (cause: unknown): void => end(Effect.fail(new NatsFailed({ cause })))
      const lost = () => fail(new Error("NATS is not connected"))
      if (!connected()) return lost()
      waiting.add(lost)
      ask().then((answer) => end(Effect.succeed(answer)), fail)
      return Effect.sync(() => void waiting.delete(lost))
    })

  const rtt = request(() => connection.rtt()).pipe(
    Effect.timeoutOrElse({
      duration: 2_000,
      orElse: () => Effect.fail(new NatsFailed({ cause: new Error("no answer within 2 s") }))
    })
  )
  const watch = (listener: (event: ConnectionEvent) => void) => {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }
  const whenConnected = Effect.callback<void>((resume) => {
    if (connected()) return resume(Effect.void)
    const stop = watch((event) => {
      if (event !== "reconnected") return
      stop()
      resume(Effect.void)
    })
    return Effect.sync(stop)
  })
  return { connected, whenConnected, rtt, request, watch }
})

const isPrefix = (text: string): boolean => /^[A-Za-z0-9_-]{1,32}$/u.test(text)

export const make = Effect.fnUntraced(function* (options: NatsOptions) {
  const { prefix = "dl", url } = options
  if (!isPrefix(prefix))
    return yield* new NatsUrlInvalid({ reason: `the prefix ${prefix} cannot be part of a subject` })
  const servers = natsServers(typeof url === "string" ? url : Redacted.value(url))
  if (servers instanceof NatsUrlInvalid) return yield* servers
  const connection = yield* dial(servers, options)
  const manager = yield* Effect.promise(() => jetstreamManager(connection, { checkAPI: false }))
  const state = yield* supervise(connection, servers.shown)
  return Nats.of({ connection, jetstream: jetstream(connection), manager, prefix, ...state })
})

/** Waits for the first connection however long it takes, and says so. Closes last: what consumes must be closed before. */
export const layer = (options: NatsOptions) => Layer.effect(Nats, make(options))
