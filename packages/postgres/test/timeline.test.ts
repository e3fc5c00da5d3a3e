/** What a page of a timeline costs in a log with many other causes. Counted by the server, not by the clock. */
import { CorrelationId, TenantId } from "@dueline/contracts/Ids"
import { EventSource, type TimelineMark } from "@dueline/contracts/ports/History"
import * as PostgresEventSource from "@dueline/postgres/read/PostgresEventSource"
import { Database } from "@dueline/postgres/Database"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"

const layer = PostgresEventSource.layer.pipe(Layer.provideMerge(TestDatabase.layer))
const tenantId = TenantId.make("00000000-0000-7000-8000-0000000000aa")
const correlationId = CorrelationId.make("long")

/** One cause with a tenth of all events, spread over the whole time. */
const fill = TestDatabase.session((sql) =>
  sql.unsafe(`insert into dueline.events
      (tenant_id, stream_id, version, category, event_id, type, event_version, payload, metadata, recorded_at)
    select '${tenantId}', gen_random_uuid(), 1, 'bin', gen_random_uuid(), 'BinRetired', 1, '{}',
      json_build_object('correlationId', case when i % 10 = 0 then 'long' else 'c' || i % 999 end), to_timestamp(i / 1000.0)
    from generate_series(1, 20000) i`)
)

const work = TestDatabase.session((sql) =>
  sql.unsafe<{ readonly walked: number; readonly fetched: number }>(
    `select seq_tup_read::int as walked, coalesce(idx_tup_fetch, 0)::int as fetched from pg_stat_user_tables where relname = 'events'`
  )
)

/** A session hands in its statistics when it is asked to. Every pooled session is asked. */
const flush = Effect.flatMap(Database, ({ edge }) =>
  Effect.all(
    Array.from({ length: 4 }, () => edge.unsafe("select pg_stat_force_next_flush(), pg_sleep(0.05)")),
    { concurrency: "unbounded" }
  )
)

it.layer(layer, { excludeTestServices: true, timeout: "60 seconds" })("timeline", (it) => {
  it.effect(
    "a page costs as many events as it holds, at the beginning and far into a long one",
    () =>
      Effect.gen(function* () {
        yield* fill
        const source = yield* EventSource
        const pages = 20
        let after: TimelineMark | null = null
        yield* flush
        const [before] = yield* work
        let seen = 0
        for (let n = 0; n < pages; n++) {
          const events: ReadonlyArray<TimelineMark> = yield* source.correlated({
            tenantId,
            correlationId,
            after,
            limit: 50
          })
          seen += events.length
          after = events.at(-1) ?? null
        }
        yield* flush
        const [then] = yield* work
        assert.strictEqual(seen, pages * 50)
        assert.strictEqual(then?.walked, before?.walked)
        // Once to find it, once to read it; and a few at a page's edge.
        assert.isAtMost((then?.fetched ?? 0) - (before?.fetched ?? 0), pages * 110)
      }),
    { tags: ["ADR-0018.7"] }
  )
})
