/** What an overview tells, and what it reads, by the server's own account, with few calls and with a hundred times as many. */
import { Overviews, overdueBudget, overviewBudget } from "@dueline/contracts/ports/Overviews"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import * as OverviewsContract from "@dueline/port-contracts/queries/OverviewsContract"
import * as Sample from "@dueline/port-contracts/Sample"
import { Database } from "@dueline/postgres/Database"
import * as PostgresOverviews from "@dueline/postgres/read/PostgresOverviews"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"

const layer = PostgresPersistence.layer.pipe(Layer.provideMerge(TestDatabase.layerAlone))

OverviewsContract.suite("PostgreSQL", {
  layer: Layer.merge(PostgresOverviews.layer, PostgresPersistence.layer).pipe(
    Layer.provideMerge(TestDatabase.layerAlone)
  ),
  realTime: true
})

interface Explained {
  readonly "QUERY PLAN": ReadonlyArray<{ readonly Plan: Record<string, number> }>
}

/** The second time, since the first one fills the caches of the catalog; `before` comes before each. */
const blocks = Effect.fnUntraced(function* <E, R>(statement: string, before: Effect.Effect<unknown, E, R>) {
  const { worker } = yield* Database
  const explain = worker.unsafe<Explained>(`explain (analyze, buffers, format json) ${statement}`)
  yield* before
  yield* explain
  yield* before
  const [row] = yield* explain
  const plan = row?.["QUERY PLAN"][0]?.Plan
  return (plan?.["Shared Hit Blocks"] ?? Infinity) + (plan?.["Shared Read Blocks"] ?? Infinity)
})

const columns = `select string_agg(quote_ident(a.attname), ', ' order by a.attnum) as names from pg_attribute a
  where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and a.attidentity = ''`

/** Calls like the one that is there, with an event each, of the tenant and of others. */
const multiply = (call: Sample.Target, calls: number) =>
  TestDatabase.session((sql) =>
    Effect.gen(function* () {
      for (const [table, id] of [
        ["service_calls", "call_id"],
        ["events", "stream_id"]
      ] as const) {
        const [found] = yield* sql.unsafe<{ readonly names: string }>(columns, [`dueline.${table}`])
        const names = (found?.names ?? "").split(", ").filter((name) => name !== "xact")
        const values = names.map((name) =>
          name === id
            ? "gen_random_uuid()"
            : name === "tenant_id"
              ? "case n % 2 when 0 then t.tenant_id else $2::uuid end"
              : `t.${name}`
        )
        yield* sql.unsafe(
          `insert into dueline.${table} (${names.join(", ")})
            select ${values.join(", ")} from dueline.${table} t, generate_series(1, ${calls}) n where t.${id} = $1::uuid`,
          [call.callId, Sample.tenantId()]
        )
        yield* sql.unsafe(`vacuum analyze dueline.${table}`)
      }
    })
  )

it.layer(layer, { excludeTestServices: true, timeout: "120 seconds" })("an overview", (it) => {
  it.effect(
    "reads as much with fifty thousand calls as with five hundred, and so does counting one more",
    () =>
      Effect.gen(function* () {
        const store = yield* Persistence
        const call = Sample.target()
        const ended = { status: "Succeeded", wakeAt: null } as const
        const submitted = () => [{ ...Sample.event(), type: "ServiceCallSubmitted" }]
        yield* store.commit([Sample.commit(call, { events: submitted(), row: ended })])
        const { worker } = yield* Database
        const countAll = worker.unsafe("select dueline.count_calls(5000)")
        const measured: Array<{ readonly look: number; readonly all: number; readonly count: number }> = []
        for (const calls of [500, 49_500]) {
          yield* multiply(call, calls)
          yield* Effect.repeat(countAll, { times: 5 })
          const another = Effect.suspend(() =>
            store.commit([Sample.commit(Sample.target(call.tenantId), { events: submitted(), row: ended })])
          )
          const overview = (tenantId: string) =>
            `select dueline.overview('${tenantId}', ${Sample.now}, ${overviewBudget}, ${overdueBudget})`
          measured.push({
            count: yield* blocks("select dueline.count_calls(5000)", another),
            look: yield* blocks(overview(call.tenantId), Effect.void),
            all: yield* blocks(overview("00000000-0000-0000-0000-000000000000"), Effect.void)
          })
        }
        const [few, many] = measured
        if (few === undefined || many === undefined) return assert.fail("nothing was measured")
        const told = JSON.stringify(measured)
        assert.isBelow(many.look, 200, told)
        assert.isAtMost(many.look, few.look + 20, told)
        assert.isAtMost(many.all, few.all + 20, told)
        // The part of the log that has no summary yet in its block range index is looked through.
        assert.isBelow(many.count, few.count + 400, told)
        const [counted] = yield* worker.unsafe<{ readonly n: number }>(
          `select (dueline.overview('${call.tenantId}', ${Sample.now}, 1, 1) -> 'calls' ->> 'Scheduled')::int as n`
        )
        assert.strictEqual(counted?.n, 25_005)
      }),
    { tags: ["ADR-0044.5"] }
  )

  it.effect(
    "a look for the latest transactions reads a bounded part of the log, although no vacuum has come since",
    () =>
      Effect.gen(function* () {
        const store = yield* Persistence
        const { worker } = yield* Database
        const call = Sample.target()
        const one = Effect.suspend(() => store.commit([Sample.commit(Sample.target(call.tenantId))]))
        yield* one
        yield* TestDatabase.session((sql) =>
          Effect.andThen(
            sql.unsafe("alter table dueline.events set (autovacuum_enabled = off)"),
            sql.unsafe(`insert into dueline.events
              (tenant_id, stream_id, version, category, event_id, type, event_version, payload, metadata, recorded_at)
            select '${call.tenantId}', gen_random_uuid(), 1, 'service-call', gen_random_uuid(), 'ServiceCallSubmitted', 1, '{}',
              '{"correlationId":"x"}', now() from generate_series(1, 40000)`)
          )
        )
        yield* worker.unsafe("select dueline.count_calls(5000)")
        const read = yield* blocks("select dueline.count_calls(5000)", one)
        assert.isBelow(read, 500)
      }),
    { tags: ["ADR-0044.5"] }
  )

  it.effect(
    "how far sealing and counting are behind is told with the age of the oldest event, at a bounded cost",
    () =>
      Effect.gen(function* () {
        const store = yield* Persistence
        const { behind, count } = yield* Effect.provide(Overviews, PostgresOverviews.layer)
        const countAll = Effect.gen(function* () {
          while ((yield* count(5_000)) !== 0) yield* Effect.yieldNow
        })
        yield* countAll
        const call = Sample.target()
        yield* store.commit([Sample.commit(call)])
        const one = yield* behind
        assert.deepStrictEqual(one.counting, { count: 1, more: false, oldestAt: Sample.now })
        assert.isAtLeast(one.sealing.count, 1)
        yield* multiply(call, 40_000)
        const many = yield* behind
        assert.deepStrictEqual(many.counting, { count: 1_000, more: true, oldestAt: Sample.now })
        assert.isTrue(many.sealing.more)
        assert.isBelow(yield* blocks("select dueline.work_behind(1000)", Effect.void), 1_000)
        yield* countAll
        assert.deepStrictEqual((yield* behind).counting, { count: 0, more: false, oldestAt: null })
      }),
    { tags: ["ADR-0044.6"] }
  )

  it.effect("counts of all tenants together are the sums of those of each", () =>
    Effect.gen(function* () {
      const sums = yield* TestDatabase.session((sql) =>
        sql.unsafe<{ readonly differs: number }>(`select count(*)::int as differs from (
          select status, sum(case when tenant_id = '00000000-0000-0000-0000-000000000000' then n else -n end) as n
          from dueline.call_counts group by status) s where s.n <> 0`)
      )
      assert.deepStrictEqual(sums, [{ differs: 0 }])
    })
  )
})
