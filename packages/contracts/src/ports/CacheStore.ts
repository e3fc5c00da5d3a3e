/**
 * Keeps texts under names for a time, and lets one of many work a text out. Nothing in it has to last: whatever it loses, its users find out
 * again. It may be shared by processes.
 */
import { Clock, Context, Effect, Schema } from "effect"
import type { StoreUnavailable } from "./Persistence.ts"

/** It did not answer. Its users go on without it. */
export class CacheUnavailable extends Schema.TaggedError<CacheUnavailable>()("CacheUnavailable", {
  detail: Schema.String
}) {}

type Asked<A> = Effect.Effect<A, CacheUnavailable>

export class CacheStore extends Context.Service<
  CacheStore,
  {
    /** Null when there is none, or its time is over. */
    readonly get: (name: string) => Asked<string | null>
    /** For so many milliseconds, whatever was there. */
    readonly set: (name: string, text: string, ttlMs: number) => Asked<void>
    /** The text goes, and so does the lock: who is working the text out keeps what comes of it to itself. */
    readonly remove: (name: string) => Asked<void>
    /** All whose names begin so. Looks through everything that is kept. */
    readonly removeAll: (start: string) => Asked<void>
    /** Lets `holder`, and nobody else for so many milliseconds, work the text out; false while another does. */
    readonly lock: (name: string, holder: string, ttlMs: number) => Asked<boolean>
    /** Gives the lock back with what came of it; null: nothing. Without effect, and false, when the lock is not the holder's any more. */
    readonly settle: (
      name: string,
      holder: string,
      entry: { readonly text: string; readonly ttlMs: number } | null
    ) => Asked<boolean>
  }
>()("@dueline/contracts/ports/CacheStore") {}

/** Which run of the database server this is: another one after a restart, a restore, or when another server has taken over. */
export class StoreRun extends Context.Service<
  StoreRun,
  { readonly current: Effect.Effect<string, StoreUnavailable> }
>()("@dueline/contracts/ports/StoreRun") {}

/**
 * A cache store that nobody waits for: an answer that does not come in time is none, whatever goes wrong is "unavailable", and after that it
 * is left alone for a moment. So one that hangs costs one short wait now and then, however many ask.
 */
export interface Patience {
  /** How long an answer may take, in milliseconds. */
  readonly answerMs: number
  /** How long nothing is asked after one that did not come, in milliseconds. */
  readonly restMs: number
}

export const defaultPatience: Patience = { answerMs: 50, restMs: 1_000 }

type Store = CacheStore["Service"]

const unavailable = (detail: string) => Effect.fail(new CacheUnavailable({ detail }))

export const patient = (store: Store, { answerMs, restMs }: Patience = defaultPatience): Store => {
  let restsUntil = Number.NEGATIVE_INFINITY
  const elapsed = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
  const ask = <A>(asked: () => Effect.Effect<A, CacheUnavailable>): Effect.Effect<A, CacheUnavailable> =>
    Clock.clockWith((clock) => {
      if (elapsed(clock) < restsUntil) return unavailable("left alone after it failed")
      return Effect.suspend(asked).pipe(
        Effect.timeoutOrElse({ duration: answerMs, orElse: () => unavailable(`no answer within ${answerMs} ms`) }),
        Effect.catchDefect((defect) => unavailable(String(defect))),
        Effect.tapError(() => Effect.sync(() => (restsUntil = elapsed(clock) + restMs)))
      )
    })
  return {
    get: (name) => ask(() => store.get(name)),
    set: (name, text, ttlMs) => ask(() => store.set(name, text, ttlMs)),
    remove: (name) => ask(() => store.remove(name)),
    // It takes as long as there is much, and whoever asks for it does so beside the work.
    removeAll: (start) => Effect.catchDefect(store.removeAll(start), (defect) => unavailable(String(defect))),
    lock: (name, holder, ttlMs) => ask(() => store.lock(name, holder, ttlMs)),
    settle: (name, holder, entry) => ask(() => store.settle(name, holder, entry))
  }
}
