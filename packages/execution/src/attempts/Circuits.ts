/** Keeps requests from targets that do not answer: one circuit for each tenant and target, shared by all who share its store. */
import { exponentialMs } from "@dueline/contracts/backoff"
import type { ExecutionRequested } from "@dueline/contracts/Intent"
import { targetOf } from "@dueline/contracts/serviceCall/target"
import { Metrics } from "@dueline/contracts/telemetry/Metrics"
import { Cause, Duration, Effect, Exit, type Fiber, type Layer, Option, Scope } from "effect"
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

/** The circuit lets an attempt through, and waits to hear of it. */
export interface Permit {
  readonly _tag: "Permit"
  /** To be called once; null: it was stopped, which says nothing about the target. */
  readonly tell: (result: AttemptResult | null) => void
}

export interface Circuits {
  /** Asks the circuit of the attempt's tenant and target. `then` is called once, on this very stack unless the store takes its time. */
  readonly admit: (intent: ExecutionRequested, then: (admitted: Permit | CircuitRefusal) => void) => void
}

/** Circuits in this process alone. One that was not asked for in ten minutes is forgotten. */
export const layerStoreMemory: Layer.Layer<CircuitBreaker.CircuitBreakerStore> = CircuitBreaker.layerStoreMemory({
  idleTimeToLive: "10 minutes"
})

/** Answers by which a gateway says that the service behind it is away. */
const gatewayStatuses: ReadonlySet<number> = new Set([502, 503, 504])
const unheard: ReadonlySet<string> = new Set(["timeout", "dns", "connect", "connection_lost"])

/** Any answer of the target's own is a sign of life; what never left, or was refused by its certificate, says nothing of the kind. */
const outcomeOf = (result: AttemptResult | null): CircuitBreaker.Outcome["_tag"] => {
  if (result === null) return "Ignored"
  if (result._tag === "Answered") return gatewayStatuses.has(result.status) ? "Failure" : "Success"
  return result._tag === "Unanswered" && unheard.has(result.reason) ? "Failure" : "Ignored"
}

const unrecorded: Permit = { _tag: "Permit", tell: () => undefined }

/**
 * What `CircuitBreaker.execute` does around an effect, here around callbacks, on the same store: no fiber waits for a request. `run` forks
 * what is asked of the store, which for the one in memory ends on this very stack.
 */
export const makeCircuits = Effect.fnUntraced(function* (
  { failures = 10, maxOpenMs = 60_000, openMs = 5_000 }: CircuitOptions,
  run: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
): Effect.fn.Return<Circuits, never, CircuitBreaker.CircuitBreakerStore> {
  const store = yield* CircuitBreaker.CircuitBreakerStore
  const { circuitsOpened } = yield* Metrics
  const tripPolicy = CircuitBreaker.consecutive(failures)

  const log = (change: CircuitBreaker.Transition | undefined): void => {
    if (change === undefined) return
    if (change.from === "Closed") {
      circuitsOpened.add()
      run(Effect.logWarning(`circuit opened for ${Duration.toMillis(change.retryAfter)} ms: ${change.key}`))
    } else if (change.to === "Closed") run(Effect.logInfo(`circuit closed: ${change.key}`))
  }

  const openForMs = (openings: number): number => exponentialMs({ initialMs: openMs, maxMs: maxOpenMs }, openings + 1)

  /** `lease`: while it is open, the store takes the probe for one that is under way. */
  const permit = (key: string, admission: CircuitBreaker.Admission, lease: Scope.Closeable): Permit => ({
    _tag: "Permit",
    tell: (result) => {
      const outcome = outcomeOf(result)
      const { consecutiveOpenings, generation, probe } = admission
      const openFor = Duration.millis(outcome === "Failure" ? openForMs(consecutiveOpenings) : 0)
      run(store.record({ key, generation, outcome, tripPolicy, openFor })).addObserver((exit) => {
        if (Exit.isSuccess(exit)) log(exit.value)
        else run(Effect.logDebug("the outcome of an attempt was not told to its circuit", exit.cause))
        if (probe) run(Scope.close(lease, Exit.void))
      })
    }
  })

  const refusal = ({ reason }: CircuitBreaker.CircuitBreakerError): CircuitRefusal | null => {
    if (reason._tag === "CircuitBreakerStoreError") return null
    // How long a probe takes is not known; until it is over asking more often gains nothing.
    const retryAfterMs = reason._tag === "CircuitOpen" ? Duration.toMillis(reason.retryAfter) : openMs
    return { _tag: "CircuitRefusal", retryAfterMs }
  }

  return {
    admit: (intent, then) => {
      const key = `${intent.tenantId}/${targetOf(intent.request.url)}`
      const lease = Scope.makeUnsafe()
      run(Scope.provide(store.admit(key), lease)).addObserver((exit) => {
        if (Exit.isSuccess(exit)) {
          log(exit.value.transition)
          return then(permit(key, exit.value, lease))
        }
        const error = Cause.findErrorOption(exit.cause)
        const refused = Option.isSome(error) ? refusal(error.value) : null
        if (refused !== null) return then(refused)
        // A circuit that cannot be looked up lets requests through: better one too many than none at all.
        run(Effect.logDebug("a circuit could not be looked up", exit.cause))
        then(unrecorded)
      })
    }
  }
})
