/** Every port this package implements, judged by the suites that every adapter passes. */
import * as DirectoriesContract from "@dueline/port-contracts/queries/DirectoriesContract"
import * as AuditTrailContract from "@dueline/port-contracts/queries/AuditTrailContract"
import * as BacklogContract from "@dueline/port-contracts/BacklogContract"
import * as CallQueriesContract from "@dueline/port-contracts/queries/CallQueriesContract"
import * as DueWorkContract from "@dueline/port-contracts/DueWorkContract"
import * as DeliveriesContract from "@dueline/port-contracts/DeliveriesContract"
import * as DeadLettersContract from "@dueline/port-contracts/DeadLettersContract"
import * as OpsQueriesContract from "@dueline/port-contracts/queries/OpsQueriesContract"
import * as EventSourceContract from "@dueline/port-contracts/queries/EventSourceContract"
import * as JobItemsContract from "@dueline/port-contracts/JobItemsContract"
import * as LeasesContract from "@dueline/port-contracts/LeasesContract"
import * as OutboxContract from "@dueline/port-contracts/OutboxContract"
import * as PersistenceContract from "@dueline/port-contracts/persistence/PersistenceContract"
import * as ProductEventsContract from "@dueline/port-contracts/queries/ProductEventsContract"
import * as PostgresDirectories from "@dueline/postgres/read/PostgresDirectories"
import * as PostgresBacklog from "@dueline/postgres/read/PostgresBacklog"
import * as PostgresCallQueries from "@dueline/postgres/read/PostgresCallQueries"
import * as PostgresDueWork from "@dueline/postgres/read/PostgresDueWork"
import * as PostgresDeadLetterQueries from "@dueline/postgres/read/PostgresDeadLetterQueries"
import * as PostgresAuditTrail from "@dueline/postgres/write/PostgresAuditTrail"
import * as PostgresDeadLetters from "@dueline/postgres/write/PostgresDeadLetters"
import * as PostgresOpsQueries from "@dueline/postgres/read/PostgresOpsQueries"
import * as PostgresEventSource from "@dueline/postgres/read/PostgresEventSource"
import * as PostgresDeliveries from "@dueline/postgres/write/PostgresDeliveries"
import * as PostgresJobItems from "@dueline/postgres/write/PostgresJobItems"
import * as PostgresLeases from "@dueline/postgres/write/PostgresLeases"
import * as PostgresOutbox from "@dueline/postgres/write/PostgresOutbox"
import * as PostgresProductEvents from "@dueline/postgres/write/PostgresProductEvents"
import * as FlowPlacesContract from "@dueline/port-contracts/FlowPlacesContract"
import * as PostgresFlowPlaces from "@dueline/postgres/write/PostgresFlowPlaces"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import * as PostgresRedactionRules from "@dueline/postgres/write/PostgresRedactionRules"
import * as PostgresRetentionRules from "@dueline/postgres/write/PostgresRetentionRules"
import * as PostgresSessions from "@dueline/postgres/write/PostgresSessions"
import * as TenantRulesContract from "@dueline/port-contracts/queries/TenantRulesContract"
import * as SessionsContract from "@dueline/port-contracts/SessionsContract"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import type { DeadLetter } from "@dueline/contracts/ports/DeadLetters"
import { Effect, Exit, Layer, Scope } from "effect"
import { afterAll } from "vitest"

const layer = Layer.mergeAll(
  PostgresPersistence.layer,
  PostgresOutbox.layer,
  PostgresBacklog.layer,
  PostgresCallQueries.layer,
  PostgresOpsQueries.layer,
  PostgresDueWork.layerChangedOrders,
  PostgresDirectories.layerCourierSources,
  PostgresDirectories.layerApiKeys,
  PostgresDueWork.layerDueIngestions,
  PostgresProductEvents.layer(),
  PostgresDirectories.layerTenantDirectory,
  PostgresDirectories.layerPauses,
  PostgresDueWork.layerDueSchedules,
  PostgresSessions.layer,
  PostgresRedactionRules.layer,
  PostgresRetentionRules.layer,
  PostgresDeliveries.layer,
  PostgresDeliveries.layerQueries,
  PostgresFlowPlaces.layer,
  PostgresEventSource.layer,
  PostgresLeases.layer,
  PostgresDeadLetters.layer,
  PostgresJobItems.layer,
  PostgresJobItems.layerQueries,
  PostgresDeadLetterQueries.layer,
  PostgresAuditTrail.layer
).pipe(Layer.provideMerge(TestDatabase.layer))

/** One database for nearly all suites, since each keeps to tenants of its own: to make one takes longer than most of them do. */
const scope = Scope.makeUnsafe()
const built = Effect.runSync(Effect.cached(Layer.buildWithScope(layer, scope)))
const harness = { layer: Layer.effectContext(built), realTime: true }
afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

PersistenceContract.suite("PostgreSQL", harness)
OutboxContract.suite("PostgreSQL", harness)
BacklogContract.suite("PostgreSQL", harness)
CallQueriesContract.suite("PostgreSQL", harness)
EventSourceContract.suite("PostgreSQL", harness)
DueWorkContract.changedOrders("PostgreSQL", harness)
DirectoriesContract.courierSources("PostgreSQL", harness)
DirectoriesContract.apiKeys("PostgreSQL", harness)
DueWorkContract.dueIngestions("PostgreSQL", harness)
ProductEventsContract.suite("PostgreSQL", harness)
// It lists the tenants there are.
DirectoriesContract.tenantDirectory("PostgreSQL", { ...harness, layer })
JobItemsContract.suite("PostgreSQL", harness)
DirectoriesContract.pauses("PostgreSQL", harness)
DueWorkContract.dueSchedules("PostgreSQL", harness)
SessionsContract.suite("PostgreSQL", harness)
DeliveriesContract.suite("PostgreSQL", harness)
FlowPlacesContract.suite("PostgreSQL", {
  ...harness,
  age: (ms) =>
    TestDatabase.session(
      (sql) => sql`update dueline.flow_places set until = until - ${ms}::int * interval '1 millisecond'`
    )
})
OpsQueriesContract.suite("PostgreSQL", harness)
TenantRulesContract.redactionRules("PostgreSQL", harness)
TenantRulesContract.retentionRules("PostgreSQL", harness)
AuditTrailContract.suite("PostgreSQL", harness)

LeasesContract.suite("PostgreSQL", {
  ...harness,
  passTime: (ms) =>
    TestDatabase.session((sql) => sql`update dueline.leases set until = until - ${ms}::int * interval '1 millisecond'`)
})

DeadLettersContract.suite("PostgreSQL", {
  ...harness,
  kept: (tenantId) =>
    TestDatabase.session((sql) =>
      Effect.map(
        sql<{ readonly letter: DeadLetter }>`select json_build_object(
            'message', json_build_object('eventId', event_id, 'tenantId', tenant_id, 'streamId', stream_id, 'topic', topic,
              'payload', payload),
            'group', consumer_group,
            'reasons', (select coalesce(json_agg(h.value ->> 'error' order by h.ordinality), '[]')
              from jsonb_array_elements(history) with ordinality h)) as letter
          from dueline.dead_letters where tenant_id = ${tenantId}::uuid order by event_id, consumer_group`,
        (rows) => rows.map(({ letter }) => letter)
      )
    )
})
