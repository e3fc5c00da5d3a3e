/** What can be known of a connection, and how to ask over it without hanging when it is lost. */
import type { NatsConnection } from "@nats-io/transport-node"
import { Effect, Schema } from "effect"

/** NATS was not reached, went away meanwhile, or refused. What was asked may have happened. */
export class NatsFailed extends Schema.TaggedError<NatsFailed>()("NatsFailed", { cause: Schema.Defect() }) {}

export type LinkEvent = "disconnected" | "reconnected"

export interface Link {
  readonly connected: () => boolean
  /** Waits until there is a connection. */
  readonly whenConnected: Effect.Effect<void>
  /** Milliseconds to the server and back; fails after two seconds. */
  readonly rtt: Effect.Effect<number, NatsFailed>
  /** Runs what needs an answer. Fails at once when there is no connection, and as soon as it is lost. */
  readonly request: <A>(ask: () => Promise<A>) => Effect.Effect<A, NatsFailed>
  /** Called synchronously, must not throw. Answers with what ends it. */
  readonly watch: (listener: (event: LinkEvent) => void) => () => void
}

/** Follows the connection's ups and downs until it is closed. */
const follow = Effect.fnUntraced(function* (
  connection: NatsConnection,
  shown: string,
  tell: (event: LinkEvent) => void
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

/** `shown` is how the servers are called in logs. */
export const makeLink = Effect.fnUntraced(function* (connection: NatsConnection, shown: string) {
  const listeners = new Set<(event: LinkEvent) => void>()
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
  const watch = (listener: (event: LinkEvent) => void) => {
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
  return { connected, whenConnected, rtt, request, watch } satisfies Link
})
