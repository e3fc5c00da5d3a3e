/** Leases in their table, judged by the database's own clock: whose clock is wrong loses or wins no lease by it. */
import { Leases } from "@dueline/contracts/ports/Leases"
import { Effect, Layer } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { Database } from "../Database.ts"
import { asking } from "../SqlFailure.ts"

const take =
  (sql: SqlClient): Leases["Service"]["take"] =>
  ({ holder, name, ttlMs }) =>
    sql
      .unsafe<{ readonly taken: boolean }>("select dueline.take_lease($1::text, $2::text, $3::int4) as taken", [
        name,
        holder,
        Math.round(ttlMs)
      ])
      .pipe(
        Effect.map(([row]) => row?.taken === true),
        asking("take a lease")
      )

const release =
  (sql: SqlClient): Leases["Service"]["release"] =>
  ({ holder, name }) =>
    sql
      .unsafe("select dueline.release_lease($1::text, $2::text)", [name, holder])
      .pipe(Effect.asVoid, asking("release a lease"))

export const layer: Layer.Layer<Leases, never, Database> = Layer.effect(
  Leases,
  Effect.map(Database, ({ worker }) => Leases.of({ take: take(worker), release: release(worker) }))
)
