/** The tree over events and audit entries, in PostgreSQL. */
import type { TreeNow, TreeStore } from "@dueline/contracts/ports/AuditTrail"
import { Context, Effect, Layer } from "effect"
import { Database } from "../Database.ts"
import { asking } from "../SqlFailure.ts"

export class SealedTree extends Context.Service<SealedTree, TreeStore>()("@dueline/postgres/write/SealedTree") {}

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
