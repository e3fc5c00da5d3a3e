/**
 * What this process has fired, so that whoever receives its message need not look for the call. It is remembered once the call is durable; what is
 * not known here is looked for in the store.
 */
import type { ServiceCallId } from "@dueline/contracts/Ids"
import { Recent } from "@dueline/contracts/Recent"
import { Context, Deferred, Effect, Exit, Layer } from "effect"

export interface FiredCalls {
  /** The making of this call, remembered. */
  readonly making: <A, E>(callId: ServiceCallId, made: Effect.Effect<A, E>) => Effect.Effect<A, E>
  /** Whether it was made here; waits for the end of a making that is under way. */
  readonly isMade: (callId: ServiceCallId) => Effect.Effect<boolean>
}

/** Of a process that remembers nothing. */
export const FiredCalls = Context.Reference<FiredCalls>("@dueline/orchestration/schedules/FiredCalls", {
  defaultValue: () => ({ making: (_, made) => made, isMade: () => Effect.succeed(false) })
})

/** More than are fired between a commit and its message. */
const remembered = 5_000

export const make = (): FiredCalls => {
  const known = new Recent<ServiceCallId, Deferred.Deferred<boolean>>(remembered)
  return {
    making: (callId, made) =>
      Effect.suspend(() => {
        const ending = Deferred.makeUnsafe<boolean>()
        known.set(callId, ending)
        return Effect.onExit(made, (exit) => Deferred.succeed(ending, Exit.isSuccess(exit)))
      }),
    isMade: (callId) =>
      Effect.suspend(() => {
        const ending = known.get(callId)
        return ending === undefined ? Effect.succeed(false) : Deferred.await(ending)
      })
  }
}

export const layer: Layer.Layer<never> = Layer.sync(FiredCalls, make)
