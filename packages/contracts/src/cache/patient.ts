/**
 * A cache store that nobody waits for: an answer that does not come in time is none, whatever goes wrong is "unavailable", and after that it
 * is left alone for a moment. So one that hangs costs one short wait now and then, however many ask.
 */
import { Clock, Effect } from "effect"
import { type CacheStore, CacheUnavailable } from "../ports/CacheStore.ts"

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
