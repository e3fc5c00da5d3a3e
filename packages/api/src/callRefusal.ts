/** What is refused of service calls, as a problem. */
import {
  Conflict,
  NotFound,
  type PreconditionFailed,
  type Unavailable,
  type Unprocessable
} from "@dueline/contracts/api/ProblemError"
import type { Refusal } from "@dueline/contracts/ports/Orchestrator"
import { Effect } from "effect"
import { keyReused, refusedAnewAnyway, refusedAnyway } from "./refusal.ts"
import { reject } from "./reject.ts"

type Problem = NotFound | Conflict | PreconditionFailed | Unprocessable | Unavailable

export const refused = (refusal: Refusal): Effect.Effect<never, Problem> => {
  switch (refusal._tag) {
    case "ServiceCallNotFound":
      return callNotFound
    case "ServiceCallAlreadyDispatched": {
      const { attempt, status } = refusal
      const detail = `Attempt ${attempt} was begun and the call is ${status}.`
      return reject(Conflict, "already_dispatched", detail, { conflict: { status, attempt } })
    }
    case "IllegalTransition": {
      const { allowed, status } = refusal
      const detail = `The call is ${status}; this needs ${allowed.join(" or ")}.`
      return reject(Conflict, "illegal_transition", detail, { conflict: { status, allowed } })
    }
    case "ServiceCallIdTaken":
      return keyReused
    default:
      return refusedAnyway(refusal)
  }
}

/** A new call can be refused for fewer reasons; any other is a fault of ours. */
export const refusedSubmission = (refusal: Refusal): Effect.Effect<never, Unprocessable | Unavailable> => {
  switch (refusal._tag) {
    case "ServiceCallIdTaken":
      return keyReused
    case "ServiceCallNotFound":
    case "ServiceCallAlreadyDispatched":
    case "IllegalTransition":
      return Effect.die(refusal)
    default:
      return refusedAnewAnyway(refusal)
  }
}

export const callNotFound = reject(NotFound, "call_not_found", "Check the id and the tenant.")
