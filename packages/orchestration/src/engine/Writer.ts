/**
 * The single writer: a bounded inbox, a batch of what waits, by turns of tenants, one load, a decision each, one commit for all of them.
 *
 * An asker gets its answer only once it is durable. A conflict forgets what was remembered and decides again; whatever still fails
 * together is tried alone, so that one bad command never sinks its neighbours.
 */
import type { Envelope } from "@dueline/contracts/Envelope"
import type { Intents } from "@dueline/contracts/Intents"
import { Overloaded } from "@dueline/contracts/ports/Orchestrator"
import type { Persistence } from "@dueline/contracts/ports/Persistence"
import { Deferred, Effect, Exit, type Scope } from "effect"
import type { Aggregate, Command, Tagged } from "./Aggregate.ts"
import { inParts } from "./inParts.ts"
import { Inbox } from "./Inbox.ts"
import { type Accepted, type Batch, type Failure, settler, unavailable, type Work } from "./settler.ts"
import { snapshotEvery } from "./snapshot.ts"
import { streamKey } from "./StreamCache.ts"
import { makeTransaction } from "./Transaction.ts"

export interface WriterOptions {
  /** Commands that may wait, and of one tenant as many as there is room left; one more is `Overloaded`. */
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
  queueLimit: 16_384,
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
  const inbox = new Inbox<Work<C, R, O>>(options.queueLimit)
  const settle = settler(yield* makeTransaction(aggregate, options))
  let inHand: Batch<C, R, O> = []
  const loop = Effect.gen(function* () {
    while (true) {
      yield* inbox.filled
      // One turn of the event loop lets everyone who is about to ask join the batch.
      yield* Effect.yieldNow
      inHand = inbox.take(options.batchLimit)
      for (const part of aggregate.ruled ? inParts(inHand) : [inHand]) yield* settle(part)
    }
  })
  /** Whoever still waits when the writer ends is told so: an answer that never comes is the worst one. */
  const stop = Effect.sync(() => {
    const exit = Exit.fail(unavailable("ask", new Error("the writer has stopped")))
    for (const { answer } of [...inHand, ...inbox.close()]) Deferred.doneUnsafe(answer, exit)
  })
  yield* Effect.forkScoped(Effect.ensuring(loop, stop), { startImmediately: true })

  const ask = (envelope: Envelope<C>) =>
    Effect.suspend(() => {
      const answer = Deferred.makeUnsafe<Accepted<O>, Failure<R>>()
      const streamId = aggregate.streamOf(envelope.command)
      const key = streamKey(envelope.tenantId, streamId)
      return inbox.offer(envelope.tenantId, { envelope, streamId, key, answer })
        ? Deferred.await(answer)
        : Effect.fail(new Overloaded({ queueLimit: options.queueLimit }))
    })
  return { ask, depth: () => inbox.size }
})
