/** The cache of one process: bounded, and gone with it. */
import { Clock, Effect, Layer } from "effect"
import { CacheStore } from "../ports/CacheStore.ts"
import { Recent } from "../Recent.ts"

interface Timed {
  readonly text: string
  readonly until: number
}

/** At most twice as many texts are kept as `limit` says. */
export const make = (limit = 2_000): CacheStore["Service"] => {
  const texts = new Recent<string, Timed>(limit)
  const locks = new Recent<string, Timed>(limit)
  const now = Clock.clockWith((clock) => Effect.succeed(clock.currentTimeMillisUnsafe()))
  const live = (timed: Timed | undefined, at: number): string | null =>
    timed !== undefined && at < timed.until ? timed.text : null
  return {
    get: (name) => Effect.map(now, (at) => live(texts.get(name), at)),
    set: (name, text, ttlMs) => Effect.map(now, (at) => void texts.set(name, { text, until: at + ttlMs })),
    remove: (name) =>
      Effect.sync(() => {
        texts.delete(name)
        locks.delete(name)
      }),
    removeAll: (start) =>
      Effect.sync(() => {
        for (const kept of [texts, locks]) for (const name of kept.keys()) if (name.startsWith(start)) kept.delete(name)
      }),
    lock: (name, holder, ttlMs) =>
      Effect.map(now, (at) => {
        if (live(locks.get(name), at) !== null) return false
        locks.set(name, { text: holder, until: at + ttlMs })
        return true
      }),
    settle: (name, holder, entry) =>
      Effect.map(now, (at) => {
        if (live(locks.get(name), at) !== holder) return false
        locks.delete(name)
        if (entry !== null) texts.set(name, { text: entry.text, until: at + entry.ttlMs })
        return true
      })
  }
}

export const layer: Layer.Layer<CacheStore> = Layer.sync(CacheStore, () => CacheStore.of(make()))
