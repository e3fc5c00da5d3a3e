/** Rows that are put right: nobody writes one meanwhile, and nobody is waited for. */
import { Persistence } from "@dueline/contracts/ports/Persistence"
import * as Sample from "@dueline/port-contracts/Sample"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import * as ReadModels from "@dueline/postgres/admin/ReadModels"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Schedule } from "effect"

const layer = Layer.merge(PostgresPersistence.layer, ReadModels.layerRowRepair).pipe(
  Layer.provideMerge(TestDatabase.layer)
)

const submitted = Effect.fnUntraced(function* () {
  const call = Sample.target()
  yield* (yield* Persistence).commit([Sample.commit(call)])
  return call
})

const keyOf = ({ callId, tenantId }: Sample.Target) => ({ tenantId, streamId: Sample.streamOf(callId) })

/** How many sessions of the writer wait for a lock. */
const waiting = TestDatabase.session((sql) =>
  Effect.map(
    sql.unsafe<{ readonly count: number }>(
      `select count(*)::int as count from pg_stat_activity
        where datname = current_database() and usename = 'dueline_writer' and wait_event_type = 'Lock'`
    ),
    ([row]) => row?.count ?? 0
  )
)

it.layer(layer, { excludeTestServices: true, timeout: "60 seconds" })("row repair", (it) => {
  it.effect("a commit to a row that is held waits until the transaction has ended, and then happens", () =>
    Effect.gen(function* () {
      const call = yield* submitted()
      const repair = yield* ReadModels.RowRepair
      const store = yield* Persistence
      // Begun here, outside the transaction, so that it has a connection of its own.
      const go = yield* Deferred.make<void>()
      const commit = yield* Effect.forkChild(
        Effect.andThen(Deferred.await(go), store.commit([Sample.commit(call, { expectedVersion: 1 })]))
      )
      const during = yield* repair.together(
        Effect.gen(function* () {
          const held = yield* repair.hold("service-call", [keyOf(call)])
          yield* Deferred.succeed(go, undefined)
          yield* Effect.repeat(waiting, { until: (count) => count > 0, schedule: Schedule.spaced("5 millis") })
          return { held, ended: commit.pollUnsafe() !== undefined }
        })
      )
      assert.deepStrictEqual(during, { held: [keyOf(call)], ended: false })
      yield* Fiber.join(commit)
    })
  )

  it.effect("a row that somebody is writing is neither held nor waited for; the others are", () =>
    Effect.gen(function* () {
      const [busy, idle] = [yield* submitted(), yield* submitted()]
      const repair = yield* ReadModels.RowRepair
      const context = yield* Effect.context<ReadModels.RowRepair>()
      const held = yield* TestDatabase.session((sql) =>
        sql.withTransaction(
          Effect.gen(function* () {
            yield* sql`update dueline.service_calls set attempt = 9 where call_id = ${busy.callId}::uuid`
            return yield* repair.together(repair.hold("service-call", [busy, idle].map(keyOf)))
          }).pipe(Effect.provide(context))
        )
      )
      assert.deepStrictEqual(held, [keyOf(idle)])
    })
  )

  it.effect("only a row that no event speaks of can be dropped", () =>
    Effect.gen(function* () {
      const [told, untold] = [yield* submitted(), yield* submitted()]
      yield* TestDatabase.session((sql) =>
        Effect.andThen(
          sql`set session_replication_role = replica`,
          sql`delete from dueline.events where stream_id = ${untold.callId}::uuid`
        )
      )
      const repair = yield* ReadModels.RowRepair
      assert.strictEqual(yield* repair.drop("service-call", [told, untold].map(keyOf)), 1)
      const left = yield* TestDatabase.session(
        (sql) =>
          sql`select call_id as id from dueline.service_calls where call_id in (${told.callId}::uuid, ${untold.callId}::uuid)`
      )
      assert.deepStrictEqual(left, [{ id: told.callId }])
    })
  )
})
