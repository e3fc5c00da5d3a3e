/** Puts rows of the read models right, beside a writer that may be at work on the same ones. */
import type { Category } from "@dueline/contracts/kinds"
import type { StreamKey } from "@dueline/contracts/Envelope"
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { Context, Effect, Layer } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { Database } from "../Database.ts"
import { keyColumns } from "./ReadModels.ts"
import { asking } from "../SqlFailure.ts"

export class RowRepair extends Context.Service<
  RowRepair,
  {
    /** One transaction: what is done in it with the writer's connection happens as a whole. */
    readonly together: <A, E, R>(work: Effect.Effect<A, E, R>) => Effect.Effect<A, E | StoreUnavailable, R>
    /** Those of the rows that nobody is writing at this moment: until the transaction ends nobody can. */
    readonly hold: (
      category: Category,
      streams: ReadonlyArray<StreamKey>
    ) => Effect.Effect<ReadonlyArray<StreamKey>, StoreUnavailable>
    /** Takes away those of the rows that no event speaks of; says how many that were. */
    readonly drop: (category: Category, streams: ReadonlyArray<StreamKey>) => Effect.Effect<number, StoreUnavailable>
  }
>()("@dueline/postgres/admin/RowRepair") {}

const hold =
  (sql: SqlClient): RowRepair["Service"]["hold"] =>
  (category, streams) =>
    sql
      .unsafe<StreamKey>('select tenant_id as "tenantId", id as "streamId" from dueline.hold_rows($1, $2, $3)', [
        category,
        ...keyColumns(streams)
      ])
      .pipe(asking("hold rows"))

const drop =
  (sql: SqlClient): RowRepair["Service"]["drop"] =>
  (category, streams) =>
    sql
      .unsafe<{ readonly dropped: number }>("select dueline.drop_rows($1, $2, $3) as dropped", [
        category,
        ...keyColumns(streams)
      ])
      .pipe(
        Effect.map(([row]) => row?.dropped ?? 0),
        asking("drop rows")
      )

export const layer: Layer.Layer<RowRepair, never, Database> = Layer.effect(
  RowRepair,
  Effect.map(Database, ({ writer }) =>
    RowRepair.of({
      together: (work) => writer.withTransaction(work).pipe(asking("repair rows")),
      hold: hold(writer),
      drop: drop(writer)
    })
  )
)
