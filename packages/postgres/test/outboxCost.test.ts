/** What an entry costs on its way out, counted in blocks by the server: no more after many were delivered than on a young table. */
import { Outbox } from "@dueline/contracts/ports/Outbox"
import * as Sample from "@dueline/port-contracts/Sample"
import { Database } from "@dueline/postgres/Database"
import * as PostgresOutbox from "@dueline/postgres/write/PostgresOutbox"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer } from "effect"

/** Dead rows stay: nobody vacuums, and somebody looks at an old state of the database while `use` runs. */
const neglected = <A, E, R>(use: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    yield* TestDatabase.session((sql) => sql`alter table dueline.outbox set (autovacuum_enabled = false)`)
    const [looking, enough] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
    const onlooker = yield* Effect.forkChild(
      TestDatabase.session((sql) =>
        sql.withTransaction(
          Effect.gen(function* () {
            yield* sql`set transaction isolation level repeatable read`
            yield* sql`select count(*) from dueline.outbox`
            yield* Deferred.succeed(looking, undefined)
            yield* Deferred.await(enough)
          })
        )
      )
    )
    yield* Deferred.await(looking)
    const result = yield* use
    yield* Deferred.succeed(enough, undefined)
    yield* Fiber.join(onlooker)
    return result
  })

const fill = (count: number) =>
  TestDatabase.session(
    (sql) => sql`insert into dueline.outbox (tenant_id, event_id, stream_id, topic, payload)
      select ${Sample.tenantId()}::uuid, gen_random_uuid(), gen_random_uuid(), 'sample', '{"schemaVersion":1}'
      from generate_series(1, ${count}::int)`
  )

const claim = (limit: number) => Effect.flatMap(Outbox, (outbox) => outbox.claim({ now: Sample.now, limit }))

/** Claims and delivers until nothing is left, as a dispatcher does. */
const deliverAll = (limit: number) =>
  Effect.gen(function* () {
    for (let delivered = 0; ; ) {
      const entries = yield* claim(limit)
      if (entries.length === 0) return delivered
      delivered += entries.length
      yield* (yield* Outbox).settle(entries.map((entry) => ({ _tag: "Delivered", entry })))
    }
  })

/** A session hands in its statistics late, unless it is asked to. */
const flush = Effect.flatMap(Database, ({ worker }) =>
  Effect.all(
    Array.from({ length: 4 }, () => worker.unsafe("select pg_stat_force_next_flush(), pg_sleep(0.05)")),
    { concurrency: "unbounded" }
  )
)

/** Blocks of the outbox and its indexes that were asked for, cached or not. */
const asked = Effect.andThen(
  flush,
  TestDatabase.session((sql) =>
    Effect.map(
      sql.unsafe<{ readonly blocks: number }>(
        `select (heap_blks_hit + heap_blks_read + idx_blks_hit + idx_blks_read)::int as blocks
          from pg_statio_user_tables where schemaname = 'dueline' and relname = 'outbox'`
      ),
      ([row]) => row?.blocks ?? Number.NaN
    )
  )
)

const blocksOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const before = yield* asked
    yield* effect
    return (yield* asked) - before
  })

const fromTheStart = Effect.flatMap(Database, ({ worker }) =>
  worker.unsafe("select * from dueline.claim_outbox($1::float8::bigint, 100, 0)", [Sample.now])
)

/** Commits an entry late: its position is handed out before `meanwhile`, and it shows afterwards. */
const lateEntry = <A, E, R>(meanwhile: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const [written, enough] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
    const late = yield* Effect.forkChild(
      TestDatabase.session((sql) =>
        sql.withTransaction(
          Effect.gen(function* () {
            // As a commit does, which writes its events first.
            yield* sql`select pg_current_xact_id()::text`
            yield* sql`insert into dueline.outbox (tenant_id, event_id, stream_id, topic, payload)
              values (${Sample.tenantId()}::uuid, gen_random_uuid(), gen_random_uuid(), 'sample', '"late"')`
            yield* Deferred.succeed(written, undefined)
            yield* Deferred.await(enough)
          })
        )
      )
    )
    yield* Deferred.await(written)
    yield* meanwhile
    yield* Deferred.succeed(enough, undefined)
    yield* Fiber.join(late)
  })

const layer = PostgresOutbox.layer.pipe(Layer.provideMerge(TestDatabase.layer))

it.layer(layer, { excludeTestServices: true, timeout: "60 seconds" })("cost of the outbox", (it) => {
  it.effect(
    "a claim and a settlement ask for as many blocks after 50,000 deliveries without a vacuum as on a young table",
    () =>
      neglected(
        Effect.gen(function* () {
          yield* fill(100)
          const young = { claim: yield* blocksOf(claim(100)), deliver: yield* blocksOf(deliverAll(100)) }
          yield* fill(50_000)
          assert.strictEqual(yield* deliverAll(500), 50_000)
          yield* fill(100)
          const old = { claim: yield* blocksOf(claim(100)), deliver: yield* blocksOf(deliverAll(100)) }
          const found = JSON.stringify({ young, old })
          assert.isAtMost(old.claim, young.claim * 1.5, found)
          assert.isAtMost(old.deliver, young.deliver * 2, found)
          // What it would be without a mark, or else this counts something else than it says.
          assert.isAtLeast(yield* blocksOf(fromTheStart), young.claim * 4)
        })
      )
  )

  it.effect("an entry that is committed late is not passed over, however many were delivered meanwhile", () =>
    Effect.gen(function* () {
      yield* fill(3_000)
      yield* deliverAll(500)
      yield* lateEntry(
        Effect.gen(function* () {
          yield* fill(6_000)
          assert.strictEqual(yield* deliverAll(500), 6_000)
        })
      )
      const entries = yield* claim(10)
      assert.deepStrictEqual(
        entries.map(({ payload }) => payload),
        ["late"]
      )
      assert.strictEqual(yield* deliverAll(10), 1)
    })
  )
})
