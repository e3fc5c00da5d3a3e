/** Keeps requests from targets that do not answer: one circuit for each tenant and target, shared by all who share its store. */
import type { ExecutionRequested } from "@dueline/contracts/Intent"
import { targetOf } from "@dueline/contracts/serviceCall/target"
import { Duration, Effect, Exit, type Layer, Schedule, type Scope, Stream } from "effect"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import type { AttemptResult } from "./recordAttempt.ts"

export interface CircuitOptions {
  /** So many failures in a row open a circuit. Default 10. */
  readonly failures?: number
  /** How long it stays open the first time, in milliseconds; twice as long each time it opens again. Default 5,000. */
  readonly openMs?: number
  /** At the most. Default 60,000. */
  readonly maxOpenMs?: number
}

/** Nothing was sent: the target's circuit is open, or another request is finding out whether the target answers again. */
interface CircuitRefusal {
  readonly _tag: "CircuitRefusal"
  /** How soon the next request may be let through, in milliseconds. */
  readonly retryAfterMs: number
}

export interface Circuits {
  /** Runs the exchange if the circuit of its tenant and target lets it through, and learns from what came of it. */
  readonly guard: (
    intent: ExecutionRequested,
    exchange: Effect.Effect<AttemptResult>
  ) => Effect.Effect<AttemptResult | CircuitRefusal>
}

/** Circuits in this process alone. One that was not asked for in ten minutes is forgotten. */
export const layerStoreMemory: Layer.Layer<CircuitBreaker.CircuitBreakerStore> = CircuitBreaker.layerStoreMemory({
  idleTimeToLive: "10 minutes"
})

/** Answers by which a gateway says that the service behind it is away. */
const gatewayStatuses: ReadonlySet<number> = new Set([502, 503, 504])
const unheard: ReadonlySet<string> = new Set(["timeout", "dns", "connect", "connection_lost"])
const failed = CircuitBreaker.failure()

/** Any answer of the target's own is a sign of life; what never left, or was refused by its certificate, says nothing of the kind. */
const outcomeOf = (result: AttemptResult): CircuitBreaker.Outcome => {
  if (result._tag === "Answered") return gatewayStatuses.has(result.status) ? failed : CircuitBreaker.success
  return result._tag === "Unanswered" && unheard.has(result.reason) ? failed : CircuitBreaker.ignored
}

const classify = (exit: Exit.Exit<AttemptResult>): CircuitBreaker.Outcome =>
  Exit.isSuccess(exit) ? outcomeOf(exit.value) : CircuitBreaker.ignored

const tell = (change: CircuitBreaker.Transition): Effect.Effect<void> => {
  if (change.from === "Closed") {
    return Effect.logWarning(`circuit opened for ${Duration.toMillis(change.retryAfter)} ms: ${change.key}`)
  }
  return change.to === "Closed" ? Effect.logInfo(`circuit closed: ${change.key}`) : Effect.void
}

export const makeCircuits = Effect.fnUntraced(function* (
  options: CircuitOptions
): Effect.fn.Return<Circuits, never, CircuitBreaker.CircuitBreakerStore | Scope.Scope> {
  const { failures = 10, maxOpenMs = 60_000, openMs = 5_000 } = options
  const breaker = yield* CircuitBreaker.make({
    tripPolicy: CircuitBreaker.consecutive(failures),
    openDuration: Schedule.min([Schedule.exponential(openMs, 2), Schedule.spaced(maxOpenMs)]),
    maxOpenDuration: maxOpenMs,
    // A circuit that cannot be looked up lets requests through: better one too many than none at all.
    onStoreError: "allow"
  })
  yield* Effect.forkScoped(Stream.runForEach(breaker.transitions, tell), { startImmediately: true })

  const refusal = ({ reason }: CircuitBreaker.CircuitBreakerError): CircuitRefusal => ({
    _tag: "CircuitRefusal",
    // How long a probe takes is not known; until it is over asking more often gains nothing.
    retryAfterMs: reason._tag === "CircuitOpen" ? Duration.toMillis(reason.retryAfter) : openMs
  })
  return {
    guard: (intent, exchange) =>
      breaker
        .execute(exchange, { key: `${intent.tenantId}/${targetOf(intent.request.url)}`, classify })
        .pipe(Effect.catchTag("CircuitBreakerError", (error) => Effect.succeed(refusal(error))))
  }
})
