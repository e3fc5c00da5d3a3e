/** The write path of customers, bins and orders never walks a table or a tenant, and what loading costs is no matter of age. Counted. */
import { type Commit, Persistence } from "@dueline/contracts/ports/Persistence"
import { binFree, customerFree } from "@dueline/contracts/order/Order"
import { snapshotEvery } from "@dueline/orchestration/engine/storedForms"
import * as OpsSample from "@dueline/port-contracts/queries/OpsSample"
import * as Sample from "@dueline/port-contracts/Sample"
import { Database } from "@dueline/postgres/Database"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"

const layer = PostgresPersistence.layer.pipe(Layer.provideMerge(TestDatabase.layer))

const tables = ["customer_rows", "personal_data", "bin_rows", "order_rows", "snapshots"]
const named = tables.map((table) => `'${table}'`).join(", ")

/** Every pooled session hands in what it has counted. */
const flush = Effect.flatMap(Database, ({ writer }) =>
  Effect.all(
    Array.from({ length: 4 }, () => writer.unsafe("select pg_stat_force_next_flush(), pg_sleep(0.05)")),
    { concurrency: "unbounded" }
  )
)

interface Scans {
  readonly index: string
  readonly scans: number
  readonly read: number
}

const scans = Effect.andThen(
  flush,
  TestDatabase.session((sql) =>
    sql.unsafe<Scans>(`select indexrelname as index, idx_scan::int as scans, idx_tup_read::int as read
      from pg_stat_user_indexes where schemaname = 'dueline' and relname in (${named})`)
  )
)

const walked = TestDatabase.session((sql) =>
  sql.unsafe<{ readonly table: string }>(`select relname as table from pg_stat_user_tables
    where schemaname = 'dueline' and relname in (${named}) and seq_tup_read > 0`)
)

/** All of one tenant, so that whoever goes by the tenant alone has far to go. */
const tenantId = Sample.tenantId()
const size = 24

const storeBatch = (commits: ReadonlyArray<Commit>) => Effect.flatMap(Persistence, (store) => store.commit(commits))

/** Customers with personal data, a bin each, two orders each that are confirmed and then cancelled; then nobody needs anything. */
const round = Effect.gen(function* () {
  const customers = Array.from({ length: size }, () => OpsSample.customer(tenantId))
  const bins = customers.map(() => OpsSample.bin(tenantId))
  const orders = bins.flatMap((bin, n) => {
    const customerId = customers[n]?.customerId ?? OpsSample.customerId()
    return [8, 10].map((hour) => OpsSample.order(bin, customerId, { window: OpsSample.hours(hour, hour + 2) }))
  })
  const sealed = { _tag: "set", value: "key.profile" } as const
  yield* storeBatch(customers.map((row) => OpsSample.commit(row, { sealed })))
  yield* storeBatch(bins.map((row) => OpsSample.commit(row)))
  yield* storeBatch(orders.map((row) => OpsSample.placed(row)))
  const confirmed = orders.map((row) => OpsSample.next(row, { status: "Confirmed" }))
  yield* storeBatch(confirmed.map((row) => OpsSample.commit(row)))
  const rows = [...customers, ...bins, ...confirmed]
  yield* (yield* Persistence).load(rows.map((row) => Sample.loadRequest(OpsSample.target(row), { snapshotForm: 1 })))
  const half = confirmed.filter((_, n) => n % 4 < 2)
  yield* storeBatch(half.map((row) => OpsSample.commit(OpsSample.next(row, { status: "Cancelled" }))))
  const free = (n: number) => n % 2 === 0
  const unused = bins.filter((_, n) => free(n))
  const idle = customers.filter((_, n) => free(n))
  const snapshot = { version: 2, form: 1, state: {} }
  yield* storeBatch(
    unused.map((row) => {
      const requires = [binFree(row.binId, null)]
      return OpsSample.commit(OpsSample.next(row, { status: "Retired" }), { requires, snapshot })
    })
  )
  yield* storeBatch(
    idle.map((row) => {
      const requires = [customerFree(row.customerId)]
      return OpsSample.commit(OpsSample.next(row, { status: "Erased" }), { requires, sealed: { _tag: "erase" } })
    })
  )
  return customers.length + bins.length + 2 * orders.length + rows.length + half.length + unused.length + idle.length
})

const oneOfEach = Effect.gen(function* () {
  const { bin, customer } = OpsSample.yard(tenantId)
  const sealed = { _tag: "set", value: "key.profile" } as const
  yield* storeBatch([
    OpsSample.commit(customer, { sealed, snapshot: { version: 1, form: 1, state: {} } }),
    OpsSample.commit(bin),
    OpsSample.placed(OpsSample.order(bin, customer.customerId)),
    Sample.commit(Sample.target(tenantId))
  ])
})

/** While a table has one row, walking it is the cheapest plan; one that is kept from then is one too many. */
const lookAt = TestDatabase.session((sql) =>
  Effect.forEach(["service_calls", ...tables], (table) => sql.unsafe(`analyze dueline.${table}`), { discard: true })
)

for (const young of ["never looked at", "looked at while they had one row"]) {
  it.layer(layer, { excludeTestServices: true, timeout: "60 seconds" })(`plans for tables ${young}`, (it) => {
    it.effect("a commit costs a bounded number of index entries and no walk, whatever its tenant has", () =>
      Effect.gen(function* () {
        if (young !== "never looked at") yield* Effect.andThen(oneOfEach, lookAt)
        let commands = 0
        for (let n = 0; n < 12; n++) commands += yield* round
        const found = yield* scans
        assert.deepStrictEqual(yield* walked, [])
        for (const { index, read } of found) assert.isAtMost(read, commands, `${index} was read too much`)
        for (const { index, scans } of found.filter(({ index }) => index.endsWith("_list"))) {
          assert.strictEqual(scans, 0, `one row was looked for in ${index}`)
        }
        for (const name of ["order_rows_of_bin", "order_rows_of_customer", "window_taken"]) {
          assert.isAbove(found.find(({ index }) => index === name)?.scans ?? 0, 0, `${name} is for nothing`)
        }
      })
    )
  })
}

const age = 100_000

/** A bin that was changed so many times, as superuser: the tables' own function would take a while. */
const oldBin = Effect.fnUntraced(function* (form: number) {
  const bin = OpsSample.bin(Sample.tenantId())
  const of = [bin.tenantId, bin.binId]
  const snapshotAt = age - (age % snapshotEvery)
  yield* TestDatabase.session((sql) =>
    Effect.all([
      sql.unsafe(
        `insert into dueline.events
            (tenant_id, stream_id, version, category, event_id, type, event_version, payload, metadata, recorded_at)
          select $1::uuid, $2::uuid, n, 'bin', gen_random_uuid(), 'BinUpdated', 1, '{}', '{}', now()
          from generate_series(1, ${age}) n`,
        of
      ),
      sql.unsafe(`insert into dueline.snapshots values ($1::uuid, $2::uuid, ${snapshotAt}, ${form}, '{}')`, of),
      sql.unsafe("analyze dueline.events")
    ])
  )
  return { ...bin, version: age }
})

/** Blocks that loading the stream touches, by the server's own account. */
const blocks = Effect.fnUntraced(function* (of: Sample.Target, snapshotForm: number) {
  const asked = JSON.stringify([{ t: of.tenantId, s: of.callId, k: null, e: true, f: snapshotForm }])
  const { writer } = yield* Database
  const explain = writer.unsafe<{ readonly "QUERY PLAN": ReadonlyArray<{ readonly Plan: Record<string, number> }> }>(
    "explain (analyze, buffers, format json) select * from dueline.load_batch($1::text::json)",
    [asked]
  )
  yield* explain
  const [row] = yield* explain
  const plan = row?.["QUERY PLAN"][0]?.Plan
  return (plan?.["Shared Hit Blocks"] ?? Infinity) + (plan?.["Shared Read Blocks"] ?? Infinity)
})

it.layer(layer, { excludeTestServices: true, timeout: "60 seconds" })("a stream of 100,000 events", (it) => {
  it.effect(
    "is loaded from its snapshot and less than a hundred and twenty-eight events, in a handful of blocks",
    () =>
      Effect.gen(function* () {
        const bin = yield* oldBin(1)
        const [slice] = yield* (yield* Persistence).load([
          Sample.loadRequest(OpsSample.target(bin), { snapshotForm: 1 })
        ])
        assert.strictEqual(slice?.version, age)
        assert.strictEqual(slice?.events.length, age % snapshotEvery)
        assert.isBelow(slice?.events.length ?? Infinity, 128)
        assert.isBelow(yield* blocks(OpsSample.target(bin), 1), 100)
        assert.isAbove(yield* blocks(OpsSample.target(bin), 2), 1_000, "without a snapshot it would be many")
      }),
    { tags: ["ADR-0018.1"] }
  )

  it.effect("goes on in a commit that costs as much as the first one", () =>
    Effect.gen(function* () {
      const [old, young] = [yield* oldBin(1), OpsSample.bin(Sample.tenantId())]
      const store = yield* Persistence
      yield* store.commit([OpsSample.commit(young)])
      const read = (commit: Commit) =>
        Effect.gen(function* () {
          const before = yield* eventEntries
          yield* store.commit([commit])
          return (yield* eventEntries) - before
        })
      assert.strictEqual(
        yield* read(OpsSample.commit(OpsSample.next(old))),
        yield* read(OpsSample.commit(OpsSample.next(young)))
      )
    })
  )
})

/** Entries of the events' index that were gone through so far. */
const eventEntries = Effect.andThen(
  flush,
  TestDatabase.session((sql) =>
    Effect.map(
      sql.unsafe<{ readonly read: number }>(
        "select idx_tup_read::int as read from pg_stat_user_indexes where schemaname = 'dueline' and indexrelname = 'events_pkey'"
      ),
      ([row]) => row?.read ?? -1
    )
  )
)
