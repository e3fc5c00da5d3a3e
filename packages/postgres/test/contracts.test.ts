/** Every port this package implements, judged by the suites that every adapter passes. */
import * as BacklogContract from "@dueline/port-contracts/BacklogContract"
import * as CallQueriesContract from "@dueline/port-contracts/CallQueriesContract"
import * as OutboxContract from "@dueline/port-contracts/OutboxContract"
import * as PersistenceContract from "@dueline/port-contracts/PersistenceContract"
import * as PostgresBacklog from "@dueline/postgres/PostgresBacklog"
import * as PostgresCallQueries from "@dueline/postgres/PostgresCallQueries"
import * as PostgresOutbox from "@dueline/postgres/PostgresOutbox"
import * as PostgresPersistence from "@dueline/postgres/PostgresPersistence"
import * as TestDatabase from "@dueline/postgres/TestDatabase"
import { Layer } from "effect"

const layer = Layer.mergeAll(
  PostgresPersistence.layer,
  PostgresOutbox.layer,
  PostgresBacklog.layer,
  PostgresCallQueries.layer
).pipe(Layer.provide(TestDatabase.layer))
const harness = { layer, realTime: true }

PersistenceContract.suite("PostgreSQL", harness)
OutboxContract.suite("PostgreSQL", harness)
BacklogContract.suite("PostgreSQL", harness)
CallQueriesContract.suite("PostgreSQL", harness)
