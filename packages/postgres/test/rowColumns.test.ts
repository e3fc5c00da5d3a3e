/** Columns of rows that are documents: each is what it was declared to be, whoever wrote the row, and from one look at it. */
import { rowsTable } from "@dueline/postgres/schema/rowTables"
import { functionFiles } from "@dueline/postgres/schema/migrations/functions"
import { migrations } from "@dueline/postgres/schema/migrations/Migration"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import { opsCategories } from "@dueline/contracts/kinds"
import { probes } from "@dueline/port-contracts/queries/OpsListProbe"
import * as OpsSample from "@dueline/port-contracts/queries/OpsSample"
import * as Sample from "@dueline/port-contracts/Sample"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { inEmptyDatabase, inMigratedDatabase, namesIn, run } from "./EmptyDatabase.ts"

const columnsOf = (table: string) => (sql: SqlClient) =>
  sql.unsafe<{ readonly name: string; readonly declared: string | null; readonly generated: boolean }>(
    `select attname as name, col_description(attrelid, attnum) as declared, attgenerated <> '' as generated from pg_attribute
      where attrelid = 'dueline.${table}'::regclass and attnum > 0 and not attisdropped and attname <> 'row' order by attnum`
  )

/** Names of columns that are other than what was declared makes of the document, as PostgreSQL itself computes it. */
const wrongIn = (table: string) => (sql: SqlClient) =>
  Effect.gen(function* () {
    const columns = yield* columnsOf(table)(sql)
    const wrong = columns
      .filter(({ generated }) => !generated)
      .map(
        ({ declared, name }) =>
          `select '${name}' as name from dueline.${table} where "${name}" is distinct from (${declared})`
      )
    return yield* namesIn(wrong.join(" union all "))(sql)
  })

const store = (sql: SqlClient, rows: ReadonlyArray<OpsSample.OpsRow>) =>
  sql.unsafe("select dueline.commit_ops($1::text::jsonb)", [
    JSON.stringify({
      rows: rows.map((row) => {
        const { category: k, expectedVersion, streamId: i, tenantId: t } = OpsSample.commit(row)
        return { k, t, i, n: expectedVersion === 0, r: JSON.stringify(row) }
      })
    })
  ])

const sampleOf = (kind: (typeof opsCategories)[number]) => probes[kind].row(Sample.tenantId(), {})

it.layer(TestDatabase.layer, { excludeTestServices: true, timeout: "60 seconds" })("columns of documents", (it) => {
  it.effect(
    "of every kind, each column is what is declared of it: of a row that is stored, of one that is changed, and whatever is written to the column itself",
    () =>
      inMigratedDatabase((session) =>
        session((sql) =>
          Effect.gen(function* () {
            for (const kind of opsCategories) {
              const table = rowsTable(kind)
              const columns = yield* columnsOf(table)(sql)
              assert.isAbove(columns.length, 6)
              for (const { declared, generated, name } of columns) {
                assert.isFalse(generated, `${table}.${name}`)
                assert.isNotNull(declared, `${table}.${name}`)
              }
              const row = sampleOf(kind)
              yield* store(sql, [row])
              yield* store(sql, [{ ...row, version: 2, updatedAt: row.updatedAt + 1 } as typeof row])
              assert.deepStrictEqual(
                yield* sql.unsafe(
                  `select version, updated_at::text as at from dueline.${table} where id = '${OpsSample.commit(row).streamId}'`
                ),
                [{ version: 2, at: String(row.updatedAt + 1) }]
              )
              yield* sql.unsafe(`update dueline.${table} set version = 77, listed_under = gen_random_uuid()`)
              assert.deepStrictEqual(yield* wrongIn(table)(sql), [], table)
              yield* sql.unsafe("set session_replication_role = replica")
              yield* sql.unsafe(`update dueline.${table} set version = 77`)
              assert.deepStrictEqual(yield* wrongIn(table)(sql), [], `${table}, as a replica`)
              yield* sql.unsafe("reset session_replication_role")
              // So that the comparison is one that finds something.
              yield* sql.unsafe(`alter table dueline.${table} disable trigger columns`)
              yield* sql.unsafe(`update dueline.${table} set version = 77`)
              assert.deepStrictEqual(yield* wrongIn(table)(sql), ["version"], table)
            }
          })
        )
      ),
    { tags: ["ADR-0051.1"] }
  )

  it.effect(
    "texts, numbers and nulls come out of the document as they are in it",
    () =>
      inMigratedDatabase((session) =>
        session((sql) =>
          Effect.gen(function* () {
            const tenantId = Sample.tenantId()
            const serialNumbers = ['"quoted" \\ and é 😀', "\u0000 and \ud800", "", "null", "\u007f\u2028"]
            const locations = [
              { lat: 1e-7, lon: -180 },
              { lat: 0.1 + 0.2, lon: 179.99999999999997 },
              null,
              { lat: -0, lon: 5e-324 },
              { lat: 90, lon: 12.5 }
            ]
            yield* store(
              sql,
              serialNumbers.map((serialNumber, n) =>
                OpsSample.bin(tenantId, {
                  serialNumber,
                  location: locations[n] ?? null,
                  createdAt: (253402300799000 + n) as never
                })
              )
            )
            const found = yield* sql.unsafe<{
              readonly serial: string
              readonly lat: number | null
              readonly lon: number | null
            }>("select serial_number as serial, lat, lon from dueline.bin_rows order by created_at")
            assert.deepStrictEqual(
              found.map(({ serial }) => serial),
              serialNumbers.map((text) => text.replaceAll("\u0000", "\ufffd").replaceAll("\ud800", "\ufffd"))
            )
            assert.deepStrictEqual(
              found.map(({ lat, lon }) => (lat === null ? null : { lat: lat + 0, lon })),
              locations.map((location) => (location === null ? null : { ...location, lat: location.lat + 0 }))
            )
            assert.deepStrictEqual(yield* wrongIn("bin_rows")(sql), [])
          })
        )
      ),
    { tags: ["ADR-0051.1"] }
  )

  it.effect(
    "a column that is declared later is what it says at once, and is filled with the others from then on",
    () =>
      inMigratedDatabase((session) =>
        session((sql) =>
          Effect.gen(function* () {
            const first = sampleOf("shipment")
            yield* store(sql, [first])
            yield* sql.unsafe(
              `alter table dueline.shipment_rows add column tag text generated always as (row ->> '_tag') stored,
                add column kind text generated always as (json_typeof(row -> 'version')) stored`
            )
            const second = sampleOf("shipment")
            yield* store(sql, [second])
            const turned = yield* sql.unsafe("select dueline.fill_columns('shipment_rows') as n")
            assert.deepStrictEqual(turned, [{ n: 2 }])
            yield* store(sql, [sampleOf("shipment")])
            assert.deepStrictEqual(yield* sql.unsafe("select distinct tag, kind from dueline.shipment_rows"), [
              { tag: "ShipmentRow", kind: "number" }
            ])
            assert.deepStrictEqual(yield* wrongIn("shipment_rows")(sql), [])
            assert.deepStrictEqual(yield* sql.unsafe("select dueline.fill_columns('shipment_rows') as n"), [{ n: 0 }])
          })
        )
      ),
    { tags: ["ADR-0051.2"] }
  )

  it.effect(
    "a database that is at work is turned without a row being written anew, and rows of before are written on",
    () =>
      inEmptyDatabase((session) =>
        Effect.gen(function* () {
          const fill = migrations.findIndex(({ name }) => name === "fill columns")
          // Other functions speak of tables that come later.
          const functions = functionFiles.filter(({ name }) => name === "commit_ops")
          yield* session(run({ migrations: migrations.slice(0, fill), functions }))
          const rows = opsCategories.map(sampleOf)
          yield* session((sql) => store(sql, rows))
          const places = namesIn(
            opsCategories
              .map(
                (kind) =>
                  `select xmin::text || ' ' || ctid::text || ' ' || to_json(r) as name from dueline.${rowsTable(kind)} r`
              )
              .join(" union all ")
          )
          const before = yield* session(places)
          yield* session(run())
          assert.deepStrictEqual(yield* session(places), before)
          yield* session((sql) =>
            store(
              sql,
              rows.map((row) => OpsSample.next(row))
            )
          )
          for (const kind of opsCategories) {
            assert.deepStrictEqual(yield* session(wrongIn(rowsTable(kind))), [], kind)
            const versions = yield* session(namesIn(`select version::text as name from dueline.${rowsTable(kind)}`))
            assert.deepStrictEqual(versions, ["2"], kind)
          }
        })
      ),
    { tags: ["ADR-0051.3"] }
  )
})
