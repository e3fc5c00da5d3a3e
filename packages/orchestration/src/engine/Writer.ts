/**
 * The single writer: a bounded queue, a batch of all that waits, one load, a decision each, one commit for all of them.
 *
 * An asker gets its answer only once it is durable. A conflict forgets what was remembered and decides again; whatever still fails
 * together is tried alone, so that one bad command never sinks its neighbours.
 */
import type { Envelope } from "@dueline/contracts/Envelope"
import type { Intents } from "@dueline/contracts/Intents"
import { type IdempotencyKeyReused, Overloaded, type VersionMismatch } from "@dueline/contracts/ports/Orchestrator"
import { type CommitConflict, type Persistence, StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { Cause, Deferred, Effect, Exit, Option, Queue, Result, Schedule, type Scope } from "effect"
import type { Aggregate, Command, Tagged } from "./Aggregate.ts"
import type { BatchAnswer } from "./decideBatch.ts"
import { streamKey } from "./StreamCache.ts"
import { type Asked, makeTransaction, type Transaction } from "./Transaction.ts"

export interface WriterOptions {
  /** Commands that may wait; one more is `Overloaded`. */
  readonly queueLimit: number
  /** Commands in one transaction at the most. */
  readonly batchLimit: number
  /** Streams remembered between batches. */
  readonly cacheLimit: number
  /** How long a receipt is kept, in milliseconds. */
  readonly receiptTtlMs: number
}

export const defaultWriterOptions: WriterOptions = {
  queueLimit: 8_192,
  batchLimit: 256,
  cacheLimit: 10_000,
  receiptTtlMs: 7 * 86_400_000
}

const conflictAttempts = 3
/** A store that answers again within about three seconds is weather; after that the asker hears of it. */
const weather = Schedule.exponential("50 millis").pipe(Schedule.jittered, Schedule.upTo({ times: 6 }))

const unavailable = (operation: string, cause: unknown) => new StoreUnavailable({ operation, cause })

type Accepted<O> = { readonly version: number; readonly replayed: boolean; readonly outcome: O }
type Failure<R> = R | VersionMismatch | IdempotencyKeyReused | Overloaded | StoreUnavailable
interface Work<C, R, O> extends Asked<C> {
  readonly answer: Deferred.Deferred<Accepted<O>, Failure<R>>
}
type Batch<C, R, O> = ReadonlyArray<Work<C, R, O>>

export interface Writer<C, R, O> {
  readonly ask: (envelope: Envelope<C>) => Effect.Effect<Accepted<O>, Failure<R>>
  /** Commands waiting right now. */
  readonly depth: () => number
}

export const makeWriter = Effect.fnUntraced(function* <C extends Command, S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>,
  options: WriterOptions
): Effect.fn.Return<Writer<C, R, O>, never, Persistence | Intents | Scope.Scope> {
  const queue = yield* Queue.dropping<Work<C, R, O>>(options.queueLimit)
  const settle = settler(yield* makeTransaction(aggregate, options))
  let inHand: Batch<C, R, O> = []
  const loop = Effect.gen(function* () {
    while (true) {
      const first = yield* Queue.take(queue)
      inHand = [first]
      // One turn of the event loop lets everyone who is about to ask join the batch.
      yield* Effect.yieldNow
      inHand = gather(queue, first, options.batchLimit)
      yield* settle(inHand)
    }
  })
  /** Whoever still waits when the writer ends is told so: an answer that never comes is the worst one. */
  const stop = Effect.sync(() => {
    const exit = Exit.fail(unavailable("ask", new Error("the writer has stopped")))
    for (const { answer } of inHand) Deferred.doneUnsafe(answer, exit)
    for (
      let next = Queue.takeUnsafe(queue);
      next !== undefined && Exit.isSuccess(next);
      next = Queue.takeUnsafe(queue)
    ) {
      Deferred.doneUnsafe(next.value.answer, exit)
    }
    Queue.shutdownUnsafe(queue)
  })
  yield* Effect.forkScoped(Effect.ensuring(loop, stop), { startImmediately: true })

  const ask = (envelope: Envelope<C>) =>
    Effect.suspend(() => {
      const answer = Deferred.makeUnsafe<Accepted<O>, Failure<R>>()
      const streamId = aggregate.streamOf(envelope.command)
      const key = streamKey(envelope.tenantId, streamId)
      return Queue.offerUnsafe(queue, { envelope, streamId, key, answer })
        ? Deferred.await(answer)
        : Effect.fail(new Overloaded({ queueLimit: options.queueLimit }))
    })
  return { ask, depth: () => Queue.sizeUnsafe(queue) }
})

const gather = <A>(queue: Queue.Queue<A>, first: A, limit: number): ReadonlyArray<A> => {
  const batch = [first]
  while (batch.length < limit) {
    const more = Queue.takeUnsafe(queue)
    if (more === undefined || Exit.isFailure(more)) break
    batch.push(more.value)
  }
  return batch
}

/** Sees a batch through to an answer for everyone in it. Fails only by interruption from outside. */
const settler = <C, R, O>({ forget, run }: Transaction<C, R, O>) => {
  /** After anything went wrong, nothing is remembered and nothing is taken on trust. */
  const attempt = (batch: Batch<C, R, O>): Effect.Effect<void, CommitConflict | StoreUnavailable> => {
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

type Trouble = Cause.Cause<CommitConflict | StoreUnavailable>

const isDown = (cause: Trouble): boolean =>
  Option.exists(Cause.findErrorOption(cause), ({ _tag }) => _tag === "StoreUnavailable")

const refuse = <C, R, O>(batch: Batch<C, R, O>, cause: Trouble): void => {
  // Conflicts without end are weather too: nothing was stored, and asking again is safe.
  const exit = Option.match(Cause.findErrorOption(cause), {
    onNone: () => Exit.die(Cause.squash(cause)),
    onSome: (error) => Exit.fail(error._tag === "StoreUnavailable" ? error : unavailable("commit", error))
  })
  for (const { answer } of batch) Deferred.doneUnsafe(answer, exit)
}
