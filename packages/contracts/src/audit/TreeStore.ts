/** The tree over events and audit entries as the sealer needs it: what is not in it yet, and how leaves get in. */
import type { Effect } from "effect"
import type { StoreUnavailable } from "../ports/Persistence.ts"

/** Hashes of leaves of one kind, in hexadecimal, and the place of the last. */
export interface Unsealed {
  readonly count: number
  readonly hashes: string
  /** A 64-bit number in decimal; null when there is none. */
  readonly transaction: string | null
  readonly position: number | null
}

export interface TreeNow {
  readonly size: number
  /** In hexadecimal. */
  readonly peaks: string
  readonly entries: Unsealed
  readonly events: Unsealed
  /** A look that begins at this transaction misses nothing. */
  readonly next: string
  /** By the database's clock, epoch milliseconds. */
  readonly now: number
  /** The latest checkpoint. */
  readonly signed: { readonly size: number; readonly at: number } | null
}

/** Leaves that come into one tile. */
export interface TilePart {
  readonly tile: number
  readonly hashes: string
  readonly kinds: string
}

export interface Growth {
  /** As the caller has seen it. */
  readonly size: number
  readonly to: number
  readonly peaks: string
  /** What comes into each tile, the first into one that may hold some already. */
  readonly tiles: ReadonlyArray<TilePart>
  readonly entries: Pick<Unsealed, "transaction" | "position">
  readonly events: Pick<Unsealed, "transaction" | "position">
}

export interface TreeStore {
  /** One statement. At most `limit` leaves of each kind. */
  readonly unsealed: (from: string, limit: number) => Effect.Effect<TreeNow, StoreUnavailable>
  /** False when the tree has grown meanwhile: nothing was done. */
  readonly seal: (growth: Growth) => Effect.Effect<boolean, StoreUnavailable>
  readonly keepCheckpoint: (size: number, at: number, note: string) => Effect.Effect<void, StoreUnavailable>
}
