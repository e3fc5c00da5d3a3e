/** One batch through the store: load what is not remembered, decide, commit, remember, and say what must happen now. */
import { Intents } from "@dueline/contracts/Intents"
import {
  type CommitConflict,
  Persistence,
  type RuleBroken,
  type StoreUnavailable
} from "@dueline/contracts/ports/Persistence"
import { Cause, Effect, Option, Result } from "effect"
import type { Aggregate, Command, Tagged } from "./Aggregate.ts"
import { type BatchAnswer, type Decided, decideBatch } from "./decideBatch.ts"
import { type Asked, loader } from "./loader.ts"
import { snapshotCodec } from "./snapshot.ts"
import { type Remembered, StreamCache, streamKey } from "./StreamCache.ts"

export interface Transaction<C, R, O> {
  /**
   * Answers in the order of the commands, once everything is durable. `trusting`: what is remembered may be used, and a command that
   * opens a stream which is not remembered is taken to be the first of its kind. If it is not, the commit conflicts with the stream or
   * with the receipt, nothing is stored, and the batch is run again without trust: the receipt then answers.
   */
  readonly run: (
    batch: ReadonlyArray<Asked<C>>,
    trusting: boolean
  ) => Effect.Effect<ReadonlyArray<BatchAnswer<R, O>>, CommitConflict | RuleBroken | StoreUnavailable>
  /** Nothing about these streams is remembered any more. */
  readonly forget: (batch: ReadonlyArray<Asked<C>>) => void
}

/** After a commit that failed, perhaps because a command was not as new as hoped, so many batches look for receipts before they decide. */
const cautionBatches = 64

/** Attachments longer than this many characters are not kept in memory between batches. */
const rememberedSealedLimit = 16_384

export const makeTransaction = Effect.fnUntraced(function* <C extends Command, S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>,
  options: { readonly cacheLimit: number; readonly receiptTtlMs: number; readonly snapshotEvery: number }
): Effect.fn.Return<Transaction<C, R, O>, never, Persistence | Intents> {
  const store = yield* Persistence
  const intents = yield* Intents
  const cache = new StreamCache<S, E>(options.cacheLimit, rememberedSealedLimit)
  const snapshots = snapshotCodec(aggregate, options.snapshotEvery)
  const load = loader(aggregate, store, cache, snapshots)
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
      const decided = decideBatch(aggregate, envelopes, loaded, options.receiptTtlMs, snapshots.due)
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

  /** Among several commands nobody can tell which one broke a rule: each is tried alone then, and its rejection is the answer. */
  const commit = (batch: ReadonlyArray<Asked<C>>, { after, commits }: Decided<S, E, R, O>) =>
    store.commit(commits).pipe(
      Effect.as(null),
      // A rule is judged only where versions and receipts are in order: nothing about them was hoped in vain.
      Effect.onError((cause) => (brokeRule(cause) ? Effect.void : beCautious)),
      Effect.catchTag("RuleBroken", (broken) => {
        const [asked] = batch
        const state = asked === undefined ? undefined : after.get(asked.key)?.state
        if (asked === undefined || state === undefined || batch.length > 1) return Effect.fail(broken)
        const rejection = aggregate.refuse(broken.rule, asked.envelope.command, state)
        return rejection === null ? Effect.fail(broken) : Effect.succeed(rejection)
      })
    )

  const run: Transaction<C, R, O>["run"] = Effect.fnUntraced(function* (batch, trusting) {
    const decided = yield* decide(batch, trusting)
    const refusal = decided.commits.length > 0 ? yield* commit(batch, decided) : null
    if (refusal !== null) return [Result.fail(refusal)]
    keep(decided.after)
    tell(decided)
    return decided.answers
  })
  return { run, forget }
})

const brokeRule = (cause: Cause.Cause<{ readonly _tag: string }>): boolean =>
  Option.exists(Cause.findErrorOption(cause), ({ _tag }) => _tag === "RuleBroken")

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
