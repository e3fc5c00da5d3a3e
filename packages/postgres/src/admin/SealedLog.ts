/** What was sealed and what is there now, page by page, with the rights of the writer: for whoever compares or exports it, and has another key follow. */
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { Context, Effect, Layer } from "effect"
import { Database } from "../Database.ts"
import { asking } from "../SqlFailure.ts"

export interface SealedTile {
  readonly tile: number
  /** In hexadecimal, one after the other. */
  readonly hashes: string
  /** A letter for each leaf: `e` an event, `a` an entry, in capitals when it was removed. */
  readonly kinds: string
}

export interface Place {
  readonly transaction: string
  readonly position: number
}

export interface FoundLeaf extends Place {
  readonly leaf: string
}

export interface SealedHead {
  readonly size: number
  /** In hexadecimal. */
  readonly peaks: string
  /** Of the last leaf of each kind that is in the tree. */
  readonly events: Place
  readonly entries: Place
  readonly notes: ReadonlyArray<{ readonly size: number; readonly note: string }>
  /** Notes that one key follows another. */
  readonly successions: ReadonlyArray<string>
}

export const beginning: Place = { transaction: "0", position: 0 }

export type LeafKind = "e" | "a"

export class SealedLog extends Context.Service<
  SealedLog,
  {
    readonly head: Effect.Effect<SealedHead, StoreUnavailable>
    readonly tiles: (from: number, limit: number) => Effect.Effect<ReadonlyArray<SealedTile>, StoreUnavailable>
    /** `key`: the one that follows. Of one key the first note stays. */
    readonly keepSuccession: (key: string, note: string) => Effect.Effect<void, StoreUnavailable>
    /** Of one kind, in the order of their log. Fewer, or none, while an older transaction is open. */
    readonly leaves: (
      kind: LeafKind,
      after: Place,
      limit: number
    ) => Effect.Effect<ReadonlyArray<FoundLeaf>, StoreUnavailable>
  }
>()("@dueline/postgres/admin/SealedLog") {}

const headStatement = `select t.size::float8 as size, encode(t.peaks, 'hex') as peaks,
    json_build_object('transaction', t.event_xact::text, 'position', t.event_position) as events,
    json_build_object('transaction', t.entry_xact::text, 'position', t.entry_position) as entries,
    (select coalesce(json_agg(json_build_object('size', c.size, 'note', c.note) order by c.size), '[]') from dueline.audit_checkpoints c) as notes,
    (select coalesce(json_agg(s.note order by s.key), '[]') from dueline.audit_successions s) as successions
  from dueline.audit_tree t`

const tilesStatement = `select t.tile::float8 as tile, encode(t.hashes, 'hex') as hashes, t.kinds from dueline.audit_tiles t
  where t.tile >= $1::float8::bigint order by t.tile limit $2::int4`

const columns = "leaf_xact::text as transaction, leaf_position::float8 as position, leaf"
const leavesStatements: Readonly<Record<LeafKind, string>> = {
  e: `select ${columns} from dueline.event_leaves($1::text::bigint, $1::text::bigint, $2::float8::bigint, $3::int4)`,
  a: `select ${columns} from dueline.entry_leaves($1::text::bigint, $2::float8::bigint, $3::int4)`
}

export const layer: Layer.Layer<SealedLog, never, Database> = Layer.effect(
  SealedLog,
  Effect.map(Database, ({ writer }) =>
    SealedLog.of({
      head: writer.unsafe<SealedHead>(headStatement).pipe(
        Effect.flatMap(([head]) => (head === undefined ? Effect.die("no tree") : Effect.succeed(head))),
        asking("read the tree")
      ),
      tiles: (from, limit) => writer.unsafe<SealedTile>(tilesStatement, [from, limit]).pipe(asking("read tiles")),
      keepSuccession: (key, note) =>
        writer
          .unsafe("select dueline.keep_succession($1::text, $2::text)", [key, note])
          .pipe(Effect.asVoid, asking("keep a succession of keys")),
      leaves: (kind, { position, transaction }, limit) =>
        writer.unsafe<FoundLeaf>(leavesStatements[kind], [transaction, position, limit]).pipe(asking("read leaves"))
    })
  )
)
