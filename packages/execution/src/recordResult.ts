/** Has a result recorded, however long the store is away: a result that was paid for with a request is not given up. */
import type { Envelope } from "@dueline/contracts/Envelope"
import type { Orchestrator, Refusal } from "@dueline/contracts/ports/Orchestrator"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import { Effect, Random } from "effect"

const firstPauseMs = 50
const longestPauseMs = 2_000

/** Half of it is drawn at random, so that results that failed together do not come back together. */
const pauseMs = (failures: number, roll: number): number =>
  Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(failures, 10)) * (0.5 + roll / 2)

/**
 * Done when the result is durable, or when the answer to it is no: then the call has moved on or is gone, and there is nothing to say.
 * Asks again after `StoreUnavailable` and `Overloaded` until it is interrupted; asking twice is harmless.
 */
export const recordResult = (
  orchestrator: Orchestrator["Service"],
  envelope: Envelope<ServiceCallCommand>,
  failures = 0
): Effect.Effect<void> =>
  Effect.matchEffect(orchestrator.ask(envelope), {
    onSuccess: () => Effect.void,
    onFailure: (refusal: Refusal) => {
      if (refusal._tag !== "StoreUnavailable" && refusal._tag !== "Overloaded") {
        return Effect.logWarning(`result refused: ${refusal._tag}`, {
          tenantId: envelope.tenantId,
          serviceCallId: envelope.command.callId
        })
      }
      return Random.next.pipe(
        Effect.flatMap((roll) => Effect.sleep(pauseMs(failures, roll))),
        Effect.andThen(Effect.suspend(() => recordResult(orchestrator, envelope, failures + 1)))
      )
    }
  })
