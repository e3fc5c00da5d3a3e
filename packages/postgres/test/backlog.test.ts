/** Looking for lost calls beside a backlog: attempts do not start in the order of due times, so they may lie anywhere behind it. */
import type { Backlog as Port } from "@dueline/contracts/ports/Backlog"
import { Backlog } from "@dueline/contracts/ports/Backlog"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import * as Sample from "@dueline/port-contracts/Sample"
import * as PostgresBacklog from "@dueline/postgres/read/PostgresBacklog"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"

const layer = Layer.mergeAll(PostgresPersistence.layer, PostgresBacklog.layer).pipe(
  Layer.provideMerge(TestDatabase.layer)
)
const { now } = Sample

const overdue = Effect.fnUntraced(function* (count: number) {
  const store = yield* Persistence
  const tenantId = Sample.tenantId()
  for (let left = count; left > 0; left -= 250) {
    const calls = Array.from({ length: Math.min(left, 250) }, () => Sample.target(tenantId))
    yield* store.commit(calls.map((call) => Sample.commit(call, { row: Sample.due(now - 60_000) })))
  }
})

it.layer(layer, { excludeTestServices: true, timeout: "60 seconds" })("backlog (PostgreSQL)", (it) => {
  it.effect("finds lost calls behind more overdue ones than one statement reads, up to the limit", () =>
    Effect.gen(function* () {
      const [store, backlog] = [yield* Persistence, yield* Backlog]
      yield* overdue(10_005)
      const gone = Sample.workerId()
      const calls = Array.from({ length: 3 }, () => Sample.target())
      const rows = calls.map((call) =>
        Sample.commit(call, { row: { ...Sample.due(now), ...Sample.running(gone, 1, now + 10_000) } })
      )
      yield* store.commit(rows)
      const look = (options: Partial<Parameters<Port["Service"]["abandoned"]>[0]>) =>
        Effect.map(backlog.abandoned({ now, soleWorker: null, deadWorkers: [], limit: 100, ...options }), (found) =>
          found.map(({ callId }) => callId)
        )
      const names = calls.map(({ callId }) => callId)
      assert.deepStrictEqual(yield* look({}), [])
      assert.deepStrictEqual(yield* look({ deadWorkers: [gone] }), names)
      assert.deepStrictEqual(yield* look({ now: now + 10_001 }), names)
      assert.deepStrictEqual(yield* look({ deadWorkers: [gone], limit: 2 }), names.slice(0, 2))
    })
  )
})
