/**
 * The single writer: a bounded inbox, a batch of what waits, by turns of tenants, one load, a decision each, one commit for all of them.
 *
 * An asker gets its answer only once it is durable. Unavailability of the store is retried for about three seconds, a conflict forgets what
 * was cached and decides again, and a batch that still fails is split into single commands, so that one bad command never fails the others.
 */
import type { Envelope } from "@dueline/contracts/Envelope"
import type { TenantId } from "@dueline/contracts/Ids"
import type { Intents } from "@dueline/contracts/Intents"
import {
  type IdempotencyKeyReused,
  Overloaded,
  type Settle,
  type VersionMismatch
} from "@dueline/contracts/ports/Orchestrator"
import {
  type CommitConflict,
  type Persistence,
  type RuleBroken,
  StoreUnavailable
} from "@dueline/contracts/ports/Persistence"
import { TenantLines } from "@dueline/contracts/TenantLines"
import { Cause, Deferred, Effect, Exit, Option, Result, Schedule, type Scope } from "effect"
import type { Aggregate, Command, Tagged } from "./Aggregate.ts"
import { type BatchProcessor, makeBatchProcessor, type Request } from "./BatchProcessor.ts"
import { type BatchAnswer, streamKey } from "./decideBatch.ts"
import { snapshotEvery } from "./storedForms.ts"

/** The batch in parts, in its order, in none of which a stream comes twice. */
const inParts = <A extends { readonly key: string }>(batch: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> => {
  const parts: Array<ReadonlyArray<A>> = []
  let part: Array<A> = []
  let keys = new Set<string>()
  for (const one of batch) {
    if (keys.has(one.key)) {
      parts.push(part)
      part = []
      keys = new Set()
    }
    part.push(one)
    keys.add(one.key)
  }
  return [...parts, part]
}

/** What waits for the writer, by turns of tenants, and the writer's loop that sleeps until there is something. */
class Inbox<A> {
  readonly #lines: TenantLines<A>
  #sleeper: Deferred.Deferred<void> | null = null
  #closed = false

  /** `limit`: what may wait; of one tenant as much as there is room left. */
  constructor(limit: number) {
    this.#lines = new TenantLines(limit)
  }

  get size(): number {
    return this.#lines.size
  }

  /** False when there is no room for it, or the inbox is closed. Runs the waiting fiber on this very stack. */
  offer(tenantId: TenantId, one: A): boolean {
    if (this.#closed || !this.#lines.push(tenantId, one)) return false
    const sleeper = this.#sleeper
    this.#sleeper = null
    if (sleeper !== null) Deferred.doneUnsafe(sleeper, Effect.void)
    return true
  }

  /** Removes and answers up to `limit`, by turns of tenants; of each in the order they came. */
  take(limit: number): ReadonlyArray<A> {
    const taken: Array<A> = []
    while (taken.length < limit) {
      const one = this.#lines.shift()
      if (one === undefined) break
      taken.push(one)
    }
    return taken
  }

  /** Done when something waits. One sleeper at a time. */
  readonly filled: Effect.Effect<void> = Effect.suspend(() => {
    if (this.#lines.size > 0) return Effect.void
    const sleeper = Deferred.makeUnsafe<void>()
    this.#sleeper = sleeper
    return Deferred.await(sleeper)
  })

  /** Takes nothing more; answers what still waits. */
  close(): ReadonlyArray<A> {
    this.#closed = true
    return this.take(Number.POSITIVE_INFINITY)
  }
}

const conflictAttempts = 3
/** An unavailable store is retried for about three seconds; after that the asker is refused. */
const retryable = Schedule.exponential("50 millis").pipe(Schedule.jittered, Schedule.upTo({ times: 6 }))

const unavailable = (operation: string, cause: unknown) => new StoreUnavailable({ operation, cause })

type Accepted<O> = { readonly version: number; readonly replayed: boolean; readonly outcome: O }
type Failure<R> = R | VersionMismatch | IdempotencyKeyReused | Overloaded | StoreUnavailable
/** A command and who hears what became of it: once, and then nobody. */
interface PendingRequest<C, R, O> extends Request<C> {
  listener: Settle<Accepted<O>, Failure<R>> | null
}
type Batch<C, R, O> = ReadonlyArray<PendingRequest<C, R, O>>

/**
 * Runs a batch to completion: retries unavailability, decides again after a conflict, then splits a failing batch into single commands.
 * Fails only by interruption from outside.
 */
const batchRunner = <C, R, O>({ forget, run }: BatchProcessor<C, R, O>) => {
  /** After any failure the cache is not used and no command is taken to be a first one. */
  const runOnce = (batch: Batch<C, R, O>): Effect.Effect<void, Failed> => {
    let trusting = true
    const distrust = Effect.sync(() => {
      trusting = false
      forget(batch)
    })
    return Effect.suspend(() => run(batch, trusting)).pipe(
      Effect.onError(() => distrust),
      Effect.retry({ while: (error) => error._tag === "CommitConflict", times: conflictAttempts - 1 }),
      Effect.retry({ while: (error) => error._tag === "StoreUnavailable", schedule: retryable }),
      Effect.map((answers) => answer(batch, answers))
    )
  }
  const complete = (batch: Batch<C, R, O>): Effect.Effect<void> =>
    // A store that interrupts itself is a defect of one batch; an interruption from outside ends the writer anyhow.
    Effect.matchCauseEffect(runOnce(batch), {
      onSuccess: () => Effect.void,
      onFailure: (cause) =>
        batch.length > 1 && !isDown(cause)
          ? Effect.forEach(batch, (one) => complete([one]), { discard: true })
          : Effect.sync(() => refuse(batch, cause))
    })
  return complete
}

const answer = <C, R, O>(batch: Batch<C, R, O>, answers: ReadonlyArray<BatchAnswer<R, O>>): void => {
  batch.forEach((one, i) => {
    const result = answers[i]
    if (result === undefined) return
    settle(one, Result.isSuccess(result) ? Exit.succeed(result.success) : Exit.fail(result.failure))
  })
}

const settle = <C, R, O>(one: PendingRequest<C, R, O>, exit: Exit.Exit<Accepted<O>, Failure<R>>): void => {
  const { listener } = one
  one.listener = null
  listener?.(exit)
}

type Failed = CommitConflict | RuleBroken | StoreUnavailable
type Trouble = Cause.Cause<Failed>

const isDown = (cause: Trouble): boolean =>
  Option.exists(Cause.findErrorOption(cause), ({ _tag }) => _tag === "StoreUnavailable")

const refuse = <C, R, O>(batch: Batch<C, R, O>, cause: Trouble): void => {
  const error = Option.getOrNull(Cause.findErrorOption(cause))
  // Repeated conflicts are retryable too: nothing was stored, and asking again is safe. A rule without a rejection is a defect.
  const exit =
    error === null || error._tag === "RuleBroken"
      ? Exit.die(Cause.squash(cause))
      : Exit.fail(error._tag === "StoreUnavailable" ? error : unavailable("commit", error))
  for (const one of batch) settle(one, exit)
}

export interface WriterOptions {
  /** Commands that may wait, and of one tenant as many as there is room left; one more is `Overloaded`. */
  readonly queueLimit: number
  /** Commands in one transaction at the most. */
  readonly batchLimit: number
  /** Streams cached between batches. */
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
  /** As that of the Orchestrator port. */
  readonly offer: (envelope: Envelope<C>, settle: Settle<Accepted<O>, Failure<R>>) => void
  /** Commands waiting right now. */
  readonly depth: () => number
}

export const makeWriter = Effect.fnUntraced(function* <C extends Command, S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>,
  options: WriterOptions
): Effect.fn.Return<Writer<C, R, O>, never, Persistence | Intents | Scope.Scope> {
  const inbox = new Inbox<PendingRequest<C, R, O>>(options.queueLimit)
  const complete = batchRunner(yield* makeBatchProcessor(aggregate, options))
  let inHand: Batch<C, R, O> = []
  const loop = Effect.gen(function* () {
    while (true) {
      yield* inbox.filled
      // One turn of the event loop, so that requests which are about to come join the batch.
      yield* Effect.yieldNow
      inHand = inbox.take(options.batchLimit)
      for (const part of aggregate.ruled ? inParts(inHand) : [inHand]) yield* complete(part)
    }
  })
  /** Requests that still wait when the writer ends are refused: an answer that never comes is the worst one. */
  const stop = Effect.sync(() => {
    const exit = Exit.fail(unavailable("ask", new Error("the writer has stopped")))
    for (const one of [...inHand, ...inbox.close()]) settle(one, exit)
  })
  yield* Effect.forkScoped(Effect.ensuring(loop, stop), { startImmediately: true })

  const offer: Writer<C, R, O>["offer"] = (envelope, settle) => {
    const streamId = aggregate.streamOf(envelope.command)
    const key = streamKey(envelope.tenantId, streamId)
    const taken = inbox.offer(envelope.tenantId, { envelope, streamId, key, listener: settle })
    if (!taken) settle(Exit.fail(new Overloaded({ queueLimit: options.queueLimit })))
  }
  return { offer, depth: () => inbox.size }
})
