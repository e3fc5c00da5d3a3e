/**
 * The single writer: a bounded queue, a batch of all that waits, one load, a decision each, one commit for all of them.
 *
 * An asker gets its answer only once it is durable. A conflict forgets what was remembered and decides again; whatever still fails
 * together is tried alone, so that one bad command never sinks its neighbours.
 */
import type { Envelope } from "@dueline/contracts/Envelope"
import { Intents } from "@dueline/contracts/Intents"
import type { EpochMillis } from "@dueline/contracts/Ids"
import { Overloaded } from "@dueline/contracts/ports/Orchestrator"
import type { IdempotencyKeyReused, VersionMismatch } from "@dueline/contracts/ports/Orchestrator"
import { type CommitConflict, type LoadRequest, Persistence, type Receipt, StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { Cause, Deferred, Effect, Exit, Queue, Result, Schedule, type Scope } from "effect"
import type { Aggregate, Tagged } from "./Aggregate.ts"
import { decideBatch, receiptKey } from "./decideBatch.ts"
import { restorer } from "./restore.ts"
import { type Remembered, StreamCache, streamKey } from "./StreamCache.ts"

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

/** Attachments longer than this many characters are not kept in memory between batches. */
const rememberedSealedLimit = 16_384
const conflictAttempts = 3
/** A store that answers again within about three seconds is weather; after that the asker hears of it. */
const weather = Schedule.exponential("50 millis").pipe(Schedule.jittered, Schedule.upTo({ times: 6 }))

const unavailable = (operation: string, cause: unknown) => new StoreUnavailable({ operation, cause })

type Accepted<O> = { readonly version: number; readonly replayed: boolean; readonly outcome: O }
type Failure<R> = R | VersionMismatch | IdempotencyKeyReused | Overloaded | StoreUnavailable
interface Item<C, R, O> {
  readonly envelope: Envelope<C>
  readonly answer: Deferred.Deferred<Accepted<O>, Failure<R>>
}

export interface Writer<C, R, O> {
  readonly ask: (envelope: Envelope<C>) => Effect.Effect<Accepted<O>, Failure<R>>
  /** Commands waiting right now. */
  readonly depth: () => number
}

export const makeWriter = Effect.fnUntraced(function*<
  C extends Tagged & { readonly at: EpochMillis },
  S,
  E extends Tagged,
  R,
  O
>(
  aggregate: Aggregate<C, S, E, R, O>,
  options: WriterOptions
): Effect.fn.Return<Writer<C, R, O>, never, Persistence | Intents | Scope.Scope> {
  type Work = Item<C, R, O>
  const store = yield* Persistence
  const intents = yield* Intents
  const queue = yield* Queue.dropping<Work>(options.queueLimit)
  const cache = new StreamCache<S>(options.cacheLimit, rememberedSealedLimit)
  const restore = restorer(aggregate)
  const keyOf = ({ envelope }: Work) => streamKey(envelope.tenantId, aggregate.streamOf(envelope.command))

  /** What a batch needs and is not remembered: streams to read, receipts to look up. One request per stream or receipt. */
  const loadsFor = (batch: ReadonlyArray<Work>, trusting: boolean) => {
    const requests: Array<LoadRequest> = []
    const asked = new Set<string>()
    for (const item of batch) {
      const { command, idempotency, tenantId } = item.envelope
      const key = keyOf(item)
      // A command that opens a stream under a fresh random id is decided on an empty one; were it not empty, the commit would say so.
      const fresh = trusting && idempotency === null && aggregate.opens(command)
      const wantEvents = !fresh && !asked.has(key) && cache.get(key) === undefined
      if (wantEvents) asked.add(key)
      if (!wantEvents && idempotency === null) continue
      const receipt = idempotency?.key ?? null
      requests.push({ tenantId, streamId: aggregate.streamOf(command), receiptKey: receipt, wantEvents })
    }
    return requests
  }

  const load = Effect.fnUntraced(function*(batch: ReadonlyArray<Work>, trusting: boolean) {
    const streams = new Map<string, Remembered<S>>()
    const remembered = new Set<string>()
    const receipts = new Map<string, Receipt>()
    for (const item of batch) {
      const entry = cache.get(keyOf(item))
      if (entry === undefined) continue
      streams.set(keyOf(item), entry)
      remembered.add(keyOf(item))
    }
    const requests = loadsFor(batch, trusting)
    if (requests.length === 0) return { streams, receipts, remembered }
    const slices = yield* store.load(requests)
    slices.forEach((slice, i) => {
      const request = requests[i]
      if (request === undefined) return
      if (request.wantEvents) streams.set(streamKey(request.tenantId, request.streamId), restore(slice))
      if (slice.receipt !== null) receipts.set(receiptKey(request.tenantId, slice.receipt.key), slice.receipt)
    })
    return { streams, receipts, remembered }
  })

  const forget = (batch: ReadonlyArray<Work>) => {
    for (const item of batch) cache.forget(keyOf(item))
  }

  /** An answer that stores nothing is checked by no commit: it must rest on what the store holds, not on what is remembered. */
  const decide = Effect.fnUntraced(function*(batch: ReadonlyArray<Work>, trusting: boolean) {
    while (true) {
      const loaded = yield* load(batch, trusting)
      const decided = decideBatch(aggregate, batch.map(({ envelope }) => envelope), loaded, options.receiptTtlMs)
      const fenced = new Set(decided.commits.map(({ streamId, tenantId }) => streamKey(tenantId, streamId)))
      const unproven = batch.filter((item, i) => {
        const answer = decided.answers[i]
        const replayed = answer !== undefined && Result.isSuccess(answer) && answer.success.replayed
        return loaded.remembered.has(keyOf(item)) && !fenced.has(keyOf(item)) && !replayed
      })
      if (unproven.length === 0) return decided
      forget(unproven)
    }
  })

  const transact = Effect.fnUntraced(function*(batch: ReadonlyArray<Work>, trusting: boolean) {
    const decided = yield* decide(batch, trusting)
    if (decided.commits.length > 0) yield* store.commit(decided.commits)
    for (const [key, entry] of decided.after) {
      if (aggregate.ended(entry.state) || entry.version === 0) cache.forget(key)
      else cache.set(key, entry)
    }
    const wanted = decided.commits.some(({ outbox }) => outbox.length > 0)
      ? [...decided.intents, { _tag: "OutboxFilled" as const }]
      : decided.intents
    if (wanted.length > 0) intents.publish(wanted)
    batch.forEach(({ answer }, i) => {
      const result = decided.answers[i]
      if (result === undefined) return
      Deferred.doneUnsafe(answer, Result.isSuccess(result) ? Exit.succeed(result.success) : Exit.fail(result.failure))
    })
  })

  /** After anything went wrong, nothing is remembered and nothing is taken on trust. */
  const settle = (batch: ReadonlyArray<Work>): Effect.Effect<void, CommitConflict | StoreUnavailable> => {
    let trusting = true
    return Effect.suspend(() => transact(batch, trusting)).pipe(
      Effect.onError(() =>
        Effect.sync(() => {
          trusting = false
          forget(batch)
        })
      ),
      Effect.retry({ while: (error) => error._tag === "CommitConflict", times: conflictAttempts - 1 }),
      Effect.retry({ while: (error) => error._tag === "StoreUnavailable", schedule: weather })
    )
  }

  const process = (batch: ReadonlyArray<Work>): Effect.Effect<void> =>
    Effect.exit(settle(batch)).pipe(Effect.flatMap((exit) => {
      if (Exit.isSuccess(exit)) return Effect.void
      // A store that interrupts itself is a defect of one batch; only the end of the scope ends the writer.
      if (stopping && Cause.hasInterrupts(exit.cause)) return Effect.interrupt
      const failure = Cause.findErrorOption(exit.cause)
      const down = failure._tag === "Some" && failure.value._tag === "StoreUnavailable"
      if (batch.length > 1 && !down) {
        return Effect.forEach(batch, (item) => process([item]), { discard: true })
      }
      return Effect.sync(() => fail(batch, exit.cause))
    }))

  const fail = (batch: ReadonlyArray<Work>, cause: Cause.Cause<CommitConflict | StoreUnavailable>) => {
    const error = Cause.findErrorOption(cause)
    // Conflicts without end are weather too: nothing was stored, and asking again is safe.
    const exit = error._tag === "None"
      ? Exit.die(Cause.squash(cause))
      : Exit.fail(error.value._tag === "StoreUnavailable" ? error.value : unavailable("commit", error.value))
    for (const { answer } of batch) Deferred.doneUnsafe(answer, exit)
  }

  let stopping = false
  let inHand: ReadonlyArray<Work> = []
  const loop = Effect.gen(function*() {
    while (true) {
      const first = yield* Queue.take(queue)
      const batch: Array<Work> = [first]
      inHand = batch
      // One turn of the event loop lets everyone who is about to ask join the batch.
      yield* Effect.yieldNow
      while (batch.length < options.batchLimit) {
        const more = Queue.takeUnsafe(queue)
        if (more === undefined || Exit.isFailure(more)) break
        batch.push(more.value)
      }
      yield* process(batch)
    }
  })
  /** Whoever still waits when the writer ends is told so: an answer that never comes is the worst one. */
  const stop = Effect.sync(() => {
    const exit = Exit.fail(unavailable("ask", new Error("the writer has stopped")))
    for (const { answer } of inHand) Deferred.doneUnsafe(answer, exit)
    for (let next = Queue.takeUnsafe(queue); next !== undefined && Exit.isSuccess(next); next = Queue.takeUnsafe(queue)) {
      Deferred.doneUnsafe(next.value.answer, exit)
    }
    Queue.shutdownUnsafe(queue)
  })
  yield* Effect.forkScoped(Effect.ensuring(loop, stop), { startImmediately: true })
  yield* Effect.addFinalizer(() => Effect.sync(() => (stopping = true)))

  const ask = (envelope: Envelope<C>) =>
    Effect.suspend(() => {
      const answer = Deferred.makeUnsafe<Accepted<O>, Failure<R>>()
      return Queue.offerUnsafe(queue, { envelope, answer })
        ? Deferred.await(answer)
        : Effect.fail(new Overloaded({ queueLimit: options.queueLimit }))
    })
  return { ask, depth: () => Queue.sizeUnsafe(queue) }
})
