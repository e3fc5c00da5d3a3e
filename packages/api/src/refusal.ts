/** What the orchestrator refuses, as a problem. The only place where a rejection meets a status. */
import { Conflict, NotFound, PreconditionFailed, Unavailable, Unprocessable } from "@dueline/contracts/api/ProblemError"
import type { Refusal } from "@dueline/contracts/ports/Orchestrator"
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { Effect } from "effect"
import { reject } from "./reject.ts"

type Problem = NotFound | Conflict | PreconditionFailed | Unprocessable | Unavailable

export const refused = (refusal: Refusal): Effect.Effect<never, Problem> => {
  switch (refusal._tag) {
    case "ServiceCallNotFound":
      return callNotFound
    case "ServiceCallAlreadyDispatched": {
      const { attempt, status } = refusal
      const detail = `Attempt ${attempt} was already sent and the call is ${status}.`
      return reject(Conflict, "already_dispatched", detail, { conflict: { status, attempt } })
    }
    case "IllegalTransition": {
      const { allowed, status } = refusal
      const detail = `The call is ${status}; this needs ${allowed.join(" or ")}.`
      return reject(Conflict, "illegal_transition", detail, { conflict: { status, allowed } })
    }
    case "VersionMismatch":
      return stale(refusal.expected, refusal.actual)
    case "ServiceCallIdTaken":
    case "IdempotencyKeyReused":
    case "Overloaded":
    case "StoreUnavailable":
      return refusedSubmission(refusal)
  }
}

/** A new call can be refused for fewer reasons; any other is a fault of ours. */
export const refusedSubmission = (refusal: Refusal): Effect.Effect<never, Unprocessable | Unavailable> => {
  switch (refusal._tag) {
    case "ServiceCallIdTaken":
    case "IdempotencyKeyReused":
      return reject(Unprocessable, "idempotency_key_reused", "Use a new Idempotency-Key for a new request.")
    case "Overloaded":
      return reject(Unavailable, "overloaded", "Nothing was stored. Ask again after the time in Retry-After.")
    case "StoreUnavailable":
      return storeUnavailable(refusal)
    default:
      return Effect.die(refusal)
  }
}

export const callNotFound = reject(NotFound, "call_not_found", "Check the id and the tenant.")

export const stale = (expectedVersion: number, actualVersion: number) =>
  reject(PreconditionFailed, "version_mismatch", "Read the call again and decide anew; its ETag is in this answer.", {
    conflict: { expectedVersion, actualVersion }
  })

export const storeUnavailable = (error: StoreUnavailable) =>
  Effect.andThen(
    Effect.logWarning("store unavailable", { operation: error.operation }),
    reject(
      Unavailable,
      "unavailable",
      "Ask again after the time in Retry-After, with the same Idempotency-Key if there is one."
    )
  )
