/**
 * The single writer: a bounded queue, a batch of all that waits, one load, a decision each, one commit for all of them.
 *
 * An asker gets its answer only once it is durable. A conflict forgets what was remembered and decides again; whatever still fails
 * together is tried alone, so that one bad command never sinks its neighbours.
 */
import type { Envelope } from "@dueline/contracts/Envelope"
import type { Intents } from "@dueline/contracts/Intents"
import { Overloaded } from "@dueline/contracts/ports/Orchestrator"
import type { Persistence } from "@dueline/contracts/ports/Persistence"
import { Deferred, Effect, Exit, Queue, type Scope } from "effect"
import type { Aggregate, Command, Tagged } from "./Aggregate.ts"
import { gather, inParts } from "./gather.ts"
import { type Accepted, type Batch, type Failure, settler, unavailable, type Work } from "./settler.ts"
import { snapshotEvery } from "./snapshot.ts"
import { streamKey } from "./StreamCache.ts"
import { makeTransaction } from "./Transaction.ts"

export interface WriterOptions {
  /** Commands that may wait; one more is `Overloaded`. */
  readonly queueLimit: number
  /** Commands in one transaction at the most. */
  readonly batchLimit: number
  /** Streams remembered between batches. */
  readonly cacheLimit: number
  /** How long a receipt is kept, in milliseconds. */
  readonly receiptTtlMs: number
  /** Versions from one snapshot of a stream to the next. */
  readonly snapshotEvery: number
}

export const defaultWriterOptions: WriterOptions = {
  queueLimit: 8_192,
  batchLimit: 256,
  cacheLimit: 10_000,
  receiptTtlMs: 7 * 86_400_000,
  snapshotEvery
}

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
      for (const part of aggregate.ruled ? inParts(inHand) : [inHand]) yield* settle(part)
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
