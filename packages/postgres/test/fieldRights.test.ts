/** Who may read and write customers, bins, orders, personal data and snapshots, asked straight through SQL. */
import { Persistence } from "@dueline/contracts/ports/Persistence"
import * as OpsSample from "@dueline/port-contracts/queries/OpsSample"
import * as Sample from "@dueline/port-contracts/Sample"
import { Database } from "@dueline/postgres/Database"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import { databaseRoles } from "@dueline/postgres/schema/Roles"
import { serverWords } from "@dueline/postgres/SqlFailure"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Result } from "effect"
import type { SqlError } from "effect/sql/SqlError"

const layer = PostgresPersistence.layer.pipe(Layer.provideMerge(TestDatabase.layer))

const insufficientPrivilege = "42501"

const codeOf = <A>(effect: Effect.Effect<A, SqlError>) =>
  Effect.map(Effect.result(effect), (result) => (Result.isFailure(result) ? serverWords(result.failure).code : "done"))

it.layer(layer, { excludeTestServices: true, timeout: "60 seconds" })("rights to field operations", (it) => {
  it.effect(
    "the edge opens profiles of its tenant and reads no snapshots; workers read neither, nor customers, bins or orders",
    () =>
      Effect.gen(function* () {
        const { edge, worker, writer } = yield* Database
        const mine = Sample.tenantId()
        for (const tenantId of [mine, Sample.tenantId()]) {
          const sealed = { _tag: "set", value: `key.${tenantId}` } as const
          const snapshot = { version: 1, form: 1, state: {} }
          yield* (yield* Persistence).commit([OpsSample.commit(OpsSample.customer(tenantId), { sealed, snapshot })])
        }
        const opened = yield* edge.withTransaction(
          Effect.andThen(
            edge`select set_config('app.current_tenant', ${mine}, true)`,
            edge.unsafe("select data_key, profile from dueline.personal_data")
          )
        )
        assert.deepStrictEqual(opened, [{ data_key: "key", profile: mine }])
        for (const [role, table] of [
          [edge, "snapshots"],
          ...["customer_rows", "personal_data", "bin_rows", "order_rows", "snapshots"].map(
            (table) => [worker, table] as const
          )
        ] as const) {
          assert.strictEqual(yield* codeOf(role.unsafe(`select from dueline.${table}`)), insufficientPrivilege, table)
        }
        assert.isAbove((yield* writer.unsafe("select from dueline.snapshots")).length, 0)
      })
  )

  it.effect("nobody writes customers, bins or orders but the function that judges what is required", () =>
    Effect.gen(function* () {
      const callable = yield* TestDatabase.session((sql) =>
        sql.unsafe<{ readonly found: string }>(`select r.role || ' ' || p.proname as found
          from unnest(array[${databaseRoles.map((role) => `'dueline_${role}'`).join(", ")}]) r(role), pg_proc p
          where p.pronamespace = 'dueline'::regnamespace and has_function_privilege(r.role, p.oid, 'execute')
            and p.proname in ('commit_field', 'commit_ops', 'store_ops_rows', 'hold_ops_rows', 'broken_ops_rule')
          order by 1`)
      )
      assert.deepStrictEqual(callable, [
        { found: "dueline_writer commit_field" },
        { found: "dueline_writer commit_ops" }
      ])
    })
  )
})
