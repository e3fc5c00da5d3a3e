/** A real database with writers and everything that reads the log, and what its tables hold. */
import { Intents } from "@dueline/contracts/Intent"
import * as Writers from "@dueline/orchestration/Writers"
import * as PostgresEventSource from "@dueline/postgres/read/PostgresEventSource"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import * as ReadModels from "@dueline/postgres/admin/ReadModels"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import { Effect, Layer } from "effect"

const store = Layer.mergeAll(
  PostgresPersistence.layer,
  ReadModels.layer,
  ReadModels.layerRowRepair,
  PostgresEventSource.layerEventLog
).pipe(Layer.provideMerge(TestDatabase.layer))

export const stage = Writers.layer().pipe(Layer.provideMerge(Layer.merge(store, Intents.layer)))

/** As superuser, who may do what nobody else may; what keeps the log from being changed is out of his way too. */
export const damage = (...statements: ReadonlyArray<string>) =>
  TestDatabase.session((sql) =>
    Effect.gen(function* () {
      yield* sql.unsafe("set session_replication_role = replica")
      for (const statement of statements) yield* sql.unsafe(statement)
    })
  )

export const ask = <Row extends object = object>(statement: string) =>
  TestDatabase.session((sql) => sql.unsafe<Row>(statement))

const keys: Readonly<Record<string, string>> = {
  customer_rows: "id",
  bin_rows: "id",
  order_rows: "id",
  service_calls: "call_id"
}

/**
 * Every row of the read models as text, by table and id. `where`: with the place where each version of a row lies, which changes when it
 * is written again. What is sealed is not in the log and left out.
 */
export const rowsIn = (options: { readonly where?: boolean; readonly lease?: boolean } = {}) =>
  TestDatabase.session((sql) =>
    Effect.gen(function* () {
      const rows = new Map<string, string>()
      for (const [table, key] of Object.entries(keys)) {
        const place = options.where === true ? "r.ctid || ' ' || r.xmin ||" : ""
        const lease = options.lease === true ? "" : "- 'lease_until'"
        const found = yield* sql.unsafe<{ readonly id: string; readonly row: string }>(
          `select r.tenant_id || ' ' || r.${key} as id, ${place} (to_jsonb(row_to_json(r)) - 'sealed' ${lease})::text as row
            from dueline.${table} r order by 1`
        )
        for (const { id, row } of found) rows.set(`${table} ${id}`, row)
      }
      return rows
    })
  )
