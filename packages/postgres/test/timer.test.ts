/** The database timer, judged by the suite that every timer passes. */
import { Persistence } from "@dueline/contracts/ports/Persistence"
import * as TimerContract from "@dueline/port-contracts/TimerContract"
import * as PostgresBacklog from "@dueline/postgres/read/PostgresBacklog"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import * as PostgresTimer from "@dueline/postgres/write/PostgresTimer"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import { Effect, Layer } from "effect"

const layer = PostgresTimer.layer({ intervalMs: 50, graceMs: 60_000 }).pipe(
  Layer.provide(PostgresBacklog.layer),
  Layer.provideMerge(PostgresPersistence.layer),
  Layer.provide(TestDatabase.layer)
)

TimerContract.suite("PostgreSQL", {
  layer,
  realTime: true,
  passTime: (ms) => Effect.sleep(ms),
  exist: (alarm) => Effect.flatMap(Persistence, (store) => store.commit([TimerContract.scheduled(alarm)])),
  features: { once: false }
})
