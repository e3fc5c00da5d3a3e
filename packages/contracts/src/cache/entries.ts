/**
 * Values of one type in a cache: written as texts with their times, and read back only when nothing about them is wrong. What another wrote
 * over, cut off or put under another name is as if it were not there.
 */
import { Clock, Effect, Random, Result, Schema } from "effect"
import { CacheStore, type CacheUnavailable } from "../ports/CacheStore.ts"

/** By how much the life of an entry is shorter than it could be: what was cached together does not end together. */
export const jitter = { least: 0.05, most: 0.15 }

/** `roll`: 0 to 1. Never longer than `ttlMs`, which others rely on. */
export const lifeOf = (ttlMs: number, roll: number): number =>
  Math.max(1, Math.floor(ttlMs * (1 - jitter.least - (jitter.most - jitter.least) * roll)))

export interface Entry<A> {
  readonly value: A
  /** What it took to work it out, in milliseconds. */
  readonly costMs: number
  /** Epoch milliseconds. */
  readonly expiresAt: number
}

export interface EntriesOptions<A> {
  /** Of a key, among all that is cached. */
  readonly nameOf: (key: string) => string
  /** As JSON. */
  readonly value: Schema.Codec<A, unknown>
  /** The longest that a value is kept, in milliseconds. 0: it is not kept. */
  readonly ttlMs: (value: A) => number
  /** A larger text is neither kept nor read. Default 64 KiB, in UTF-16 units. */
  readonly maxLength?: number
}

const Written = Schema.Struct({ n: Schema.String, d: Schema.Finite, e: Schema.Finite, v: Schema.Unknown })
const readWritten = Schema.decodeUnknownResult(Written)

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return null
  }
}

export interface Entries<A> {
  readonly nameOf: (key: string) => string
  /** Null when there is none that can be used. */
  readonly read: (key: string) => Effect.Effect<Entry<A> | null, CacheUnavailable>
  /** Keeps it, for less than its time. */
  readonly write: (key: string, value: A) => Effect.Effect<void, CacheUnavailable>
  /** As it is stored; null for what is not kept. */
  readonly written: (
    key: string,
    value: A,
    costMs: number
  ) => Effect.Effect<{ readonly text: string; readonly ttlMs: number } | null>
}

export const makeEntries = <A>({
  maxLength = 65_536,
  nameOf,
  ttlMs,
  value: schema
}: EntriesOptions<A>): Effect.Effect<Entries<A>, never, CacheStore> =>
  Effect.map(CacheStore, (store) => {
    const decode = Schema.decodeUnknownResult(schema)
    const encode = Schema.encodeResult(schema)

    const entryOf = (name: string, text: string, now: number): Entry<A> | null => {
      if (text.length > maxLength) return null
      const written = readWritten(parsed(text))
      if (Result.isFailure(written) || written.success.n !== name || written.success.d < 0) return null
      const read = decode(written.success.v)
      if (Result.isFailure(read)) return null
      const { d: costMs, e: expiresAt } = written.success
      // A time that nobody here would have set is not believed either.
      return now < expiresAt && expiresAt - now <= ttlMs(read.success)
        ? { value: read.success, costMs, expiresAt }
        : null
    }

    const written: Entries<A>["written"] = Effect.fnUntraced(function* (key, value, costMs) {
      const longest = ttlMs(value)
      if (longest <= 0) return null
      const encoded = encode(value)
      if (Result.isFailure(encoded)) return null
      const life = lifeOf(longest, yield* Random.next)
      const expiresAt = (yield* Clock.currentTimeMillis) + life
      const whole: typeof Written.Type = { n: nameOf(key), d: costMs, e: expiresAt, v: encoded.success }
      const text = JSON.stringify(whole)
      return text.length > maxLength ? null : { text, ttlMs: life }
    })

    return {
      nameOf,
      written,
      read: (key) => {
        const name = nameOf(key)
        return Effect.flatMap(store.get(name), (text) =>
          text === null ? Effect.succeed(null) : Effect.map(Clock.currentTimeMillis, (now) => entryOf(name, text, now))
        )
      },
      write: (key, value) =>
        Effect.flatMap(written(key, value, 0), (entry) =>
          entry === null ? Effect.void : store.set(nameOf(key), entry.text, entry.ttlMs)
        )
    }
  })
