/** Retries a request to NATS until it succeeds: 0.25 s to 5 s between two attempts, none while there is no connection. */
import { backoffSchedule } from "@dueline/contracts/backoff"
import { Clock, Effect } from "effect"
import { type Nats, NatsFailed } from "./Nats.ts"

const between = backoffSchedule({ initialMs: 250, maxMs: 5_000 })

/** Milliseconds between two lines about the same trouble. */
const quietMs = 5_000

export type Warn = (cause: unknown, count?: number) => Effect.Effect<void>

/** Logs a warning at most once in five seconds, however often it is called. */
export const throttledWarning = (line: string): Warn => {
  let saidAt = Number.NEGATIVE_INFINITY
  return Effect.fnUntraced(function* (cause, count = 1) {
    const now = yield* Clock.currentTimeMillis
    if (now < saidAt + quietMs) return
    saidAt = now
    yield* Effect.annotateLogs(Effect.logWarning(line), { count, reason: String(cause) })
  })
}

const isNatsFailed = (error: unknown): error is NatsFailed => error instanceof NatsFailed

/** Any other failure than `NatsFailed` ends it. */
export const retryForever = <A, E, R>(
  { whenConnected }: Pick<Nats["Service"], "whenConnected">,
  warn: Warn,
  effect: Effect.Effect<A, E | NatsFailed, R>
): Effect.Effect<A, Exclude<E, NatsFailed>, R> => {
  const retried = Effect.andThen(whenConnected, effect).pipe(
    Effect.tapError((error) => (isNatsFailed(error) ? warn(error.cause) : Effect.void)),
    Effect.retry({ schedule: between, while: isNatsFailed })
  )
  // The schedule never ends, so that no `NatsFailed` is left.
  return retried as Effect.Effect<A, Exclude<E, NatsFailed>, R>
}
