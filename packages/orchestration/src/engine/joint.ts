/**
 * What a command brings about of another kind, in the same commit: a new stream that is decided with it, durable together with it or not at all.
 * Tried once. What could not be stored together is asked for by itself.
 */
import type { Commit, StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import type { Exit } from "effect"

/** Decided by the writer of the other kind, and not stored yet. One of the two callbacks is called, once. */
export interface Joined {
  readonly commits: ReadonlyArray<Commit>
  readonly stored: () => void
  /** `unsure`: it may have been stored all the same. Null: it certainly was not. */
  readonly dropped: (unsure: Exit.Exit<never, StoreUnavailable> | null) => void
}

export interface Joint {
  /** Null when it is refused, or no new stream. */
  readonly decide: () => Joined | null
  /** The message that asks for what stands in the same commit: nobody needs to be told. */
  readonly topic: string
  /** Both are durable. Called before whoever asked hears of its command. */
  readonly stored: () => void
}
