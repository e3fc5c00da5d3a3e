/** Rows that are documents: a kind that has a table of them is stored, found, held and dropped like any other, and judged by its constraints. */
import { migrations } from "@dueline/postgres/schema/migrations/Migration"
import { columnOf, rowsTable } from "@dueline/postgres/schema/rowTables"
import { serverWords } from "@dueline/postgres/SqlFailure"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import { fieldsOf, kinds, opsCategories } from "@dueline/contracts/kinds"
import type { FieldType } from "@dueline/contracts/specification/Specification"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { inMigratedDatabase, run } from "./EmptyDatabase.ts"

const id = (n: number) => `00000000-0000-7000-8000-${n.toString().padStart(12, "0")}`
const [tenantId, other] = [id(1), id(2)]

/** All that a further kind needs of SQL. */
const vehicles = {
  id: 9_000,
  name: "vehicles",
  statements: [
    `select dueline.make_rows_table('rescue-vehicle', 'vehicleId', $$
      plate text not null generated always as (row ->> 'plate') stored,
      seats integer generated always as ((row ->> 'seats')::integer) stored,
      owner uuid generated always as ((row ->> 'owner')::uuid) stored,
      constraint plate_taken unique (plate, tenant_id) deferrable initially immediate
    $$)`
  ]
}

const document = (n: number, fields: Readonly<Record<string, unknown>>) => ({
  k: "rescue-vehicle",
  t: tenantId,
  i: id(n),
  n: fields["version"] === undefined || fields["version"] === 1,
  r: JSON.stringify({
    _tag: "VehicleRow",
    tenantId,
    vehicleId: id(n),
    version: 1,
    createdAt: n,
    updatedAt: n,
    ...fields
  })
})

const commit = (sql: SqlClient, parts: Readonly<Record<string, ReadonlyArray<unknown>>>) =>
  sql.unsafe("select dueline.commit_ops($1::text::jsonb)", [JSON.stringify(parts)]).pipe(
    Effect.as("done"),
    Effect.catch((error) => {
      const { constraint, detail } = serverWords(error)
      return Effect.succeed(constraint === "" ? detail : constraint)
    })
  )

const types: Readonly<Record<FieldType, ReadonlyArray<string>>> = {
  text: ["text"],
  number: ["integer", "bigint", "double precision"],
  instant: ["bigint"],
  boolean: ["boolean"]
}

it.layer(TestDatabase.layer, { excludeTestServices: true, timeout: "60 seconds" })("rows that are documents", (it) => {
  it.effect(
    "every kind has a table, and every field that can be asked for a column in it",
    () =>
      TestDatabase.session((sql) =>
        Effect.gen(function* () {
          const found = yield* sql.unsafe<{ readonly name: string; readonly type: string }>(
            `select table_name || '.' || column_name as name, data_type as type from information_schema.columns
              where table_schema = 'dueline'`
          )
          const columns = new Map(found.map(({ name, type }) => [name, type]))
          for (const kind of opsCategories) {
            assert.isTrue(columns.has(`${rowsTable(kind)}.id`), `${kind} has no table`)
            for (const [name, { type, uuid }] of Object.entries(fieldsOf(kind)))
              assert.include(
                uuid === true ? ["uuid"] : types[type],
                columns.get(`${rowsTable(kind)}.${columnOf(name)}`),
                `${kind} ${name}`
              )
          }
        })
      ),
    { tags: ["ADR-0028.1"] }
  )

  it.effect(
    "every rule that rows of a kind keep among themselves is a constraint of its name on their table",
    () =>
      TestDatabase.session((sql) =>
        Effect.gen(function* () {
          const found = yield* sql.unsafe<{ readonly name: string }>(
            `select conrelid::regclass::text || ' ' || conname as name from pg_constraint
              where connamespace = 'dueline'::regnamespace and contype in ('u', 'x')`
          )
          const declared = opsCategories.flatMap((kind) =>
            [...kinds[kind].rules.unique, ...kinds[kind].rules.apart].map(
              ({ rule }) => `dueline.${rowsTable(kind)} ${rule}`
            )
          )
          assert.isNotEmpty(declared)
          assert.includeMembers(
            found.map(({ name }) => name),
            declared
          )
        })
      ),
    { tags: ["ADR-0028.1"] }
  )

  it.effect(
    "a kind whose table a migration makes is stored, judged, found, held and dropped by the functions that are there",
    () =>
      inMigratedDatabase((session) =>
        session((sql) =>
          Effect.gen(function* () {
            yield* run({ migrations: [...migrations, vehicles] })(sql)
            const vehicle = {
              _tag: "VehicleRow",
              tenantId,
              vehicleId: id(5),
              version: 1,
              createdAt: 5,
              updatedAt: 5,
              plate: "1A2 3456",
              seats: 3
            }
            yield* sql.unsafe("set role dueline_writer")
            assert.strictEqual(yield* commit(sql, { rows: [document(5, vehicle)] }), "done")
            assert.strictEqual(yield* commit(sql, { rows: [document(6, { plate: vehicle.plate })] }), "plate_taken")
            const is = { k: "rescue-vehicle", t: tenantId, h: "share", missing: "vehicle_missing", unless: [] }
            assert.strictEqual(yield* commit(sql, { is: [{ ...is, i: id(6) }] }), "vehicle_missing")
            assert.strictEqual(yield* commit(sql, { is: [{ ...is, i: id(5), t: other }] }), "vehicle_missing")
            assert.strictEqual(yield* commit(sql, { is: [{ ...is, i: id(5), h: "update" }] }), "done")
            const few = { c: "seats", is: [2, 3], rule: "too_few_seats" }
            assert.strictEqual(yield* commit(sql, { is: [{ ...is, i: id(5), unless: [few] }] }), "too_few_seats")
            const owned = { c: "owner", isNot: [null], rule: "owned" }
            assert.strictEqual(yield* commit(sql, { is: [{ ...is, i: id(5), unless: [owned] }] }), "done")
            const none = { k: "rescue-vehicle", t: tenantId, rule: "plate_in_use" }
            const plate = { c: "plate", is: ["1A2 3456", "'; drop table x"] }
            assert.strictEqual(yield* commit(sql, { none: [{ ...none, w: [plate] }] }), "plate_in_use")
            for (const [w, said] of [
              [{ c: "id", isNot: [id(5)] }, "done"],
              [{ c: "owner", is: [null] }, "plate_in_use"],
              [{ c: "owner", is: [id(1)] }, "done"],
              [{ c: "owner", isNot: [null, id(1)] }, "done"],
              [{ c: "owner", isNot: [id(1)] }, "plate_in_use"],
              [{ c: "seats", isNot: [null] }, "plate_in_use"],
              [{ c: "seats", is: [] }, "done"]
            ] as const)
              assert.strictEqual(yield* commit(sql, { none: [{ ...none, w: [plate, w] }] }), said, JSON.stringify(w))
            const held = "select id from dueline.hold_rows('rescue-vehicle', array[$1::uuid], array[$2::uuid])"
            assert.deepStrictEqual(yield* sql.unsafe(held, [tenantId, id(5)]), [{ id: id(5) }])
            yield* sql.unsafe("set role dueline_edge")
            const find = "select dueline.find_row('rescue-vehicle', $1::uuid, $2::uuid) as found"
            assert.deepStrictEqual(yield* sql.unsafe(find, [tenantId, id(5)]), [{ found: vehicle }])
            assert.deepStrictEqual(yield* sql.unsafe(find, [other, id(5)]), [{ found: null }])
            yield* sql.unsafe("set role dueline_writer")
            const drop = "select dueline.drop_rows('rescue-vehicle', array[$1::uuid], array[$2::uuid]) as dropped"
            assert.deepStrictEqual(yield* sql.unsafe(drop, [tenantId, id(5)]), [{ dropped: 1 }])
          })
        )
      ),
    { tags: ["ADR-0028.1"] }
  )

  it.effect("a row of a kind without a table is an error, and nothing of its batch is stored", () =>
    TestDatabase.session((sql) =>
      Effect.gen(function* () {
        yield* sql.unsafe("set role dueline_writer")
        const parts = JSON.stringify({
          rows: [document(5, {})],
          snapshots: [{ t: tenantId, i: id(5), v: 1, f: 1, s: "{}" }]
        })
        const refused = yield* Effect.flip(sql.unsafe("select dueline.commit_ops($1::text::jsonb)", [parts]))
        assert.strictEqual(serverWords(refused).code, "42P01")
        assert.isEmpty(yield* sql.unsafe(`select from dueline.snapshots where stream_id = '${id(5)}'`))
      })
    )
  )
})
