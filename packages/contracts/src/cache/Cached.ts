/**
 * * What is dear to find out, found out once for many who ask, in all processes that share a cache. * One of those who miss it works it out while
 * the others wait for that, up to the end of its lock. Shortly before its end one of the many who ask, drawn at random, renews it while all others
 * are served what is there (XFetch: Vattani, Chierichetti, Lowenstein, VLDB 2015): the dearer it is, the sooner. A cache that does not answer is
 * passed over. Invalidation: the message that tells of a change is heard by every process, and each forgets what it has cached of it.
 */
import { Cache, Clock, Duration, Effect, Exit, FiberSet, Random, type Scope } from "effect"
import { CacheStore } from "../ports/CacheStore.ts"
import { type BusMessage, EventBus, listen } from "../ports/EventBus.ts"
import { type EntriesOptions, type Entry, makeEntries } from "./entries.ts"

export interface CachedOptions<A, E> extends EntriesOptions<A> {
  readonly find: (key: string) => Effect.Effect<A, E>
  /** How long one may work at it before the next one tries, in milliseconds. Default 2,000. */
  readonly lockMs?: number
  /** Keys that may be worked at here at once with those who ask for them waiting for one. Default 1,000. */
  readonly capacity?: number
}

export interface Cached<A, E> {
  readonly get: (key: string) => Effect.Effect<A, E>
  /** It has changed: what was found out before is not served after, nor kept by who is still at it. */
  readonly forget: (key: string) => Effect.Effect<void>
}

/** Whether to renew it now. `roll`: 0 to 1, 1 excluded. */
export const isDue = ({ costMs, expiresAt }: Omit<Entry<unknown>, "value">, now: number, roll: number): boolean =>
  now - costMs * Math.log(1 - roll) >= expiresAt

/** Between two looks of who waits for another, in milliseconds. */
const lookEvery = { least: 20, most: 40 }

const elapsed = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos) / 1e6)

export const makeCached = <A, E>({
  capacity = 1_000,
  find,
  lockMs = 2_000,
  ...options
}: CachedOptions<A, E>): Effect.Effect<Cached<A, E>, never, CacheStore | Scope.Scope> =>
  Effect.gen(function* () {
    const store = yield* CacheStore
    const entries = yield* makeEntries(options)
    const apart = yield* FiberSet.make<unknown>()
    const renewing = new Set<string>()
    const read = (key: string) => Effect.orElseSucceed(entries.read(key), () => null)
    const newHolder = Effect.map(Random.next, (roll) => Math.floor(roll * 2 ** 52).toString(36))

    /** As the holder of the lock, which is given back however it ends. */
    const findAndKeep = Effect.fnUntraced(function* (key: string, holder: string) {
      const begun = yield* elapsed
      const settle = (entry: { readonly text: string; readonly ttlMs: number } | null) =>
        Effect.ignore(store.settle(entries.nameOf(key), holder, entry))
      // Whoever is interrupted waits for no cache.
      const exit = yield* find(key).pipe(
        Effect.onInterrupt(() => FiberSet.run(apart, settle(null))),
        Effect.exit
      )
      const cost = (yield* elapsed) - begun
      yield* settle(Exit.isSuccess(exit) ? yield* entries.written(key, exit.value, cost) : null)
      return yield* exit
    })

    const findOnce = Effect.fnUntraced(function* (key: string) {
      const name = entries.nameOf(key)
      const holder = yield* newHolder
      const until = (yield* elapsed) + lockMs
      for (;;) {
        const locked = yield* Effect.orElseSucceed(store.lock(name, holder, lockMs), () => null)
        if (locked === null) return yield* find(key)
        // Another may have been at it since the look that found nothing, and be done.
        const there = yield* read(key)
        if (there !== null) {
          if (locked) yield* Effect.ignore(store.settle(name, holder, null))
          return there.value
        }
        if (locked) return yield* findAndKeep(key, holder)
        if ((yield* elapsed) >= until) return yield* find(key)
        yield* Effect.sleep(lookEvery.least + (lookEvery.most - lookEvery.least) * (yield* Random.next))
      }
    })

    const renew = Effect.fnUntraced(function* (key: string, { expiresAt }: Entry<A>) {
      const name = entries.nameOf(key)
      const holder = yield* newHolder
      if (!(yield* store.lock(name, holder, lockMs))) return
      const there = yield* read(key)
      if (there === null || there.expiresAt === expiresAt) yield* findAndKeep(key, holder)
      else yield* store.settle(name, holder, null)
    })
    const renewApart = (key: string, entry: Entry<A>) =>
      Effect.suspend(() => {
        if (renewing.has(key)) return Effect.void
        renewing.add(key)
        return FiberSet.run(
          apart,
          renew(key, entry).pipe(Effect.exit, Effect.andThen(Effect.sync(() => void renewing.delete(key))))
        )
      })

    // Those of this process who miss it together: one of them is at it.
    const missed = yield* Cache.makeWith(findOnce, { capacity, timeToLive: () => Duration.zero })

    return {
      get: (key) =>
        Effect.flatMap(read(key), (entry) => {
          if (entry === null) return Cache.get(missed, key)
          return Effect.gen(function* () {
            if (isDue(entry, yield* Clock.currentTimeMillis, yield* Random.next)) yield* renewApart(key, entry)
            return entry.value
          })
        }),
      forget: (key) => Effect.andThen(Cache.invalidate(missed, key), Effect.ignore(store.remove(entries.nameOf(key))))
    }
  })

/**
 * From now on until the scope closes. `group`: a name that no other process has. While the bus is away, or a message is lost, the entry's own time is
 * the bound.
 */
export const forgottenOn = <A, E>(
  cached: Cached<A, E>,
  group: string,
  topics: ReadonlyArray<string>,
  keysOf: (message: BusMessage) => ReadonlyArray<string>
): Effect.Effect<void, never, EventBus | Scope.Scope> =>
  Effect.flatMap(EventBus, (bus) =>
    listen(bus, group, topics, (message) => Effect.forEach(keysOf(message), cached.forget, { discard: true }))
  )
