/** The memory store passes the suites of the ports it stands in for. */
import * as DeadLettersMemory from "@dueline/port-contracts/memory/DeadLettersMemory"
import * as EventBusMemory from "@dueline/contracts/memory/EventBusMemory"
import * as LeasesMemory from "@dueline/port-contracts/memory/LeasesMemory"
import * as MemoryStore from "@dueline/port-contracts/memory/MemoryStore"
import * as DirectoriesContract from "@dueline/port-contracts/queries/DirectoriesContract"
import * as AuditTrailContract from "@dueline/port-contracts/queries/AuditTrailContract"
import * as BacklogContract from "@dueline/port-contracts/BacklogContract"
import * as BinsNearContract from "@dueline/port-contracts/queries/BinsNearContract"
import * as CallQueriesContract from "@dueline/port-contracts/queries/CallQueriesContract"
import * as DueWorkContract from "@dueline/port-contracts/DueWorkContract"
import * as DeliveriesContract from "@dueline/port-contracts/DeliveriesContract"
import * as DeadLettersContract from "@dueline/port-contracts/DeadLettersContract"
import * as SessionsContract from "@dueline/port-contracts/SessionsContract"
import * as TenantRulesContract from "@dueline/port-contracts/queries/TenantRulesContract"
import * as OverviewsContract from "@dueline/port-contracts/queries/OverviewsContract"
import * as EventBusContract from "@dueline/port-contracts/bus/EventBusContract"
import * as EventSourceContract from "@dueline/port-contracts/queries/EventSourceContract"
import * as OpsQueriesContract from "@dueline/port-contracts/queries/OpsQueriesContract"
import * as JobItemsContract from "@dueline/port-contracts/JobItemsContract"
import * as LeasesContract from "@dueline/port-contracts/LeasesContract"
import * as OutboxContract from "@dueline/port-contracts/OutboxContract"
import * as FlowPlacesContract from "@dueline/port-contracts/FlowPlacesContract"
import * as PersistenceContract from "@dueline/port-contracts/persistence/PersistenceContract"
import { DeadLetterQueries, DeadLetters } from "@dueline/contracts/ports/DeadLetters"
import * as ProductEventsContract from "@dueline/port-contracts/queries/ProductEventsContract"
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
DirectoriesContract.courierSources("memory", { layer: MemoryStore.layerMemory() })
DirectoriesContract.apiKeys("memory", { layer: MemoryStore.layerMemory() })
DueWorkContract.dueIngestions("memory", { layer: MemoryStore.layerMemory() })
ProductEventsContract.suite("memory", { layer: MemoryStore.layerMemory() })
DirectoriesContract.tenantDirectory("memory", { layer: MemoryStore.layerMemory() })
SessionsContract.suite("memory", { layer: MemoryStore.layerMemory() })
DirectoriesContract.pauses("memory", { layer: MemoryStore.layerMemory() })
TenantRulesContract.redactionRules("memory", { layer: MemoryStore.layerMemory() })
TenantRulesContract.retentionRules("memory", { layer: MemoryStore.layerMemory() })
OverviewsContract.suite("memory", { layer: MemoryStore.layerMemory() })
DueWorkContract.dueSchedules("memory", { layer: MemoryStore.layerMemory() })
AuditTrailContract.suite("memory", { layer: MemoryStore.layerMemory() })
DeliveriesContract.suite("memory", { layer: MemoryStore.layerMemory() })
FlowPlacesContract.suite("memory", { layer: MemoryStore.layerMemory(), age: TestClock.adjust })
DueWorkContract.changedOrders("memory", { layer: MemoryStore.layerMemory() })
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
