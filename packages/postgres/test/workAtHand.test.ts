/** That one question finds what the three that it stands for would find, and is a few index entries where there is nothing. */
import type { EpochMillis } from "@dueline/contracts/Ids"
import { Deliveries } from "@dueline/contracts/ports/Deliveries"
import { DueSchedules } from "@dueline/contracts/ports/DueWork"
import { JobItems } from "@dueline/contracts/ports/JobItems"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import { probes, scheduleRow, subscriptionRow } from "@dueline/port-contracts/queries/OpsListProbe"
import * as OpsSample from "@dueline/port-contracts/queries/OpsSample"
import * as Sample from "@dueline/port-contracts/Sample"
import * as PostgresDueWork from "@dueline/postgres/read/PostgresDueWork"
import { type LedWorkName, workAtHand } from "@dueline/postgres/read/workAtHand"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import * as PostgresDeliveries from "@dueline/postgres/write/PostgresDeliveries"
import * as PostgresJobItems from "@dueline/postgres/write/PostgresJobItems"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"

const layer = Layer.mergeAll(
  PostgresPersistence.layer,
  PostgresDueWork.layerDueSchedules,
  PostgresJobItems.layer,
  PostgresDeliveries.layer
).pipe(Layer.provideMerge(TestDatabase.layer))

const before = 5_000
const tenantId = Sample.tenantId()

/** What each of those who would work finds by its own questions. */
const found = Effect.gen(function* () {
  const deliveries = yield* Deliveries
  const looks: ReadonlyArray<readonly [LedWorkName, Effect.Effect<ReadonlyArray<unknown>, unknown>]> = [
    ["schedules", (yield* DueSchedules).due({ before, after: null, limit: 1 })],
    ["jobs", (yield* JobItems).active(1)],
    ["deliveries", deliveries.unsorted(1)],
    ["deliveries", deliveries.open({ after: null, limit: 1 })],
    ["deliveries", deliveries.redelivering(1)]
  ]
  const names = new Set<LedWorkName>()
  for (const [name, look] of looks) if ((yield* look).length > 0) names.add(name)
  return names
})

const agree = Effect.fnUntraced(function* (expected: ReadonlyArray<LedWorkName>) {
  assert.deepStrictEqual([...(yield* workAtHand(before))].sort(), [...expected].sort())
  assert.deepStrictEqual([...(yield* found)].sort(), [...expected].sort())
})

it.layer(layer, { excludeTestServices: true, timeout: "60 seconds" })("what there is to do", (it) => {
  it.effect("is found by one question as by those of each, from nothing to all of it and back", () =>
    Effect.gen(function* () {
      const { commit } = yield* Persistence
      const deliveries = yield* Deliveries
      yield* agree([])
      const schedule = scheduleRow(tenantId, { wakeAt: 6_000 as EpochMillis })
      const subscription = subscriptionRow(tenantId, {})
      yield* commit([OpsSample.commit(schedule), OpsSample.commit(subscription)])
      yield* agree([])
      yield* commit([OpsSample.commit({ ...schedule, version: 2, wakeAt: 5_000 as EpochMillis })])
      yield* agree(["schedules"])
      const job = {
        ...probes["bulk-job"].row(tenantId, { createdAt: Sample.now as EpochMillis }),
        status: "Running" as const
      }
      yield* commit([OpsSample.commit(job)])
      yield* agree(["jobs", "schedules"])
      yield* commit([OpsSample.commit({ ...schedule, version: 3, wakeAt: null })])
      yield* commit([
        Sample.commit({ ...Sample.target(), tenantId }, { outbox: [Sample.message({ schemaVersion: 1 })] })
      ])
      yield* agree(["deliveries", "jobs"])
      const { subscriptionId } = subscription
      const [message] = yield* deliveries.unsorted(1)
      yield* deliveries.sort([{ tenantId, seq: message?.seq ?? 0, to: [subscriptionId] }])
      yield* agree(["deliveries", "jobs"])
      yield* commit([OpsSample.commit({ ...job, version: 2, status: "Completed" })])
      const { ready } = yield* deliveries.look({ tenantId, subscriptionId, limit: 1 })
      yield* deliveries.settle({
        tenantId,
        subscriptionId,
        ended: ready.map(({ place }) => ({ place, outcome: "delivered" as const }))
      })
      yield* agree([])
      yield* commit([
        OpsSample.commit({
          ...subscription,
          version: 2,
          redelivery: { number: 1, from: 0 as EpochMillis, to: 1 as EpochMillis, after: 0, done: false }
        } as typeof subscription)
      ])
      yield* agree(["deliveries"])
    })
  )
})
