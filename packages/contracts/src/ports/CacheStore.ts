/**
 * Keeps texts under names for a time, and lets one of many work a text out. Nothing in it has to last: whatever it loses, its users find out
 * again. It may be shared by processes.
 */
import { Context, type Effect, Schema } from "effect"

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
