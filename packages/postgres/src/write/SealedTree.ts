/** The tree over events and audit entries as the sealer needs it: what is not in it yet, and how leaves get in. */
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { Context, Effect, Layer } from "effect"
import { Database } from "../Database.ts"
import { asking } from "../SqlFailure.ts"

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

export interface Growth {
  /** As the caller has seen it. */
  readonly size: number
  readonly to: number
  readonly peaks: string
  /** What comes into each tile, the first into one that may hold some already. */
  readonly tiles: ReadonlyArray<{ readonly tile: number; readonly hashes: string; readonly kinds: string }>
  readonly entries: Pick<Unsealed, "transaction" | "position">
  readonly events: Pick<Unsealed, "transaction" | "position">
}

export class SealedTree extends Context.Service<
  SealedTree,
  {
    /** One statement. At most `limit` leaves of each kind. */
    readonly unsealed: (from: string, limit: number) => Effect.Effect<TreeNow, StoreUnavailable>
    /** False when the tree has grown meanwhile: nothing was done. */
    readonly seal: (growth: Growth) => Effect.Effect<boolean, StoreUnavailable>
    readonly keepCheckpoint: (size: number, at: number, note: string) => Effect.Effect<void, StoreUnavailable>
  }
>()("@dueline/postgres/write/SealedTree") {}

const sealStatement =
  "select dueline.seal($1::float8, $2::float8, $3::text, $4::text::json, $5::text, $6::float8, $7::text, $8::float8) as done"

export const layer: Layer.Layer<SealedTree, never, Database> = Layer.effect(
  SealedTree,
  Effect.map(Database, ({ worker }) =>
    SealedTree.of({
      unsealed: (from, limit) =>
        worker
          .unsafe<{ readonly tree: TreeNow }>("select dueline.unsealed($1::text::bigint, $2::int4) as tree", [
            from,
            limit
          ])
          .pipe(
            Effect.flatMap(([row]) => (row === undefined ? Effect.die("no tree") : Effect.succeed(row.tree))),
            asking("read what is to be sealed")
          ),
      seal: ({ entries, events, peaks, size, tiles, to }) =>
        worker
          .unsafe<{ readonly done: boolean }>(sealStatement, [
            size,
            to,
            peaks,
            JSON.stringify(tiles),
            events.transaction,
            events.position,
            entries.transaction,
            entries.position
          ])
          .pipe(
            Effect.map(([row]) => row?.done === true),
            asking("seal")
          ),
      keepCheckpoint: (size, at, note) =>
        worker
          .unsafe("select dueline.keep_checkpoint($1::float8, $2::float8, $3::text)", [size, at, note])
          .pipe(Effect.asVoid, asking("keep a checkpoint"))
    })
  )
)
