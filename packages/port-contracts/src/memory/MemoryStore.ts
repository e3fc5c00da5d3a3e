/** The ports of the store over one state in memory: for tests, and the store of the simulation. */
import { Context, Layer } from "effect"
import { ApiKeys } from "@dueline/contracts/ports/ApiKeys"
import { AuditTrail } from "@dueline/contracts/ports/AuditTrail"
import { Backlog } from "@dueline/contracts/ports/Backlog"
import { CallQueries } from "@dueline/contracts/ports/CallQueries"
import { ChangedOrders } from "@dueline/contracts/ports/ChangedOrders"
import { CourierSources } from "@dueline/contracts/ports/CourierSources"
import { Deliveries, DeliveryQueries } from "@dueline/contracts/ports/Deliveries"
import { DueIngestions } from "@dueline/contracts/ports/DueIngestions"
import { DeadLetterQueries } from "@dueline/contracts/ports/DeadLetterQueries"
import { DeadLetters } from "@dueline/contracts/ports/DeadLetters"
import { DueSchedules } from "@dueline/contracts/ports/DueSchedules"
import { EventSource } from "@dueline/contracts/ports/EventSource"
import { JobItemQueries, JobItems } from "@dueline/contracts/ports/JobItems"
import { OpsQueries } from "@dueline/contracts/ports/OpsQueries"
import { Outbox, type OutboxEntry } from "@dueline/contracts/ports/Outbox"
import { Overviews } from "@dueline/contracts/ports/Overviews"
import { RedactionRules } from "@dueline/contracts/ports/RedactionRules"
import { RetentionRules } from "@dueline/contracts/ports/RetentionRules"
import type { ReadModelRow } from "@dueline/contracts/kinds"
import { FlowPlaces } from "@dueline/contracts/ports/FlowPlaces"
import { Pauses } from "@dueline/contracts/ports/Pauses"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import { ProductEvents } from "@dueline/contracts/ports/ProductEvents"
import { Sessions } from "@dueline/contracts/ports/Sessions"
import { TenantDirectory } from "@dueline/contracts/ports/TenantDirectory"
import type { StoreRule } from "@dueline/contracts/StoreRule"
import * as ApiKeysMemory from "./ApiKeysMemory.ts"
import * as AuditTrailMemory from "./AuditTrailMemory.ts"
import * as BacklogMemory from "./BacklogMemory.ts"
import * as CallQueriesMemory from "./CallQueriesMemory.ts"
import * as ChangedOrdersMemory from "./ChangedOrdersMemory.ts"
import * as CourierSourcesMemory from "./CourierSourcesMemory.ts"
import * as DeliveriesMemory from "./DeliveriesMemory.ts"
import * as DueIngestionsMemory from "./DueIngestionsMemory.ts"
import * as DeadLettersMemory from "./DeadLettersMemory.ts"
import * as DueSchedulesMemory from "./DueSchedulesMemory.ts"
import * as EventSourceMemory from "./EventSourceMemory.ts"
import * as JobItemsMemory from "./JobItemsMemory.ts"
import * as OpsQueriesMemory from "./OpsQueriesMemory.ts"
import { type DeadEntry, makeState, type MemoryState, type StoredEvent, type StoredReceipt } from "./MemoryState.ts"
import * as RedactionRulesMemory from "./RedactionRulesMemory.ts"
import * as RetentionRulesMemory from "./RetentionRulesMemory.ts"
import * as OverviewsMemory from "./OverviewsMemory.ts"
import * as OutboxMemory from "./OutboxMemory.ts"
import * as ProductEventsMemory from "./ProductEventsMemory.ts"
import * as SessionsMemory from "./SessionsMemory.ts"
import * as FlowPlacesMemory from "./FlowPlacesMemory.ts"
import * as PausesMemory from "./PausesMemory.ts"
import * as PersistenceMemory from "./PersistenceMemory.ts"
import * as TenantDirectoryMemory from "./TenantDirectoryMemory.ts"

/** Everything the store holds at one moment, for checkers, who change nothing of it: later commits do not show in it. */
export interface Dump {
  /** All events of all tenants in commit order. */
  readonly events: ReadonlyArray<StoredEvent>
  readonly rows: ReadonlyArray<ReadModelRow>
  readonly receipts: ReadonlyArray<StoredReceipt>
  /** Not yet delivered, in order of position. */
  readonly outbox: ReadonlyArray<OutboxEntry & { readonly retryAt: number | null }>
  readonly dead: ReadonlyArray<DeadEntry>
  /** Attachments that were not erased, by `tenantId/streamId`. */
  readonly sealed: Readonly<Record<string, string>>
}

export interface Options {
  /** How many rows one page of a list may look at. */
  readonly scanBudget?: number
  /** Rules between aggregates that this store does not keep: a test that relies on them must notice. */
  readonly unkept?: ReadonlyArray<StoreRule>
}

export class MemoryStore extends Context.Service<
  MemoryStore,
  {
    readonly persistence: Persistence["Service"]
    readonly outbox: Outbox["Service"]
    readonly backlog: Backlog["Service"]
    readonly callQueries: CallQueries["Service"]
    readonly opsQueries: OpsQueries["Service"]
    readonly eventSource: EventSource["Service"]
    readonly changedOrders: ChangedOrders["Service"]
    readonly courierSources: CourierSources["Service"]
    readonly apiKeys: ApiKeys["Service"]
    readonly dueIngestions: DueIngestions["Service"]
    readonly deadLetters: DeadLetters["Service"]
    readonly deadLetterQueries: DeadLetterQueries["Service"]
    readonly productEvents: ProductEvents["Service"]
    readonly tenantDirectory: TenantDirectory["Service"]
    readonly jobItems: JobItems["Service"]
    readonly jobItemQueries: JobItemQueries["Service"]
    readonly pauses: Pauses["Service"]
    readonly dueSchedules: DueSchedules["Service"]
    readonly sessions: Sessions["Service"]
    readonly auditTrail: AuditTrail["Service"]
    readonly deliveries: Deliveries["Service"]
    readonly deliveryQueries: DeliveryQueries["Service"]
    readonly flowPlaces: FlowPlaces["Service"]
    readonly overviews: Overviews["Service"]
    readonly redactionRules: RedactionRules["Service"]
    readonly retentionRules: RetentionRules["Service"]
    readonly dump: () => Dump
    /** Forgets every receipt with `expiresAt <= now` (epoch ms), as the cleaning of a database would. */
    readonly forgetReceipts: (now: number) => void
  }
>()("@dueline/port-contracts/memory/MemoryStore") {}

/** What is stored is replaced and never changed, so that new lists of it are enough. */
const dump = (state: MemoryState): Dump => ({
  events: [...state.events],
  rows: [...state.rows.values()],
  receipts: [...state.receipts.values()],
  outbox: [...state.outbox.values()].map(({ entry, retryAt }) => ({ ...entry, retryAt })),
  dead: [...state.dead],
  sealed: Object.fromEntries(
    [...state.streams].flatMap(([key, { sealed }]) => (sealed === null ? [] : [[key, sealed] as const]))
  )
})

/** A new, empty store. Knows neither clock nor dice: the same calls in the same order leave the same state. */
export const make = ({ scanBudget = 1_000, unkept = [] }: Options = {}): MemoryStore["Service"] => {
  const state = makeState()
  const { letters, queries, waitingSince } = DeadLettersMemory.make({ scanBudget })
  const jobs = JobItemsMemory.make(state)
  const auditTrail = AuditTrailMemory.make(state)
  return {
    persistence: PersistenceMemory.make(state, unkept),
    outbox: OutboxMemory.make(state),
    backlog: BacklogMemory.make(state),
    callQueries: CallQueriesMemory.make(state, scanBudget),
    opsQueries: OpsQueriesMemory.make(state, scanBudget),
    eventSource: EventSourceMemory.make(state),
    changedOrders: ChangedOrdersMemory.make(state),
    courierSources: CourierSourcesMemory.make(state),
    apiKeys: ApiKeysMemory.make(state),
    dueIngestions: DueIngestionsMemory.make(state),
    deadLetters: letters,
    deadLetterQueries: queries,
    productEvents: ProductEventsMemory.make(),
    tenantDirectory: TenantDirectoryMemory.make(state),
    jobItems: jobs.items,
    jobItemQueries: jobs.queries,
    pauses: PausesMemory.make(state),
    dueSchedules: DueSchedulesMemory.make(state),
    sessions: SessionsMemory.make(),
    auditTrail,
    deliveries: DeliveriesMemory.make(state),
    deliveryQueries: DeliveriesMemory.makeQueries(state),
    flowPlaces: FlowPlacesMemory.make(state),
    overviews: OverviewsMemory.make(state, waitingSince),
    redactionRules: RedactionRulesMemory.make(auditTrail),
    retentionRules: RetentionRulesMemory.make(state, auditTrail),
    dump: () => dump(state),
    forgetReceipts: (now) => {
      for (const [key, { expiresAt }] of state.receipts) if (expiresAt <= now) state.receipts.delete(key)
    }
  }
}

/** The ports of a store that exists already. */
export const layerOf = (store: MemoryStore["Service"]) =>
  Layer.mergeAll(
    Layer.succeed(MemoryStore, store),
    Layer.succeed(Persistence, store.persistence),
    Layer.succeed(Outbox, store.outbox),
    Layer.succeed(Backlog, store.backlog),
    Layer.succeed(CallQueries, store.callQueries),
    Layer.succeed(OpsQueries, store.opsQueries),
    Layer.succeed(EventSource, store.eventSource),
    Layer.succeed(ChangedOrders, store.changedOrders),
    Layer.succeed(CourierSources, store.courierSources),
    Layer.succeed(ApiKeys, store.apiKeys),
    Layer.succeed(DueIngestions, store.dueIngestions),
    Layer.succeed(DeadLetters, store.deadLetters),
    Layer.succeed(DeadLetterQueries, store.deadLetterQueries),
    Layer.succeed(ProductEvents, store.productEvents),
    Layer.succeed(TenantDirectory, store.tenantDirectory),
    Layer.succeed(JobItems, store.jobItems),
    Layer.succeed(JobItemQueries, store.jobItemQueries),
    Layer.succeed(Pauses, store.pauses),
    Layer.succeed(DueSchedules, store.dueSchedules),
    Layer.succeed(Sessions, store.sessions),
    Layer.succeed(AuditTrail, store.auditTrail),
    Layer.succeed(Deliveries, store.deliveries),
    Layer.succeed(DeliveryQueries, store.deliveryQueries),
    Layer.succeed(FlowPlaces, store.flowPlaces),
    Layer.succeed(Overviews, store.overviews),
    Layer.succeed(RedactionRules, store.redactionRules),
    Layer.succeed(RetentionRules, store.retentionRules)
  )

/** All these ports over one new store, and the store itself for whoever wants to look inside. */
export const layerMemory = (options?: Options) => Layer.suspend(() => layerOf(make(options)))
