/** The memory store passes the suites of the ports it stands in for. */
import * as DeadLettersMemory from "@dueline/port-contracts/memory/DeadLettersMemory"
import * as EventBusMemory from "@dueline/contracts/memory/EventBusMemory"
import * as LeasesMemory from "@dueline/port-contracts/memory/LeasesMemory"
import * as MemoryStore from "@dueline/port-contracts/memory/MemoryStore"
import * as ApiKeysContract from "@dueline/port-contracts/queries/ApiKeysContract"
import * as AuditTrailContract from "@dueline/port-contracts/queries/AuditTrailContract"
import * as BacklogContract from "@dueline/port-contracts/BacklogContract"
import * as BinsNearContract from "@dueline/port-contracts/queries/BinsNearContract"
import * as CallQueriesContract from "@dueline/port-contracts/queries/CallQueriesContract"
import * as CourierSourcesContract from "@dueline/port-contracts/queries/CourierSourcesContract"
import * as DueIngestionsContract from "@dueline/port-contracts/DueIngestionsContract"
import * as ChangedOrdersContract from "@dueline/port-contracts/ChangedOrdersContract"
import * as DeliveriesContract from "@dueline/port-contracts/DeliveriesContract"
import * as DueSchedulesContract from "@dueline/port-contracts/DueSchedulesContract"
import * as DeadLettersContract from "@dueline/port-contracts/DeadLettersContract"
import * as SessionsContract from "@dueline/port-contracts/SessionsContract"
import * as RedactionRulesContract from "@dueline/port-contracts/queries/RedactionRulesContract"
import * as RetentionRulesContract from "@dueline/port-contracts/queries/RetentionRulesContract"
import * as OverviewsContract from "@dueline/port-contracts/queries/OverviewsContract"
import * as TenantDirectoryContract from "@dueline/port-contracts/queries/TenantDirectoryContract"
import * as EventBusContract from "@dueline/port-contracts/bus/EventBusContract"
import * as EventSourceContract from "@dueline/port-contracts/queries/EventSourceContract"
import * as OpsQueriesContract from "@dueline/port-contracts/queries/OpsQueriesContract"
import * as JobItemsContract from "@dueline/port-contracts/JobItemsContract"
import * as LeasesContract from "@dueline/port-contracts/LeasesContract"
import * as OutboxContract from "@dueline/port-contracts/OutboxContract"
import * as FlowPlacesContract from "@dueline/port-contracts/FlowPlacesContract"
import * as PausesContract from "@dueline/port-contracts/queries/PausesContract"
import * as PersistenceContract from "@dueline/port-contracts/persistence/PersistenceContract"
import { DeadLetterQueries } from "@dueline/contracts/ports/DeadLetterQueries"
import * as ProductEventsContract from "@dueline/port-contracts/queries/ProductEventsContract"
import { DeadLetters } from "@dueline/contracts/ports/DeadLetters"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"

PersistenceContract.suite("memory", { layer: MemoryStore.layerMemory() })
OutboxContract.suite("memory", { layer: MemoryStore.layerMemory() })
BacklogContract.suite("memory", { layer: MemoryStore.layerMemory() })
CallQueriesContract.suite("memory", { layer: MemoryStore.layerMemory() })
CallQueriesContract.suite("memory, looking at 3 rows a page", { layer: MemoryStore.layerMemory({ scanBudget: 3 }) })
OpsQueriesContract.suite("memory", { layer: MemoryStore.layerMemory() })
OpsQueriesContract.suite("memory, looking at 3 rows a page", { layer: MemoryStore.layerMemory({ scanBudget: 3 }) })

EventSourceContract.suite("memory", { layer: MemoryStore.layerMemory() })
JobItemsContract.suite("memory", { layer: MemoryStore.layerMemory() })
CourierSourcesContract.suite("memory", { layer: MemoryStore.layerMemory() })
ApiKeysContract.suite("memory", { layer: MemoryStore.layerMemory() })
DueIngestionsContract.suite("memory", { layer: MemoryStore.layerMemory() })
ProductEventsContract.suite("memory", { layer: MemoryStore.layerMemory() })
TenantDirectoryContract.suite("memory", { layer: MemoryStore.layerMemory() })
SessionsContract.suite("memory", { layer: MemoryStore.layerMemory() })
PausesContract.suite("memory", { layer: MemoryStore.layerMemory() })
RedactionRulesContract.suite("memory", { layer: MemoryStore.layerMemory() })
RetentionRulesContract.suite("memory", { layer: MemoryStore.layerMemory() })
OverviewsContract.suite("memory", { layer: MemoryStore.layerMemory() })
DueSchedulesContract.suite("memory", { layer: MemoryStore.layerMemory() })
AuditTrailContract.suite("memory", { layer: MemoryStore.layerMemory() })
DeliveriesContract.suite("memory", { layer: MemoryStore.layerMemory() })
FlowPlacesContract.suite("memory", { layer: MemoryStore.layerMemory(), age: TestClock.adjust })
ChangedOrdersContract.suite("memory", { layer: MemoryStore.layerMemory() })
BinsNearContract.suite("memory", { layer: MemoryStore.layerMemory() })

EventBusContract.suite("memory", {
  layer: EventBusMemory.layer(),
  passTime: TestClock.adjust,
  features: { publishWaits: true, deduplicates: true }
})

LeasesContract.suite("memory", { layer: LeasesMemory.layer, passTime: TestClock.adjust })

const kept = DeadLettersMemory.make()
DeadLettersContract.suite("memory", {
  layer: Layer.merge(Layer.succeed(DeadLetters, kept.letters), Layer.succeed(DeadLetterQueries, kept.queries)),
  kept: (tenantId) => Effect.sync(() => kept.kept().filter(({ message }) => message.tenantId === tenantId))
})
