/** From tables of columns to documents, in a database that is at work: nothing is lost, wherever it is cut short, and nobody is in the way. */
import { Database } from "@dueline/postgres/Database"
import { migrations } from "@dueline/postgres/schema/migrations/Migration"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import { migrateTo } from "@dueline/postgres/admin/releasedHome"
import { serverWords } from "@dueline/postgres/SqlFailure"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import type { BinRow } from "@dueline/contracts/bin/Bin"
import { rowId } from "@dueline/contracts/kinds"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import * as OpsSample from "@dueline/port-contracts/queries/OpsSample"
import type { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Result, Schedule } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { inEmptyDatabase, namesIn, run, type Session, tablesOf } from "./EmptyDatabase.ts"
import { commitAsBefore, listAsBefore } from "./WriterOfBefore.ts"

/** Migrations of the first release. */
const stepsOfFirst = 12
const [expand, fill, alone] = ["ops rows", "fill ops rows", "ops rows alone"].map((name) =>
  migrations.findIndex((step) => step.name === name)
) as [number, number, number]

const id = (n: number) => `00000000-0000-7000-9000-${n.toString().padStart(12, "0")}`
const tenantId = id(1)

/** As the superuser, so many bins of one tenant. */
const plant = (count: number) => (sql: SqlClient) =>
  sql.unsafe(`insert into dueline.bins (tenant_id, bin_id, version, serial_number, category, size_litres, capacity_litres, status, lat, lon,
      created_at, updated_at, correlation_id)
    select '${tenantId}', ('00000000-0000-7000-9000-' || lpad(n::text, 12, '0'))::uuid, n, 'SN-' || n, 'skip', n, 7, 'Active',
      case when n % 2 = 0 then n / 100.0 end, case when n % 2 = 0 then 0.1 end, n, n, 'c' from generate_series(1, ${count}) n`)

const rowsOf = (kind: "customer" | "bin" | "order") => (sql: SqlClient) =>
  Effect.map(
    sql.unsafe<{ readonly id: string; readonly row: Readonly<Record<string, unknown>> }>(
      `select id, row from dueline.${kind}_rows order by id`
    ),
    (rows) => new Map(rows.map(({ id, row }) => [id, row]))
  )

const as = (role: "writer" | "edge") => (sql: SqlClient) => sql.unsafe(`set role dueline_${role}`)

/** Rows of a table, as they were before. */
const before = (session: Session, steps: number) => session((sql) => migrateTo(sql, steps))

/** Until there is nothing left of the tables. */
const exchange = run({ migrations: migrations.slice(0, alone + 1), functions: [] })

const until = <A, E>(look: Effect.Effect<A, E>, holds: (found: A) => boolean) =>
  Effect.repeat(look, { until: holds, schedule: Schedule.recurs(5_000) })

it.layer(TestDatabase.layer, { excludeTestServices: true, timeout: "60 seconds" })("documents for tables", (it) => {
  it.effect(
    "every row that was there is a document, with what it was, and the statements of before find it",
    () =>
      inEmptyDatabase((session) =>
        Effect.gen(function* () {
          yield* before(session, stepsOfFirst)
          yield* session(plant(1_234))
          yield* session(run())
          const rows = yield* session(rowsOf("bin"))
          assert.strictEqual(rows.size, 1_234)
          assert.deepStrictEqual(rows.get(id(8)), {
            _tag: "BinRow",
            tenantId,
            binId: id(8),
            version: 8,
            status: "Active",
            createdAt: 8,
            updatedAt: 8,
            correlationId: "c",
            serialNumber: "SN-8",
            category: "skip",
            sizeLitres: 8,
            capacityLitres: 7,
            customerId: null,
            location: { lat: 0.08, lon: 0.1 }
          })
          assert.isNull(rows.get(id(9))?.["location"])
          const listed = yield* session((sql) => Effect.andThen(as("edge")(sql), listAsBefore(sql, tenantId)))
          assert.deepStrictEqual(
            listed,
            Array.from({ length: 100 }, (_, n) => id(1_234 - n))
          )
          const kinds = ["bins", "customers", "orders"]
          assert.isEmpty((yield* session(tablesOf)).filter((table) => kinds.includes(table)))
        })
      ),
    { tags: ["ADR-0028.2"] }
  )

  it.effect(
    "killed in the middle of the copying, it goes on where it was",
    () =>
      inEmptyDatabase((session) =>
        Effect.gen(function* () {
          yield* before(session, stepsOfFirst)
          yield* session(plant(1_300))
          const [pid, held, go] = [
            yield* Deferred.make<number>(),
            yield* Deferred.make<void>(),
            yield* Deferred.make<void>()
          ]
          const holder = yield* Effect.forkChild(
            session((sql) =>
              sql.withTransaction(
                Effect.gen(function* () {
                  yield* sql.unsafe(`select from dueline.bins where bin_id = '${id(700)}' for update`)
                  yield* Deferred.succeed(held, undefined)
                  yield* Deferred.await(go)
                })
              )
            )
          )
          yield* Deferred.await(held)
          const migrating = yield* Effect.forkChild(
            session((sql) =>
              Effect.gen(function* () {
                const [row] = yield* sql.unsafe<{ readonly pid: number }>("select pg_backend_pid() as pid")
                yield* Deferred.succeed(pid, row?.pid ?? 0)
                return yield* run({}, { lockPatience: "30s" })(sql)
              })
            ).pipe(Effect.exit)
          )
          const theirs = yield* Deferred.await(pid)
          yield* session((sql) =>
            Effect.gen(function* () {
              const waits = sql.unsafe(
                `select from pg_stat_activity where pid = ${theirs} and wait_event_type = 'Lock' and query like '%fill_ops_rows%'`
              )
              yield* until(waits, (rows) => rows.length > 0)
              yield* sql.unsafe(`select pg_terminate_backend(${theirs}, 5000)`)
            })
          )
          assert.isTrue(Exit.isFailure(yield* Fiber.join(migrating)))
          yield* Deferred.succeed(go, undefined)
          yield* Fiber.join(holder)
          assert.strictEqual((yield* session(rowsOf("bin"))).size, 500)
          const copied = "select xmin::text || ' ' || id as name from dueline.bin_rows order by id limit 500"
          const first = yield* session(namesIn(copied))
          const names = migrations.slice(fill).map(({ name }) => name)
          assert.deepStrictEqual(yield* session(run()), [...names, "functions"])
          assert.strictEqual((yield* session(rowsOf("bin"))).size, 1_300)
          assert.deepStrictEqual(yield* session(namesIn(copied)), first, "what was copied is not copied again")
        })
      ),
    { tags: ["ADR-0028.2"] }
  )

  it.effect(
    "a writer of before goes on while the rows are copied and the tables exchanged, beside one of after, under one set of rules",
    () =>
      inEmptyDatabase((session) =>
        Effect.gen(function* () {
          yield* before(session, expand)
          yield* session(plant(3_000))
          const { bin, customer, tenantId } = OpsSample.yard()
          const written = new Map<string, OpsSample.OpsRow>()
          const note = <Row extends OpsSample.OpsRow>(row: Row): Row => {
            written.set(rowId(row), row)
            return row
          }
          let [migrated, rounds, after] = [false, 0, 0]
          const old = yield* Effect.forkChild(
            session((sql) =>
              Effect.gen(function* () {
                yield* as("writer")(sql)
                for (const row of [customer, bin]) assert.isNull(yield* commitAsBefore(sql, note(row)))
                let last: BinRow = OpsSample.bin(tenantId)
                for (; after < 20; rounds += 1) {
                  const fresh = note(OpsSample.bin(tenantId, { serialNumber: `old-${rounds}`, location: null }))
                  assert.isNull(yield* commitAsBefore(sql, fresh))
                  const window = OpsSample.hours(rounds * 3, rounds * 3 + 1)
                  const order = note(OpsSample.order(bin, customer.customerId, { window }))
                  assert.isNull(yield* commitAsBefore(sql, order))
                  const clash = OpsSample.order(bin, customer.customerId, { window })
                  assert.strictEqual(yield* commitAsBefore(sql, clash), "window_taken")
                  const twin = OpsSample.bin(tenantId, { serialNumber: `old-${rounds}` })
                  assert.strictEqual(yield* commitAsBefore(sql, twin), "serial_taken")
                  if (rounds > 0)
                    assert.isNull(yield* commitAsBefore(sql, note(OpsSample.next(last, { status: "Retired" }))))
                  assert.strictEqual(
                    yield* commitAsBefore(sql, OpsSample.next(bin, { status: "Retired" })),
                    "bin_in_use"
                  )
                  last = fresh
                  if (migrated) after += 1
                }
              })
            )
          )
          yield* until(
            Effect.andThen(
              Effect.yieldNow,
              Effect.sync(() => rounds)
            ),
            (n) => n > 3
          )
          yield* session(run())
          migrated = true
          yield* session((sql) =>
            Effect.gen(function* () {
              yield* as("writer")(sql)
              const pg = sql as PgClient.PgClient
              const database = Layer.succeed(Database, { writer: pg, edge: pg, worker: pg, intake: pg })
              const own = PostgresPersistence.layer.pipe(Layer.provide(database))
              const store = yield* Effect.provide(
                Effect.map(Persistence, (persistence) => persistence),
                own
              )
              for (let n = 0; n < 20; n += 1) {
                const fresh = note(OpsSample.bin(tenantId, { serialNumber: `new-${n}` }))
                yield* store.commit([OpsSample.commit(fresh)])
                const window = OpsSample.hours(n * 3 + 1, n * 3 + 2)
                yield* store.commit([OpsSample.placed(note(OpsSample.order(bin, customer.customerId, { window })))])
                const taken = OpsSample.order(bin, customer.customerId, { window: OpsSample.hours(0, 1) })
                const said = yield* Effect.result(store.commit([OpsSample.placed(taken)]))
                assert.isTrue(Result.isFailure(said) && said.failure._tag === "RuleBroken")
              }
            })
          )
          yield* Fiber.join(old)
          const rows = new Map([
            ...(yield* session(rowsOf("customer"))),
            ...(yield* session(rowsOf("bin"))),
            ...(yield* session(rowsOf("order")))
          ])
          for (const [id, row] of written) assert.deepStrictEqual<unknown>(rows.get(id), row)
          assert.strictEqual(rows.size, written.size + 3_000)
        })
      ),
    { tags: ["ADR-0028.3", "ADR-0025.3"] }
  )

  it.effect(
    "the tables are not exchanged while a row is missing, and all is as it was",
    () =>
      inEmptyDatabase((session) =>
        Effect.gen(function* () {
          yield* before(session, stepsOfFirst)
          yield* session(plant(10))
          yield* session(run({ migrations: migrations.slice(0, alone), functions: [] }))
          yield* session((sql) => sql.unsafe(`delete from dueline.bin_rows where id = '${id(4)}'`))
          const refused = yield* Effect.flip(session(exchange))
          assert.strictEqual(refused._tag, "SqlError")
          assert.include(serverWords(refused as SqlError).message, "rows of dueline.bins are missing")
          assert.include(yield* session(tablesOf), "bins")
          yield* session((sql) => sql.unsafe(`update dueline.bins set version = version where bin_id = '${id(4)}'`))
          yield* session(exchange)
          assert.strictEqual((yield* session(rowsOf("bin"))).size, 10)
        })
      ),
    { tags: ["ADR-0028.2"] }
  )

  it.effect(
    "bins that exchange their serial numbers in one statement of before are judged together in both tables",
    () =>
      inEmptyDatabase((session) =>
        Effect.gen(function* () {
          yield* before(session, stepsOfFirst)
          yield* session(plant(2))
          yield* session(run({ migrations: migrations.slice(0, alone), functions: [] }))
          yield* session((sql) =>
            sql.unsafe(
              "update dueline.bins set serial_number = case serial_number when 'SN-1' then 'SN-2' else 'SN-1' end"
            )
          )
          yield* session(exchange)
          assert.deepStrictEqual(
            [...(yield* session(rowsOf("bin"))).values()].map((row) => row["serialNumber"]),
            ["SN-2", "SN-1"]
          )
        })
      )
  )

  it.effect(
    "contents with U+0000 or half of a surrogate pair are kept with U+FFFD in its place, and keep nothing else from being copied",
    () =>
      inEmptyDatabase((session) =>
        Effect.gen(function* () {
          yield* before(session, stepsOfFirst)
          const items = '[{"material":"a\\u0000\\u0000b\\\\u0000","x":"\\ud800 \\udc00 \\ud83d\\ude00 \\\\ud800"}]'
          yield* session((sql) =>
            sql.unsafe(
              `insert into dueline.orders (tenant_id, order_id, version, customer_id, bin_id, kind, status, items, notifications, created_at,
                updated_at, correlation_id) values ($1, $2, 1, $3, $4, 'swap', 'Draft', $5, '[]', 1, 1, 'c')`,
              [tenantId, id(2), id(3), id(4), items]
            )
          )
          yield* session(exchange)
          assert.deepStrictEqual((yield* session(rowsOf("order"))).get(id(2))?.["items"], [
            { material: "a\uFFFD\uFFFDb\\u0000", x: "\uFFFD \uFFFD \u{1F600} \\ud800" }
          ])
        })
      ),
    { tags: ["ADR-0028.2"] }
  )
})
