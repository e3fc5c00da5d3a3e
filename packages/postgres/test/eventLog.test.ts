/** The order of all events, and the check that reads a whole database. */
import { Persistence } from "@dueline/contracts/ports/Persistence"
import * as OpsSample from "@dueline/port-contracts/queries/OpsSample"
import * as Sample from "@dueline/port-contracts/Sample"
import { Database } from "@dueline/postgres/Database"
import * as PostgresEventSource from "@dueline/postgres/read/PostgresEventSource"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import { verify } from "@dueline/postgres/admin/verify"
import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"

const layer = Layer.mergeAll(PostgresPersistence.layer, PostgresEventSource.layerEventLog).pipe(
  Layer.provideMerge(TestDatabase.layerAlone)
)

const commit = Effect.fnUntraced(function* (of: Sample.Target, expectedVersion = 0) {
  yield* (yield* Persistence).commit([Sample.commit(of, { expectedVersion, events: [Sample.event(), Sample.event()] })])
})

/** Everything after the mark, a few at a time. */
const readAll = Effect.fnUntraced(function* (after: PostgresEventSource.LogMark) {
  const log = yield* PostgresEventSource.EventLog
  const all: Array<PostgresEventSource.LoggedEvent> = []
  for (let mark = after; ; ) {
    const page = yield* log.read(mark, 3)
    all.push(...page)
    if (page.length === 0) return { all, mark }
    mark = page.at(-1)?.mark ?? mark
  }
})

interface Work {
  readonly walked: number
  readonly fetched: number
}

const work = TestDatabase.session((sql) =>
  sql.unsafe<Work>(
    `select seq_tup_read::int as walked, coalesce(idx_tup_fetch, 0)::int as fetched from pg_stat_user_tables where relname = 'events'`
  )
)

/** A session hands in its statistics when it is asked to. Every pooled session is asked. */
const flush = Effect.flatMap(Database, ({ writer }) =>
  Effect.all(
    Array.from({ length: 4 }, () => writer.unsafe("select pg_stat_force_next_flush(), pg_sleep(0.05)")),
    { concurrency: "unbounded" }
  )
)

const insertLate = (of: Sample.Target) =>
  `insert into dueline.events (tenant_id, stream_id, version, category, event_id, type, event_version, payload, metadata, recorded_at)
   values ('${of.tenantId}', '${of.callId}', 1, 'service-call', gen_random_uuid(), 'Late', 1, '{}', '{}', now())`

it.layer(layer, { excludeTestServices: true, timeout: "60 seconds" })("event log", (it) => {
  it.effect("a reader follows every stream in its order and sees each event once", () =>
    Effect.gen(function* () {
      const calls = [Sample.target(), Sample.target(), Sample.target()]
      for (const version of [0, 2, 4]) for (const call of calls) yield* commit(call, version)
      const { all } = yield* readAll(PostgresEventSource.start)
      for (const call of calls) {
        const versions = all
          .filter(({ streamId }) => streamId === Sample.streamOf(call.callId))
          .map(({ version }) => version)
        assert.deepStrictEqual(versions, [1, 2, 3, 4, 5, 6])
      }
    })
  )

  it.effect(
    "an event whose transaction commits late is not skipped by a reader that was there before",
    () =>
      Effect.gen(function* () {
        const [late, early] = [Sample.target(), Sample.target()]
        const { mark } = yield* readAll(PostgresEventSource.start)
        const context = yield* Effect.context<Persistence | PostgresEventSource.EventLog>()
        const between = yield* TestDatabase.session((sql) =>
          sql.withTransaction(
            Effect.gen(function* () {
              yield* sql.unsafe(insertLate(late))
              yield* commit(early)
              return yield* readAll(mark)
            }).pipe(Effect.provide(context))
          )
        )
        const after = yield* readAll(between.mark)
        const seen = [...between.all, ...after.all].map(({ streamId }) => streamId)
        assert.sameMembers(
          seen,
          [late, early, early].map(({ callId }) => Sample.streamOf(callId))
        )
      }),
    { tags: ["ADR-0005.3", "ADR-0018.6"] }
  )

  it.effect(
    "a page reads a bounded part of the log, wherever it begins, over transactions of many events, gaps, and transactions of one",
    () =>
      Effect.gen(function* () {
        const log = yield* PostgresEventSource.EventLog
        const tenantId = Sample.tenantId()
        // Numbers of transactions that this server has long ended: it began with greater ones.
        yield* TestDatabase.session((sql) =>
          Effect.andThen(
            sql.unsafe(`insert into dueline.events
                (tenant_id, stream_id, version, category, event_id, type, event_version, payload, metadata, recorded_at, xact)
              select '${tenantId}', gen_random_uuid(), 1, 'service-call', gen_random_uuid(), 'Late', 1, '{}', '{"correlationId":"x"}', now(),
                (case when i <= 40000 then 10 + i / 190 else 450 + i - 40000 end)::text::xid8
              from generate_series(1, 40200) i`),
            sql.unsafe("select brin_summarize_new_values('dueline.events_by_transaction')")
          )
        )
        yield* flush
        const [before] = yield* work
        const limit = 1_000
        let [pages, seen, mark] = [0, 0, PostgresEventSource.start]
        for (let more = true; more; pages++) {
          const page = yield* log.read(mark, limit)
          const own = page.filter((event) => event.tenantId === tenantId)
          for (const { mark: next } of page) {
            const [older, newer] = [BigInt(mark.transaction), BigInt(next.transaction)]
            assert.isTrue(older < newer || (older === newer && mark.position < next.position))
            mark = next
          }
          seen += own.length
          more = page.length === limit
        }
        yield* flush
        const [after] = yield* work
        assert.strictEqual(seen, 40_200)
        assert.strictEqual(after?.walked, before?.walked)
        assert.isAtMost((after?.fetched ?? 0) - (before?.fetched ?? 0), pages * 16 * limit)
        yield* TestDatabase.session((sql) =>
          Effect.andThen(
            sql.unsafe("set session_replication_role = replica"),
            sql`delete from dueline.events where tenant_id = ${tenantId}::uuid`
          )
        )
      }),
    { tags: ["ADR-0029.4"] }
  )

  it.effect(
    "verify finds events of transactions that the server has yet to begin, as a dump restored elsewhere leaves them",
    () =>
      Effect.gen(function* () {
        const ahead = Sample.target()
        const insert = insertLate(ahead)
          .replace("recorded_at)", "recorded_at, xact)")
          .replace("now())", "now(), (pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 1000)::text::xid8)")
        const detailed = Effect.map(verify, ({ findings }) =>
          findings.filter(({ check, detail }) => check === "order" && detail.includes("a dump was restored"))
        )
        assert.deepStrictEqual(yield* detailed, [])
        yield* TestDatabase.session((sql) => sql.unsafe(insert))
        const [found, ...others] = yield* detailed
        assert.include(found?.detail, "1 events are of transactions up to")
        assert.deepStrictEqual(others, [])
        yield* TestDatabase.session((sql) =>
          Effect.andThen(
            sql.unsafe("set session_replication_role = replica"),
            sql`delete from dueline.events where stream_id = ${Sample.streamOf(ahead.callId)}::uuid`
          )
        )
      })
  )

  it.effect("verify looks at all that is there when it begins, also when an older transaction is still under way", () =>
    Effect.gen(function* () {
      const late = Sample.target()
      const context = yield* Effect.context<PostgresEventSource.EventLog | Database | TestDatabase.TestDatabase>()
      const begun = yield* TestDatabase.session((sql) =>
        Effect.gen(function* () {
          const looking = yield* sql.withTransaction(
            Effect.gen(function* () {
              yield* sql.unsafe("select pg_current_xact_id()::text")
              const damaged = insertLate(late).replace("'{}', now()", "'7', now()")
              yield* Effect.provide(
                TestDatabase.session((other) => other.unsafe(damaged)),
                context
              )
              const fiber = yield* Effect.forkChild(Effect.provide(verify, context), { startImmediately: true })
              // Long enough for it to have read what a reader may see meanwhile: nothing of the damaged event.
              yield* Effect.sleep("300 millis")
              return fiber
            })
          )
          return yield* Fiber.join(looking)
        })
      )
      const damaged = begun.findings.filter(({ check, tenantId }) => check === "metadata" && tenantId === late.tenantId)
      assert.strictEqual(damaged.length, 1)
      yield* TestDatabase.session((sql) =>
        Effect.andThen(
          sql.unsafe("set session_replication_role = replica"),
          sql`delete from dueline.events where stream_id = ${Sample.streamOf(late.callId)}::uuid`
        )
      )
    })
  )

  it.effect("verify finds nothing in a sound database, a row that drifted, and a stream with a hole", () =>
    Effect.gen(function* () {
      const [drifted, holed] = [Sample.target(), Sample.target()]
      yield* commit(drifted)
      yield* TestDatabase.session(
        (sql) => sql`delete from dueline.service_calls where version <> 2 and tenant_id <> ${drifted.tenantId}::uuid`
      )
      const before = yield* verify
      yield* TestDatabase.session((sql) =>
        Effect.all([
          sql`update dueline.service_calls set version = 7 where call_id = ${drifted.callId}::uuid`,
          sql.unsafe(insertLate(holed).replace(", 1, 'service-call'", ", 3, 'other'"))
        ])
      )
      const { findings } = yield* verify
      const fresh = findings
        .filter(({ check }) => check === "versions" || check === "row")
        .filter(({ streamId }) => !before.findings.some((old) => old.streamId === streamId))
      assert.deepStrictEqual(
        fresh.map(({ check, streamId }) => `${check} ${streamId}`),
        [`versions ${holed.callId}`, `row ${drifted.callId}`]
      )
    })
  )

  it.effect(
    "verify finds rows of customers, bins and orders that drifted, that are missing, and that nothing speaks of",
    () =>
      Effect.gen(function* () {
        const { bin, customer, tenantId } = OpsSample.yard()
        const order = OpsSample.order(bin, customer.customerId)
        const commits = [customer, bin, order].map((row) => OpsSample.commit(row))
        yield* (yield* Persistence).commit(commits)
        const ofTenant = Effect.map(verify, ({ findings }) => findings.filter((found) => found.tenantId === tenantId))
        assert.deepStrictEqual(yield* ofTenant, [])
        yield* TestDatabase.session((sql) =>
          Effect.all([
            sql`update dueline.customer_rows set row = jsonb_set(row::jsonb, '{version}', '2')::json where tenant_id = ${tenantId}::uuid`,
            sql`delete from dueline.bin_rows where tenant_id = ${tenantId}::uuid`,
            sql`update dueline.order_rows set row = jsonb_set(row::jsonb, '{orderId}', to_jsonb(${tenantId}::text))::json where tenant_id = ${tenantId}::uuid`
          ])
        )
        assert.sameMembers(
          (yield* ofTenant).map(({ check, streamId }) => `${check} ${streamId}`),
          [customer.customerId, bin.binId, order.orderId, tenantId].map((id) => `row ${id}`)
        )
      })
  )
})
