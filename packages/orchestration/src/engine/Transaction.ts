/** One batch through the store: load what is not remembered, decide, commit, remember, and say what must happen now. */
import type { Envelope } from "@dueline/contracts/Envelope"
import type { StreamId } from "@dueline/contracts/Ids"
import { Intents } from "@dueline/contracts/Intents"
import {
  type CommitConflict,
  type LoadRequest,
  Persistence,
  type Receipt,
  type StoreUnavailable
} from "@dueline/contracts/ports/Persistence"
import { Effect, Result } from "effect"
import type { Aggregate, Command, Tagged } from "./Aggregate.ts"
import { type BatchAnswer, type Decided, decideBatch, receiptKey } from "./decideBatch.ts"
import { restorer } from "./restore.ts"
import { type Remembered, StreamCache, streamKey } from "./StreamCache.ts"

/** A command with what it is about, worked out once. */
export interface Asked<C> {
  readonly envelope: Envelope<C>
  readonly streamId: StreamId
  /** `streamKey` of tenant and stream. */
  readonly key: string
}

export interface Transaction<C, R, O> {
  /**
   * Answers in the order of the commands, once everything is durable. `trusting`: what is remembered may be used, and a command that
   * opens a stream which is not remembered is taken to be the first of its kind. If it is not, the commit conflicts with the stream or
   * with the receipt, nothing is stored, and the batch is run again without trust: the receipt then answers.
   */
  readonly run: (
    batch: ReadonlyArray<Asked<C>>,
    trusting: boolean
  ) => Effect.Effect<ReadonlyArray<BatchAnswer<R, O>>, CommitConflict | StoreUnavailable>
  /** Nothing about these streams is remembered any more. */
  readonly forget: (batch: ReadonlyArray<Asked<C>>) => void
}

/** After a commit that failed, perhaps because a command was not as new as hoped, so many batches look for receipts before they decide. */
const cautionBatches = 64

/** Attachments longer than this many characters are not kept in memory between batches. */
const rememberedSealedLimit = 16_384

export const makeTransaction = Effect.fnUntraced(function* <C extends Command, S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>,
  options: { readonly cacheLimit: number; readonly receiptTtlMs: number }
): Effect.fn.Return<Transaction<C, R, O>, never, Persistence | Intents> {
  const store = yield* Persistence
  const intents = yield* Intents
  const cache = new StreamCache<S, E>(options.cacheLimit, rememberedSealedLimit)
  const load = loader(aggregate, store, cache)
  let caution = 0
  const beCautious = Effect.sync(() => void (caution = cautionBatches))
  const forget = (batch: ReadonlyArray<Asked<C>>) => batch.forEach(({ key }) => cache.forget(key))

  /** An answer that stores nothing is checked by no commit: it must rest on what the store holds, not on what is remembered. */
  const decide = Effect.fnUntraced(function* (batch: ReadonlyArray<Asked<C>>, trusting: boolean) {
    if (caution > 0) caution--
    const envelopes = batch.map(({ envelope }) => envelope)
    // What had to be forgotten must not be taken for new because of that.
    for (let believing = trusting; ; believing = false) {
      const { remembered, ...loaded } = yield* load(batch, believing, caution === 0)
      const decided = decideBatch(aggregate, envelopes, loaded, options.receiptTtlMs)
      const unproven = remembered.size === 0 ? [] : unprovenOf(batch, decided, remembered)
      if (unproven.length === 0) return decided
      forget(unproven)
    }
  })

  const keep = (after: ReadonlyMap<string, Remembered<S, E>>) => {
    for (const [key, entry] of after) {
      if (aggregate.ended(entry.state) || entry.version === 0) cache.forget(key)
      else cache.set(key, entry)
    }
  }

  const tell = ({ commits, intents: wanted }: Decided<S, E, R, O>) => {
    const filled = commits.some(({ outbox }) => outbox.length > 0)
    if (filled || wanted.length > 0) intents.publish(filled ? [...wanted, { _tag: "OutboxFilled" }] : wanted)
  }

  const run: Transaction<C, R, O>["run"] = Effect.fnUntraced(function* (batch, trusting) {
    const decided = yield* decide(batch, trusting)
    if (decided.commits.length > 0) yield* Effect.onError(store.commit(decided.commits), () => beCautious)
    keep(decided.after)
    tell(decided)
    return decided.answers
  })
  return { run, forget }
})

const unprovenOf = <C, S, E, R, O>(
  batch: ReadonlyArray<Asked<C>>,
  { answers, commits }: Decided<S, E, R, O>,
  remembered: ReadonlySet<string>
): ReadonlyArray<Asked<C>> => {
  const fenced = new Set(commits.map(({ streamId, tenantId }) => streamKey(tenantId, streamId)))
  return batch.filter(({ key }, i) => {
    const answer = answers[i]
    const replayed = answer !== undefined && Result.isSuccess(answer) && answer.success.replayed
    return remembered.has(key) && !fenced.has(key) && !replayed
  })
}

/**
 * Streams come from memory where they are remembered, and in one query with the receipts where they are not. `hopeful`: lately every
 * command with a key that opened a stream was the first under its key.
 */
const loader = <C extends Command, S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>,
  store: Persistence["Service"],
  cache: StreamCache<S, E>
) => {
  const restore = restorer(aggregate)
  return Effect.fnUntraced(function* (batch: ReadonlyArray<Asked<C>>, trusting: boolean, hopeful: boolean) {
    const streams = new Map<string, Remembered<S, E>>()
    const receipts = new Map<string, Receipt>()
    const remembered = new Set<string>()
    const wanted = new Set<string>()
    const requests: Array<LoadRequest> = []
    for (const { envelope, key, streamId } of batch) {
      const { command, idempotency, tenantId } = envelope
      const entry = cache.get(key)
      if (entry !== undefined) {
        streams.set(key, entry)
        remembered.add(key)
      }
      const hoped = hopeful || idempotency === null
      if (entry === undefined && trusting && hoped && aggregate.opens(command)) continue
      const wantEvents = entry === undefined && !wanted.has(key)
      if (wantEvents) wanted.add(key)
      if (wantEvents || idempotency !== null) {
        requests.push({ tenantId, streamId, receiptKey: idempotency?.key ?? null, wantEvents })
      }
    }
    if (requests.length === 0) return { streams, receipts, remembered }
    const slices = yield* store.load(requests)
    slices.forEach((slice, i) => {
      const request = requests[i]
      if (request === undefined) return
      const { streamId, tenantId, wantEvents } = request
      if (wantEvents) streams.set(streamKey(tenantId, streamId), restore(slice))
      if (slice.receipt !== null) receipts.set(receiptKey(tenantId, slice.receipt.key), slice.receipt)
    })
    return { streams, receipts, remembered }
  })
}
