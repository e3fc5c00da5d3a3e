/**
 * One batch through the store: load what is not cached, decide, commit, cache the outcome, and publish what must happen now. Most commands
 * are decided without a query, on the cached state of their stream; the version that the commit expects is the fence. Nothing here is an
 * effect for each command: a batch is one question to the store, or two.
 */
import { CallNotices } from "@dueline/contracts/CallNotices"
import type { ServiceCallId } from "@dueline/contracts/Ids"
import { Intents } from "@dueline/contracts/Intent"
import {
  type Commit,
  type CommitConflict,
  type LoadRequest,
  Persistence,
  type Receipt,
  type RuleBroken,
  type Slice,
  type StoreUnavailable
} from "@dueline/contracts/ports/Persistence"
import { Recent } from "@dueline/contracts/Recent"
import { Metrics } from "@dueline/contracts/telemetry/Metrics"
import { Cause, Clock, Effect, Option, Result } from "effect"
import type { Aggregate, Command, Tagged } from "./Aggregate.ts"
import { decideBatch, type Decided, type Loaded, receiptKey, type Request, streamKey } from "./decideBatch.ts"
import { countCommits } from "./countCommits.ts"
import { type Companions, companionsIn, followedBy, type JoinedAll, togetherWith } from "./companions.ts"
import { joinedWith, type Together } from "./joinedWith.ts"
import { type CachedStream, restorer, snapshotCodec } from "./storedForms.ts"

/**
 * Bounded by entries and, since an attachment may be large, by its length in characters. The oldest half goes first. Being wrong is
 * harmless: the expected version in the store is the fence, and a conflict forgets the entry.
 */
export class StreamCache<S, E> {
  private readonly entries: Recent<string, CachedStream<S, E>>
  private readonly entryLimit: number
  private readonly sealedLimit: number

  constructor(entryLimit: number, sealedLimit: number) {
    this.entries = new Recent(entryLimit / 2)
    this.entryLimit = entryLimit
    this.sealedLimit = sealedLimit
  }

  get(key: string): CachedStream<S, E> | undefined {
    return this.entries.get(key)
  }

  set(key: string, entry: CachedStream<S, E>): void {
    const isTooLong = entry.sealed !== null && entry.sealed.length > this.sealedLimit
    if (this.entryLimit === 0 || isTooLong) this.forget(key)
    else this.entries.set(key, entry)
  }

  forget(key: string): void {
    this.entries.delete(key)
  }

  get size(): number {
    return this.entries.size
  }
}

/** What became of a batch, each in the order of its commands. */
export type BatchAnswers<R, O> = Pick<Decided<unknown, unknown, unknown, R, O>, "answers" | "nextAnswers">

/** What may be stored in a commit of another kind. `taken`: which commands those are. */
export interface PartOfBatch<R, O> {
  readonly taken: ReadonlyArray<boolean>
  readonly commits: ReadonlyArray<Commit>
  /** They are durable. Answers in the order of those that are taken. */
  readonly stored: () => BatchAnswers<R, O>
  /** It is not known whether they are. */
  readonly dropped: () => void
}

export interface BatchProcessor<C, R, O> {
  /**
   * Answers in the order of the commands, once everything is durable. `trusting`: what is cached may be used, and a command that
   * opens a stream which is not cached is taken to be the first of its kind. If it is not, the commit conflicts with the stream or
   * with the receipt, nothing is stored, and the batch is run again without trust: the receipt then answers.
   */
  readonly run: (
    batch: ReadonlyArray<Request<C>>,
    trusting: boolean
  ) => Effect.Effect<BatchAnswers<R, O>, CommitConflict | RuleBroken | StoreUnavailable>
  /**
   * Decides commands that each begin a stream, to be stored in a commit of another kind; null when one of them is refused or begins none. `stored`:
   * they are durable.
   */
  readonly join: (
    batch: ReadonlyArray<Request<C>>
  ) => { readonly commits: ReadonlyArray<Commit>; readonly stored: () => BatchAnswers<R, O> } | null
  /**
   * Decides commands about streams that may be there, to be stored in a commit of another kind. `accepts`: whether that may be, by the answer to
   * the command of this number; a stream that one is refused about is left out. Nothing else may be decided until it is known what became of it.
   */
  readonly joinAll: (
    batch: ReadonlyArray<Request<C>>,
    accepts: (index: number, outcome: O) => boolean
  ) => Effect.Effect<PartOfBatch<R, O>, StoreUnavailable>
  /** Removes these streams from the cache. */
  readonly forget: (batch: ReadonlyArray<Request<C>>) => void
}

/** After a failed commit, perhaps because a command was no first one, so many batches look up receipts before they decide. */
const cautionBatches = 64

/** Attachments longer than this many characters are not kept in memory between batches. */
const cachedSealedLimit = 16_384

const none: ReadonlyMap<string, never> = new Map<string, never>()

export const makeBatchProcessor = Effect.fnUntraced(function* <C extends Command, S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>,
  options: { readonly cacheLimit: number; readonly receiptTtlMs: number; readonly snapshotEvery: number },
  companions: Companions<C> | null = null
): Effect.fn.Return<BatchProcessor<C, R, O>, never, Persistence | Intents> {
  type Batch = ReadonlyArray<Request<C>>
  type Answers = ReturnType<BatchProcessor<C, R, O>["run"]>
  const store = yield* Persistence
  const intents = yield* Intents
  const cache = new StreamCache<S, E>(options.cacheLimit, cachedSealedLimit)
  const snapshots = snapshotCodec(aggregate, options.snapshotEvery)
  const restore = restorer(aggregate, snapshots)
  const { count, measured } = countCommits(yield* Metrics, yield* Clock.Clock, aggregate.category)
  const notices = aggregate.category === "service-call" ? yield* CallNotices : null
  let caution = 0
  const forget = (batch: Batch) => {
    for (const { key } of batch) cache.forget(key)
  }

  /**
   * What is cached of the batch's streams, and what must be asked of the store. `hopeful`: lately every command with a key that opened a
   * stream was the first under its key. One with companions has an id that follows from what was sent, as if that were its key.
   */
  const lookUp = (batch: Batch, trusting: boolean, hopeful: boolean) => {
    const cached: Array<CachedStream<S, E> | undefined> = []
    const requests: Array<LoadRequest> = []
    let wanted: Set<string> | null = null
    for (const { envelope, key, receiptKey: id, streamId } of batch) {
      const entry = cache.get(key)
      cached.push(entry)
      const isFirst = hopeful || (id === null && companions === null)
      if (entry === undefined && trusting && isFirst && aggregate.opens(envelope.command)) continue
      const wantEvents = entry === undefined && wanted?.has(key) !== true
      if (wantEvents) (wanted ??= new Set()).add(key)
      if (!wantEvents && id === null) continue
      const { idempotency, tenantId } = envelope
      const wantedReceipt = idempotency?.key ?? null
      requests.push({ tenantId, streamId, receiptKey: wantedReceipt, wantEvents, snapshotForm: snapshots.form })
    }
    return { cached, requests }
  }

  const read = (requests: ReadonlyArray<LoadRequest>, slices: ReadonlyArray<Slice>) => {
    const streams = new Map<string, CachedStream<S, E>>()
    const receipts = new Map<string, Receipt>()
    slices.forEach((slice, i) => {
      const request = requests[i]
      if (request === undefined) return
      const { streamId, tenantId, wantEvents } = request
      if (wantEvents) streams.set(streamKey(tenantId, streamId), restore(slice))
      if (slice.receipt !== null) receipts.set(receiptKey(tenantId, slice.receipt.key), slice.receipt)
    })
    return { streams, receipts }
  }

  const done = (decided: Decided<C, S, E, R, O>): BatchAnswers<R, O> => {
    const { commits, intents: wanted, streams } = decided
    for (const [key, { current }] of streams) {
      if (aggregate.ended(current.state) || current.version === 0) cache.forget(key)
      else cache.set(key, current)
    }
    if (commits.some(({ outbox }) => outbox.length > 0)) wanted.push({ _tag: "OutboxFilled" })
    if (wanted.length > 0) intents.publish(wanted)
    if (notices !== null)
      for (const { streamId, tenantId } of commits) notices.changed(tenantId, streamId as string as ServiceCallId)
    return decided
  }

  /** Of several commands it is not known which one broke a rule: each is tried alone then, and its rejection is the answer. */
  const rejectionOf = (rule: RuleBroken["rule"], batch: Batch, { streams }: Decided<C, S, E, R, O>): R | null => {
    const [asked] = batch
    const state = asked === undefined ? undefined : streams.get(asked.key)?.current.state
    if (asked === undefined || state === undefined || batch.length > 1) return null
    return aggregate.refuse(rule, asked.envelope.command, state)
  }

  const commit = (batch: Batch, decided: Decided<C, S, E, R, O>, together: Together | null): Answers =>
    Effect.matchCauseEffect(measured(batch.length, decided.commits, store.commit((together ?? decided).commits)), {
      onSuccess: () =>
        Effect.sync(() => {
          together?.stored()
          return done(decided)
        }),
      onFailure: (cause): Answers => {
        together?.dropped(cause)
        // `RuleBroken` implies that versions and receipts matched, so the optimistic path was right.
        const broken = brokenRuleIn(cause)
        if (broken === null) caution = cautionBatches
        const rejection = broken === null ? null : rejectionOf(broken.rule, batch, decided)
        return rejection === null
          ? Effect.failCause(cause)
          : Effect.succeed({ answers: [Result.fail(rejection)], nextAnswers: [] })
      }
    })

  const decideAlone = (batch: Batch, loaded: Loaded<S, E>, trusting: boolean): Answers => {
    const decided = decideBatch(aggregate, batch, loaded, options.receiptTtlMs, snapshots.due)
    if (decided.unproven.length > 0) {
      // An answer that stores nothing is checked by no commit: it must rest on what the store holds and not on the cache.
      forget(decided.unproven)
      // A stream that had to be removed from the cache is no new one because of that.
      return step(batch, false)
    }
    if (decided.commits.length === 0) return Effect.succeed(done(decided))
    // Whatever was in the way the first time may have been what is joined.
    return commit(batch, decided, trusting ? joinedWith(batch, decided.commits) : null)
  }

  /** With what follows on those whose companions can be in the commit. */
  const decideTogether = (
    by: Companions<C>,
    batch: Batch,
    found: ReturnType<typeof companionsIn<C>>,
    loaded: Loaded<S, E>,
    joined: JoinedAll
  ): Answers => {
    const followed = followedBy(batch, found, joined)
    const decided = decideBatch(aggregate, followed, loaded, options.receiptTtlMs, snapshots.due)
    const together = decided.unproven.length > 0 ? null : togetherWith(by, followed, decided, joined)
    if (together !== null) return commit(followed, decided, together)
    joined.dropped(null)
    return decideAlone(batch, loaded, true)
  }

  const decide = (batch: Batch, loaded: Loaded<S, E>, trusting: boolean): Answers => {
    // As with what is joined: whatever was in the way the first time may have been among the companions.
    if (companions === null || !trusting) return decideAlone(batch, loaded, trusting)
    const found = companionsIn(companions, batch, loaded)
    if (found.size === 0) return decideAlone(batch, loaded, trusting)
    return companions.join([...found.values()], (joined) =>
      Effect.suspend(() => decideTogether(companions, batch, found, loaded, joined))
    )
  }

  const step = (batch: Batch, trusting: boolean): Answers => {
    const { cached, requests } = lookUp(batch, trusting, caution === 0)
    if (requests.length === 0) return decide(batch, { cached, streams: none, receipts: none }, trusting)
    return Effect.flatMap(store.load(requests), (slices) =>
      decide(batch, { cached, ...read(requests, slices) }, trusting)
    )
  }

  const run: BatchProcessor<C, R, O>["run"] = (batch, trusting) =>
    Effect.suspend(() => {
      if (caution > 0) caution--
      return step(batch, trusting)
    })

  /** For a commit of another kind; `stored`: that is durable. */
  const toStore = (decided: Decided<C, S, E, R, O>) => ({
    commits: decided.commits,
    stored: () => {
      count(decided.commits)
      return done(decided)
    }
  })

  const join: BatchProcessor<C, R, O>["join"] = (batch) => {
    if (batch.some(({ key }) => cache.get(key) !== undefined)) return null
    const loaded = { cached: [], streams: none, receipts: none }
    const decided = decideBatch(aggregate, batch, loaded, options.receiptTtlMs, snapshots.due)
    if (decided.commits.length < batch.length || decided.answers.some(Result.isFailure)) return null
    return toStore(decided)
  }
  const joinAll: BatchProcessor<C, R, O>["joinAll"] = Effect.fnUntraced(function* (batch, accepts) {
    const cached = batch.map(({ key }) => cache.get(key))
    const wanted = new Map(batch.filter((_, i) => cached[i] === undefined).map((request) => [request.key, request]))
    const requests = [...wanted.values()].map(
      ({ envelope: { tenantId }, streamId }): LoadRequest => ({
        ...{ tenantId, streamId, receiptKey: null, wantEvents: true, snapshotForm: snapshots.form }
      })
    )
    const { streams } = requests.length === 0 ? { streams: none } : read(requests, yield* store.load(requests))
    const decideAll = (some: Batch, known: typeof cached) =>
      decideBatch(aggregate, some, { cached: known, streams, receipts: none }, options.receiptTtlMs, snapshots.due)
    const first = decideAll(batch, cached)
    const refused = new Set(first.unproven.map(({ key }) => key))
    batch.forEach(({ key }, i) => {
      const answer = first.answers[i]
      if (answer === undefined || Result.isFailure(answer) || !accepts(i, answer.success.outcome)) refused.add(key)
    })
    const taken = batch.map(({ key }) => !refused.has(key))
    const isTaken = (_: unknown, i: number) => taken[i] === true
    const decided = refused.size === 0 ? first : decideAll(batch.filter(isTaken), cached.filter(isTaken))
    return { ...toStore(decided), taken, dropped: () => forget(batch) }
  })
  return { run, join, joinAll, forget }
})

const brokenRuleIn = (cause: Cause.Cause<CommitConflict | RuleBroken | StoreUnavailable>): RuleBroken | null => {
  const error = Option.getOrNull(Cause.findErrorOption(cause))
  return error?._tag === "RuleBroken" ? error : null
}
