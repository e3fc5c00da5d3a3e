/**
 * One batch through the store: load what is not cached, decide, commit, cache the outcome, and publish what must happen now. Most commands
 * are decided without a query, on the cached state of their stream; the version that the commit expects is the fence.
 */
import type { Envelope } from "@dueline/contracts/Envelope"
import type { StreamId } from "@dueline/contracts/Ids"
import { Intents } from "@dueline/contracts/Intents"
import {
  type CommitConflict,
  type LoadRequest,
  Persistence,
  type Receipt,
  type RuleBroken,
  type StoreUnavailable
} from "@dueline/contracts/ports/Persistence"
import { Recent } from "@dueline/contracts/Recent"
import { Cause, Effect, Option, Result } from "effect"
import type { Aggregate, Command, Tagged } from "./Aggregate.ts"
import { type BatchAnswer, decideBatch, type Decided, receiptKey, streamKey } from "./decideBatch.ts"
import { type CachedStream, restorer, type SnapshotCodec, snapshotCodec } from "./storedForms.ts"

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

/** A command with what it is about, worked out once. */
export interface Request<C> {
  readonly envelope: Envelope<C>
  readonly streamId: StreamId
  /** `streamKey` of tenant and stream. */
  readonly key: string
}

/**
 * Streams come from the cache, and the others in one query with the receipts. `hopeful`: lately every command with a key that opened a
 * stream was the first under its key.
 */
const loader = <C extends Command, S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>,
  store: Persistence["Service"],
  cache: StreamCache<S, E>,
  snapshots: SnapshotCodec<S, E>
) => {
  const restore = restorer(aggregate, snapshots)
  return Effect.fnUntraced(function* (batch: ReadonlyArray<Request<C>>, trusting: boolean, hopeful: boolean) {
    const streams = new Map<string, CachedStream<S, E>>()
    const receipts = new Map<string, Receipt>()
    const cached = new Set<string>()
    const wanted = new Set<string>()
    const requests: Array<LoadRequest> = []
    for (const { envelope, key, streamId } of batch) {
      const { command, idempotency, tenantId } = envelope
      const entry = cache.get(key)
      if (entry !== undefined) {
        streams.set(key, entry)
        cached.add(key)
      }
      const hoped = hopeful || idempotency === null
      if (entry === undefined && trusting && hoped && aggregate.opens(command)) continue
      const wantEvents = entry === undefined && !wanted.has(key)
      if (wantEvents) wanted.add(key)
      if (wantEvents || idempotency !== null) {
        const wantedReceipt = idempotency?.key ?? null
        requests.push({ tenantId, streamId, receiptKey: wantedReceipt, wantEvents, snapshotForm: snapshots.form })
      }
    }
    if (requests.length === 0) return { streams, receipts, cached }
    const slices = yield* store.load(requests)
    slices.forEach((slice, i) => {
      const request = requests[i]
      if (request === undefined) return
      const { streamId, tenantId, wantEvents } = request
      if (wantEvents) streams.set(streamKey(tenantId, streamId), restore(slice))
      if (slice.receipt !== null) receipts.set(receiptKey(tenantId, slice.receipt.key), slice.receipt)
    })
    return { streams, receipts, cached }
  })
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
  ) => Effect.Effect<ReadonlyArray<BatchAnswer<R, O>>, CommitConflict | RuleBroken | StoreUnavailable>
  /** Removes these streams from the cache. */
  readonly forget: (batch: ReadonlyArray<Request<C>>) => void
}

/** After a failed commit, perhaps because a command was no first one, so many batches look up receipts before they decide. */
const cautionBatches = 64

/** Attachments longer than this many characters are not kept in memory between batches. */
const cachedSealedLimit = 16_384

export const makeBatchProcessor = Effect.fnUntraced(function* <C extends Command, S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>,
  options: { readonly cacheLimit: number; readonly receiptTtlMs: number; readonly snapshotEvery: number }
): Effect.fn.Return<BatchProcessor<C, R, O>, never, Persistence | Intents> {
  const store = yield* Persistence
  const intents = yield* Intents
  const cache = new StreamCache<S, E>(options.cacheLimit, cachedSealedLimit)
  const snapshots = snapshotCodec(aggregate, options.snapshotEvery)
  const load = loader(aggregate, store, cache, snapshots)
  let caution = 0
  const beCautious = Effect.sync(() => void (caution = cautionBatches))
  const forget = (batch: ReadonlyArray<Request<C>>) => batch.forEach(({ key }) => cache.forget(key))

  /** An answer that stores nothing is checked by no commit: it must rest on what the store holds and not on the cache. */
  const decide = Effect.fnUntraced(function* (batch: ReadonlyArray<Request<C>>, trusting: boolean) {
    if (caution > 0) caution--
    const envelopes = batch.map(({ envelope }) => envelope)
    // A stream that had to be removed from the cache is no new one because of that.
    for (let believing = trusting; ; believing = false) {
      const { cached, ...loaded } = yield* load(batch, believing, caution === 0)
      const decided = decideBatch(aggregate, envelopes, loaded, options.receiptTtlMs, snapshots.due)
      const unproven = cached.size === 0 ? [] : unprovenOf(batch, decided, cached)
      if (unproven.length === 0) return decided
      forget(unproven)
    }
  })

  const keep = (after: ReadonlyMap<string, CachedStream<S, E>>) => {
    for (const [key, entry] of after) {
      if (aggregate.ended(entry.state) || entry.version === 0) cache.forget(key)
      else cache.set(key, entry)
    }
  }

  const publish = ({ commits, intents: wanted }: Decided<S, E, R, O>) => {
    const filled = commits.some(({ outbox }) => outbox.length > 0)
    if (filled || wanted.length > 0) intents.publish(filled ? [...wanted, { _tag: "OutboxFilled" }] : wanted)
  }

  /** Of several commands it is not known which one broke a rule: each is tried alone then, and its rejection is the answer. */
  const commit = (batch: ReadonlyArray<Request<C>>, { after, commits }: Decided<S, E, R, O>) =>
    store.commit(commits).pipe(
      Effect.as(null),
      // `RuleBroken` implies that versions and receipts matched, so the optimistic path was right.
      Effect.onError((cause) => (brokeRule(cause) ? Effect.void : beCautious)),
      Effect.catchTag("RuleBroken", (broken) => {
        const [asked] = batch
        const state = asked === undefined ? undefined : after.get(asked.key)?.state
        if (asked === undefined || state === undefined || batch.length > 1) return Effect.fail(broken)
        const rejection = aggregate.refuse(broken.rule, asked.envelope.command, state)
        return rejection === null ? Effect.fail(broken) : Effect.succeed(rejection)
      })
    )

  const run: BatchProcessor<C, R, O>["run"] = Effect.fnUntraced(function* (batch, trusting) {
    const decided = yield* decide(batch, trusting)
    const refusal = decided.commits.length > 0 ? yield* commit(batch, decided) : null
    if (refusal !== null) return [Result.fail(refusal)]
    keep(decided.after)
    publish(decided)
    return decided.answers
  })
  return { run, forget }
})

const brokeRule = (cause: Cause.Cause<{ readonly _tag: string }>): boolean =>
  Option.exists(Cause.findErrorOption(cause), ({ _tag }) => _tag === "RuleBroken")

const unprovenOf = <C, S, E, R, O>(
  batch: ReadonlyArray<Request<C>>,
  { answers, commits }: Decided<S, E, R, O>,
  cached: ReadonlySet<string>
): ReadonlyArray<Request<C>> => {
  const fenced = new Set(commits.map(({ streamId, tenantId }) => streamKey(tenantId, streamId)))
  return batch.filter(({ key }, i) => {
    const answer = answers[i]
    const replayed = answer !== undefined && Result.isSuccess(answer) && answer.success.replayed
    return cached.has(key) && !fenced.has(key) && !replayed
  })
}
