/**
 * The single writer: a bounded inbox, a batch of what waits, by turns of tenants, one load, a decision each, one commit for all of them.
 *
 * An asker gets its answer only once it is durable, and exactly once. Unavailability of the store is retried for about three seconds, a
 * conflict forgets what was cached and decides again, and a batch that still fails is split into single commands, so that one bad command
 * never fails the others.
 *
 * Every command of the program comes through here, so the loop is plain: requests with callbacks in arrays. There is one fiber, and effects
 * are per batch, never per command.
 */
import type { Envelope } from "@dueline/contracts/Envelope"
import type { TenantId } from "@dueline/contracts/Ids"
import type { Intents } from "@dueline/contracts/Intent"
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
import { tellsDetails } from "@dueline/contracts/telemetry/logModules"
import { Metrics } from "@dueline/contracts/telemetry/Metrics"
import { traceFields } from "@dueline/contracts/telemetry/Tracing"
import { TenantLines } from "@dueline/contracts/TenantShares"
import { Cause, Effect, Exit, Option, Result, Schedule, type Scope, Semaphore } from "effect"
import type { Aggregate, Command, Tagged } from "./Aggregate.ts"
import { type BatchAnswers, type BatchProcessor, makeBatchProcessor } from "./BatchProcessor.ts"
import type { Companions, JoinedAll } from "./companions.ts"
import { type BatchAnswer, type Request, requestOf } from "./decideBatch.ts"
import type { Joined, Joint } from "./joint.ts"
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

/** For so many batches after a command of another tenant came, tenants are taken to ask side by side. */
const sharedFor = 1_024

/** What waits for the writer, by turns of tenants, and the writer's loop that sleeps until there is something. */
class Inbox<A> {
  readonly #lines: TenantLines<A>
  #wake: (() => void) | null = null
  #closed = false
  #lastAsker: TenantId | null = null
  /** Batches for which it counts that several tenants ask. */
  #sharedFor = 0

  /** `limit`: what may wait; of one tenant as much as there is room left. */
  constructor(limit: number) {
    this.#lines = new TenantLines(limit)
  }

  get size(): number {
    return this.#lines.size
  }

  /** False when there is no room for it, or the inbox is closed. Runs the sleeping loop on this very stack. */
  offer(tenantId: TenantId, one: A): boolean {
    if (this.#closed || !this.#lines.push(tenantId, one)) return false
    if (this.#lastAsker !== null && this.#lastAsker !== tenantId) this.#sharedFor = sharedFor
    this.#lastAsker = tenantId
    const wake = this.#wake
    this.#wake = null
    wake?.()
    return true
  }

  /** The next batch: up to `alone` when one tenant asks, up to `shared` when several do. */
  batch(alone: number, shared: number): ReadonlyArray<A> {
    if (this.#sharedFor === 0) return this.take(alone)
    this.#sharedFor -= 1
    return this.take(Math.min(alone, shared))
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
  readonly filled: Effect.Effect<void> = Effect.callback((resume) => {
    if (this.#lines.size > 0) resume(Effect.void)
    else this.#wake = () => resume(Effect.void)
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
/** Nobody hears of it. */
const unstored = Exit.fail(unavailable("join", "stored by itself, or not at all"))

type Accepted<O> = { readonly version: number; readonly replayed: boolean; readonly outcome: O }
type Failure<R> = R | VersionMismatch | IdempotencyKeyReused | Overloaded | StoreUnavailable
type Listener<R, O> = Settle<Accepted<O>, Failure<R>>
/** A command that follows on another in the same commit, and who hears what became of it: null when it was not decided. */
export interface Next<C, R, O> {
  readonly envelope: Envelope<C>
  readonly settle: (exit: Parameters<Listener<R, O>>[0] | null) => void
}

/** A command and who hears what became of it: once, and then nobody. */
interface PendingRequest<C, R, O> extends Request<C> {
  next: Envelope<C> | null
  listener: Listener<R, O> | null
  nextListener: Next<C, R, O>["settle"] | null
}
type Batch<C, R, O> = ReadonlyArray<PendingRequest<C, R, O>>

type Told<R, O> = Parameters<Listener<R, O>>[0]
/** `next`: what became of the command that follows on it, null when that was not decided. */
type Tell<C, R, O> = (one: PendingRequest<C, R, O>, exit: Told<R, O>, next: Told<R, O> | null) => void

/** A listener that throws keeps nobody else from being told. */
const telling =
  <C, R, O>(report: (thrown: unknown) => void): Tell<C, R, O> =>
  (one, exit, next) => {
    const { listener, nextListener } = one
    one.listener = null
    one.nextListener = null
    try {
      listener?.(exit)
    } catch (thrown) {
      report(thrown)
    }
    if (nextListener === null) return
    try {
      nextListener(next)
    } catch (thrown) {
      report(thrown)
    }
  }

const exitOf = <R, O>(result: BatchAnswer<R, O>): Told<R, O> =>
  Result.isSuccess(result) ? Exit.succeed(result.success) : Exit.fail(result.failure)

type Failed = CommitConflict | RuleBroken | StoreUnavailable
type Trouble = Cause.Cause<Failed>

const isDown = (cause: Trouble): boolean =>
  Option.exists(Cause.findErrorOption(cause), ({ _tag }) => _tag === "StoreUnavailable")

/** What all of a batch hear that failed. */
const refusalOf = (cause: Trouble): Exit.Exit<never, StoreUnavailable> => {
  const error = Option.getOrNull(Cause.findErrorOption(cause))
  // Repeated conflicts are retryable too: nothing was stored, and asking again is safe. A rule without a rejection is a defect.
  if (error === null || error._tag === "RuleBroken") return Exit.die(Cause.squash(cause))
  return Exit.fail(error._tag === "StoreUnavailable" ? error : unavailable("commit", error))
}

const answering =
  <C, R, O>(tell: Tell<C, R, O>) =>
  (batch: Batch<C, R, O>, { answers, nextAnswers }: BatchAnswers<R, O>): void => {
    for (let i = 0; i < batch.length; i++) {
      const one = batch[i]
      const result = answers[i]
      if (one === undefined || result === undefined) continue
      const next = nextAnswers[i]
      tell(one, exitOf(result), next === undefined ? null : exitOf(next))
    }
  }

/**
 * Runs a batch to completion: retries unavailability, decides again after a conflict, then splits a failing batch into single commands.
 * Fails only by interruption from outside.
 */
const batchRunner = <C, R, O>({ forget, run }: BatchProcessor<C, R, O>, tell: Tell<C, R, O>) => {
  type Answers = ReturnType<typeof run>
  /** The attempts after the first one, which came to `cause`. The cache is not used any more, and no command is taken to be a first one. */
  const again = (batch: Batch<C, R, O>, cause: Trouble): Answers => {
    let first: Trouble | null = cause
    const attempt = Effect.suspend((): Answers => {
      if (first === null) return run(batch, false)
      const failed = Effect.failCause(first)
      first = null
      return failed
    })
    return attempt.pipe(
      Effect.onError(() => Effect.sync(() => forget(batch))),
      Effect.retry({ while: (error) => error._tag === "CommitConflict", times: conflictAttempts - 1 }),
      Effect.retry({ while: (error) => error._tag === "StoreUnavailable", schedule: retryable })
    )
  }
  const answerAll = answering(tell)
  const answer = (batch: Batch<C, R, O>, answers: BatchAnswers<R, O>) => Effect.sync(() => answerAll(batch, answers))
  const giveUp = (batch: Batch<C, R, O>, cause: Trouble): Effect.Effect<void> => {
    if (batch.length > 1 && !isDown(cause)) return Effect.forEach(batch, (one) => complete([one]), { discard: true })
    const exit = refusalOf(cause)
    return Effect.sync(() => batch.forEach((one) => tell(one, exit, one.next === null ? null : exit)))
  }

  // A store that interrupts itself is a defect of one batch; an interruption from outside ends the writer anyhow.
  const complete = (batch: Batch<C, R, O>): Effect.Effect<void> =>
    Effect.matchCauseEffect(run(batch, true), {
      onSuccess: (answers) => answer(batch, answers),
      onFailure: (cause) =>
        Effect.matchCauseEffect(again(batch, cause), {
          onSuccess: (answers) => answer(batch, answers),
          onFailure: (last) => giveUp(batch, last)
        })
    })
  return complete
}

export interface WriterOptions {
  /** Commands that may wait, and of one tenant as many as there is room left; one more is `Overloaded`. */
  readonly queueLimit: number
  /** Commands in one transaction at the most. */
  readonly batchLimit: number
  /** The same while several tenants ask: a command waits for the transaction that is under way, whoever's commands are in it. */
  readonly sharedBatchLimit: number
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
  sharedBatchLimit: 64,
  cacheLimit: 10_000,
  receiptTtlMs: 7 * 86_400_000,
  snapshotEvery
}

export interface Writer<C, R, O> {
  /** As that of the Orchestrator port. `joint`: what is to be stored in the same commit. */
  readonly offer: (envelope: Envelope<C>, settle: Listener<R, O>, joint?: Joint) => void
  /** Decides a command that begins a stream, to be stored in a commit of another kind; null when it has to be offered by itself. */
  readonly join: (envelope: Envelope<C>) => Joined | null
  /**
   * Decides commands about streams that may be there, to be stored in a commit of another kind by `use`, until whose end nothing else is decided
   * here. `accepts`: whether that may be, by the answer to the command of this number.
   */
  readonly joinAll: <A, E>(
    envelopes: ReadonlyArray<Envelope<C>>,
    accepts: (index: number, outcome: O) => boolean,
    use: (joined: JoinedAll) => Effect.Effect<A, E>
  ) => Effect.Effect<A, E | StoreUnavailable>
  /** Commands waiting right now. */
  readonly depth: () => number
}

/**
 * `nextOf`: asked for each command when it is about to be decided whether another follows on it. `companions`: what is stored with commands of this
 * kind, which then have no other `next`.
 */
export const makeWriter = Effect.fnUntraced(function* <C extends Command, S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>,
  options: WriterOptions,
  nextOf: ((envelope: Envelope<C>) => Next<C, R, O> | null) | null = null,
  companions: Companions<C> | null = null
): Effect.fn.Return<Writer<C, R, O>, never, Persistence | Intents | Scope.Scope> {
  const { streamOf } = aggregate
  const inbox = new Inbox<PendingRequest<C, R, O>>(options.queueLimit)
  const { writerQueue, writerRefusals } = yield* Metrics
  writerQueue.of(aggregate.category).read = () => inbox.size
  const refusals = writerRefusals.of(aggregate.category)
  const context = yield* Effect.context<never>()
  const log = Effect.runForkWith(context)
  const isDetailed = tellsDetails(context)
  const tell = telling<C, R, O>((thrown) => log(Effect.logError("an asker fails on its answer", Cause.die(thrown))))
  const processor = yield* makeBatchProcessor(aggregate, options, companions)
  const turn = yield* Semaphore.make(1)
  const complete = batchRunner(processor, tell)
  let inHand: Batch<C, R, O> = []
  const tellDetails = ({ command, correlationId, tenantId, traceparent }: Envelope<C>, exit: Told<R, O>): void => {
    const name = aggregate.category === "service-call" ? "serviceCallId" : "streamId"
    const about = { tenantId, [name]: streamOf(command), correlationId, ...traceFields(traceparent) }
    const refused = Exit.isFailure(exit) ? exit.cause.reasons.find(Cause.isFailReason) : undefined
    const outcome = Exit.isSuccess(exit) ? "accepted" : ((refused?.error as Tagged | undefined)?._tag ?? "defect")
    log(Effect.logDebug("command decided", { ...about, command: command._tag, outcome }))
  }
  const followUp = (batch: Batch<C, R, O>, nextOf: (envelope: Envelope<C>) => Next<C, R, O> | null): void => {
    for (const one of batch) {
      const next = nextOf(one.envelope)
      if (next === null) continue
      const { envelope, settle } = next
      one.next = envelope
      one.nextListener = isDetailed
        ? (exit) => {
            if (exit !== null) tellDetails(envelope, exit)
            settle(exit)
          }
        : settle
    }
  }
  const loop = Effect.gen(function* () {
    while (true) {
      yield* inbox.filled
      // One turn of the event loop, so that requests which are about to come join the batch.
      yield* Effect.yieldNow
      inHand = inbox.batch(options.batchLimit, options.sharedBatchLimit)
      if (nextOf !== null) followUp(inHand, nextOf)
      if (!aggregate.ruled) yield* turn.withPermit(complete(inHand))
      else for (const part of inParts(inHand)) yield* turn.withPermit(complete(part))
    }
  })
  /** Requests that still wait when the writer ends are refused: an answer that never comes is the worst one. */
  const stop = Effect.sync(() => {
    const exit = Exit.fail(unavailable("ask", new Error("the writer has stopped")))
    for (const one of [...inHand, ...inbox.close()]) tell(one, exit, one.next === null ? null : exit)
  })
  yield* Effect.forkScoped(Effect.ensuring(loop, stop), { startImmediately: true })

  const asked = (envelope: Envelope<C>, told: Listener<R, O>, joint: Joint | null): PendingRequest<C, R, O> => {
    const listener: Listener<R, O> = isDetailed
      ? (exit) => {
          tellDetails(envelope, exit)
          told(exit)
        }
      : told
    return { ...requestOf(streamOf, envelope), listener, next: null, nextListener: null, joint }
  }
  const offer: Writer<C, R, O>["offer"] = (envelope, told, joint) => {
    const request = asked(envelope, told, joint ?? null)
    const taken = inbox.offer(envelope.tenantId, request)
    if (taken) return
    refusals.add()
    request.listener?.(Exit.fail(new Overloaded({ queueLimit: options.queueLimit })))
  }
  const answer = answering(tell)
  const join: Writer<C, R, O>["join"] = (envelope) => {
    const one = asked(envelope, () => undefined, null)
    if (nextOf !== null) followUp([one], nextOf)
    const drop: Joined["dropped"] = (unsure) => {
      one.listener = null
      tell(one, unsure ?? unstored, one.next === null ? null : unsure)
    }
    const joined = processor.join([one])
    if (joined !== null) return { ...joined, stored: () => answer([one], joined.stored()), dropped: drop }
    drop(null)
    return null
  }
  const joinAll: Writer<C, R, O>["joinAll"] = (envelopes, accepts, use) => {
    const batch = envelopes.map((envelope) => asked(envelope, () => undefined, null))
    const joining = Effect.flatMap(processor.joinAll(batch, accepts), ({ commits, dropped, stored, taken }) => {
      const decided = batch.filter((_, i) => taken[i] === true)
      return use({ taken, commits, stored: () => answer(decided, stored()), dropped })
    })
    return turn.withPermit(joining)
  }
  return { offer, join, joinAll, depth: () => inbox.size }
})
