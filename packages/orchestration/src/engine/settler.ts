/** Sees batches through: weather is waited out, conflicts are decided again, and whatever still fails together is tried alone. */
import type { IdempotencyKeyReused, Overloaded, VersionMismatch } from "@dueline/contracts/ports/Orchestrator"
import { type CommitConflict, type RuleBroken, StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { Cause, Deferred, Effect, Exit, Option, Result, Schedule } from "effect"
import type { BatchAnswer } from "./decideBatch.ts"
import type { Asked } from "./loader.ts"
import type { Transaction } from "./Transaction.ts"

const conflictAttempts = 3
/** A store that answers again within about three seconds is weather; after that the asker hears of it. */
const weather = Schedule.exponential("50 millis").pipe(Schedule.jittered, Schedule.upTo({ times: 6 }))

export const unavailable = (operation: string, cause: unknown) => new StoreUnavailable({ operation, cause })

export type Accepted<O> = { readonly version: number; readonly replayed: boolean; readonly outcome: O }
export type Failure<R> = R | VersionMismatch | IdempotencyKeyReused | Overloaded | StoreUnavailable
/** A command with whoever waits for its answer. */
export interface Work<C, R, O> extends Asked<C> {
  readonly answer: Deferred.Deferred<Accepted<O>, Failure<R>>
}
export type Batch<C, R, O> = ReadonlyArray<Work<C, R, O>>

/** Sees a batch through to an answer for everyone in it. Fails only by interruption from outside. */
export const settler = <C, R, O>({ forget, run }: Transaction<C, R, O>) => {
  /** After anything went wrong, nothing is remembered and nothing is taken on trust. */
  const attempt = (batch: Batch<C, R, O>): Effect.Effect<void, Failed> => {
    let trusting = true
    const distrust = Effect.sync(() => {
      trusting = false
      forget(batch)
    })
    return Effect.suspend(() => run(batch, trusting)).pipe(
      Effect.onError(() => distrust),
      Effect.retry({ while: (error) => error._tag === "CommitConflict", times: conflictAttempts - 1 }),
      Effect.retry({ while: (error) => error._tag === "StoreUnavailable", schedule: weather }),
      Effect.map((answers) => answer(batch, answers))
    )
  }
  const settle = (batch: Batch<C, R, O>): Effect.Effect<void> =>
    // A store that interrupts itself is a defect of one batch; an interruption from outside ends the writer by itself.
    Effect.matchCauseEffect(attempt(batch), {
      onSuccess: () => Effect.void,
      onFailure: (cause) =>
        batch.length > 1 && !isDown(cause)
          ? Effect.forEach(batch, (one) => settle([one]), { discard: true })
          : Effect.sync(() => refuse(batch, cause))
    })
  return settle
}

const answer = <C, R, O>(batch: Batch<C, R, O>, answers: ReadonlyArray<BatchAnswer<R, O>>): void => {
  batch.forEach(({ answer }, i) => {
    const result = answers[i]
    if (result === undefined) return
    Deferred.doneUnsafe(answer, Result.isSuccess(result) ? Exit.succeed(result.success) : Exit.fail(result.failure))
  })
}

type Failed = CommitConflict | RuleBroken | StoreUnavailable
type Trouble = Cause.Cause<Failed>

const isDown = (cause: Trouble): boolean =>
  Option.exists(Cause.findErrorOption(cause), ({ _tag }) => _tag === "StoreUnavailable")

const refuse = <C, R, O>(batch: Batch<C, R, O>, cause: Trouble): void => {
  const error = Option.getOrNull(Cause.findErrorOption(cause))
  // Conflicts without end are weather too: nothing was stored, and asking again is safe. A rule nobody answers for is a defect.
  const exit =
    error === null || error._tag === "RuleBroken"
      ? Exit.die(Cause.squash(cause))
      : Exit.fail(error._tag === "StoreUnavailable" ? error : unavailable("commit", error))
  for (const { answer } of batch) Deferred.doneUnsafe(answer, exit)
}
