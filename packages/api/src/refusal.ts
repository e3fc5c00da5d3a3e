/** What any command may be refused for, as a problem. What else it may be refused for stands with its kind. */
import { PreconditionFailed, Unavailable, Unprocessable } from "@dueline/contracts/api/ProblemError"
import type { IdempotencyKeyReused, Overloaded, VersionMismatch } from "@dueline/contracts/ports/Orchestrator"
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { Effect } from "effect"
import { reject } from "./reject.ts"

type CommonRefusal = VersionMismatch | IdempotencyKeyReused | Overloaded | StoreUnavailable

export const refusedAnyway = (
  refusal: CommonRefusal
): Effect.Effect<never, PreconditionFailed | Unprocessable | Unavailable> => {
  switch (refusal._tag) {
    case "VersionMismatch":
      return stale(refusal.expected, refusal.actual)
    case "IdempotencyKeyReused":
      return keyReused
    case "Overloaded":
      return overloaded
    case "StoreUnavailable":
      return changeUnavailable(refusal)
  }
}

/** Nothing new has a version yet: for what is created, a mismatch is a fault of ours. */
export const refusedAnewAnyway = (refusal: CommonRefusal): Effect.Effect<never, Unprocessable | Unavailable> => {
  switch (refusal._tag) {
    case "VersionMismatch":
      return Effect.die(refusal)
    case "IdempotencyKeyReused":
      return keyReused
    case "Overloaded":
      return overloaded
    case "StoreUnavailable":
      return changeUnavailable(refusal)
  }
}

/** Also for an id that was derived from a key which once named another request. */
export const keyReused = reject(Unprocessable, "idempotency_key_reused", "Use a new Idempotency-Key for a new request.")

const overloaded = reject(Unavailable, "overloaded", "Nothing was stored. Ask again after the time in Retry-After.")

export const stale = (expectedVersion: number, actualVersion: number) =>
  reject(PreconditionFailed, "version_mismatch", "Read it again and decide anew; its ETag is in this answer.", {
    conflict: { expectedVersion, actualVersion }
  })

const maxWords = 200

/** What the driver or the server said, from under the wrappers. */
const innermostWords = (error: unknown): string => {
  let words = ""
  let at: unknown = error
  for (let depth = 0; depth < 8 && typeof at === "object" && at !== null; depth++) {
    if ("message" in at && typeof at.message === "string" && at.message !== "") words = at.message
    at = "reason" in at ? at.reason : "cause" in at ? at.cause : null
  }
  return words.slice(0, maxWords)
}

const unanswered = (error: StoreUnavailable, detail: string) =>
  Effect.andThen(
    Effect.logWarning("store unavailable", { operation: error.operation, why: innermostWords(error) }),
    reject(Unavailable, "unavailable", detail)
  )

/** For what only reads. */
export const storeUnavailable = (error: StoreUnavailable) =>
  unanswered(error, "The store did not answer in time. Ask again after the time in Retry-After.")

/** The store may have done it, or may yet do it, without our hearing of it. */
const changeUnavailable = (error: StoreUnavailable) =>
  unanswered(
    error,
    "The store did not answer in time; what you asked for may still happen. Ask again after the time in Retry-After with the same " +
      "Idempotency-Key: it happens once, and you are told what became of it. Without a key, look before you ask again."
  )
