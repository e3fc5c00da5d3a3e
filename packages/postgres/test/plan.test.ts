/** The write path never walks a table, from the first batch on an empty database. Counted by the server, not by the clock. */
import { Persistence } from "@dueline/contracts/ports/Persistence"
import * as Sample from "@dueline/port-contracts/Sample"
import { Database } from "@dueline/postgres/Database"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"

// Without the server's own upkeep, which reads new blocks for the index of transactions whenever it comes by.
const layer = PostgresPersistence.layer.pipe(Layer.provideMerge(TestDatabase.layerAlone))
const batches = 20
const size = 64

interface Work {
  readonly table: string
  readonly walked: number
  readonly fetched: number
  readonly updates: number
  readonly hot: number
}

/** A session hands in its statistics when it has been quiet for a while; asked for, it does so at once. Every pooled session is asked. */
const flush = Effect.flatMap(Database, ({ writer }) =>
  Effect.all(
    Array.from({ length: 4 }, () => writer.unsafe("select pg_stat_force_next_flush(), pg_sleep(0.05)")),
    {
      concurrency: "unbounded"
    }
  )
)

const work = TestDatabase.session((sql) =>
  sql.unsafe<Work>(`select relname as table, seq_tup_read::int as walked, coalesce(idx_tup_fetch, 0)::int as fetched,
    n_tup_upd::int as updates, n_tup_hot_upd::int as hot
    from pg_stat_user_tables where schemaname = 'dueline' and relname in ('events', 'service_calls', 'outbox') order by 1`)
)

/** Entries that index scans went past, heap visit or not. */
const entries = TestDatabase.session((sql) =>
  sql.unsafe<{ readonly read: number }>(
    "select coalesce(sum(idx_tup_read), 0)::int as read from pg_stat_user_indexes where schemaname = 'dueline' and relname <> 'receipts'"
  )
)

/** Scans of the indexes that lists go by. */
const listScans = TestDatabase.session((sql) =>
  sql.unsafe<{ readonly scans: number }>(
    `select coalesce(sum(idx_scan), 0)::int as scans from pg_stat_user_indexes
      where schemaname = 'dueline' and indexrelname in ('service_calls_list', 'service_calls_mishap')`
  )
)

const lifeOf = (call: Sample.Target, stage: number) =>
  stage === 0
    ? Sample.commit(call, { sealed: { _tag: "set", value: "sealed" }, receipts: [Sample.receipt(call)] })
    : stage === 1
      ? Sample.commit(call, { expectedVersion: 1, row: Sample.running(Sample.workerId(), 1, Sample.now) })
      : Sample.commit(call, {
          expectedVersion: 2,
          row: { status: "Succeeded", wakeAt: null },
          sealed: { _tag: "erase" },
          outbox: [Sample.message()]
        })

it.layer(layer, { excludeTestServices: true, timeout: "60 seconds" })("plans", (it) => {
  it.effect("a commit costs a bounded number of index entries and no walk, whatever the tables hold", () =>
    Effect.gen(function* () {
      const store = yield* Persistence
      for (let batch = 0; batch < batches; batch++) {
        const calls = Array.from({ length: size }, () => Sample.target())
        for (const stage of [0, 1, 2]) yield* store.commit(calls.map((call) => lifeOf(call, stage)))
        yield* store.load(calls.map((call) => Sample.loadRequest(call, { receiptKey: "none" })))
      }
      yield* flush
      const found = yield* work
      const commands = batches * size * 3
      for (const { fetched, table, walked } of found) {
        assert.strictEqual(walked, 0, `${table} was walked`)
        assert.isAtMost(fetched, commands * 4, `${table} was read too often`)
      }
      const [index] = yield* entries
      assert.isAtMost(index?.read ?? Infinity, commands * 8)
      const [lists] = yield* listScans
      assert.strictEqual(lists?.scans, 0, "one call was looked for in a list of all")
      const calls = found.find(({ table }) => table === "service_calls")
      assert.strictEqual(calls?.updates, batches * size * 2)
      // The step to Running stays in its page; the step to an end leaves the index of due times.
      assert.isAtLeast(calls?.hot ?? 0, batches * size * 0.8)
    })
  )
})
