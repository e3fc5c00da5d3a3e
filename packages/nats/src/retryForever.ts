/** Retries a request to NATS until it succeeds: 0.25 s to 5 s between two attempts, none while there is no connection. */
import { backoff } from "@dueline/contracts/backoff"
import { Clock, Effect } from "effect"
import { type Nats, NatsFailed } from "./Nats.ts"

const patience = { initialMs: 250, maxMs: 5_000 }

/** Milliseconds between two lines about the same trouble. */
const quietMs = 5_000

export type Complain = (cause: unknown, count?: number) => Effect.Effect<void>

/** Says in the log what is wrong, and not again for five seconds, however often and by whomever it is told. */
export const makeComplain = (line: string): Complain => {
  let saidAt = Number.NEGATIVE_INFINITY
  return Effect.fnUntraced(function* (cause, count = 1) {
    const now = yield* Clock.currentTimeMillis
    if (now < saidAt + quietMs) return
    saidAt = now
    yield* Effect.annotateLogs(Effect.logWarning(line), { count, reason: String(cause) })
  })
}

/** Any other failure than `NatsFailed` ends it. */
export const retryForever = <A, E, R>(
  nats: Pick<Nats["Service"], "whenConnected">,
  complain: Complain,
  effect: Effect.Effect<A, E | NatsFailed, R>,
  failures = 0
): Effect.Effect<A, Exclude<E, NatsFailed>, R> =>
  Effect.catch(
    Effect.andThen(nats.whenConnected, effect),
    (failed): Effect.Effect<A, Exclude<E, NatsFailed>, R> =>
      failed instanceof NatsFailed
        ? Effect.gen(function* () {
            yield* complain(failed.cause)
            yield* Effect.sleep(yield* backoff(patience, failures + 1))
            return yield* retryForever(nats, complain, effect, failures + 1)
          })
        : Effect.fail(failed as Exclude<E, NatsFailed>)
  )
