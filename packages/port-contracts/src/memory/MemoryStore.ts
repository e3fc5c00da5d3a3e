/** The ports of the store over one state in memory: for tests, and the store of the simulation. */
import { Context, Layer } from "effect"
import { ApiKeys, CourierSources, Pauses, TenantDirectory } from "@dueline/contracts/ports/Directories"
import { AuditTrail } from "@dueline/contracts/ports/AuditTrail"
import { Backlog } from "@dueline/contracts/ports/Backlog"
import { CallQueries, OpsQueries } from "@dueline/contracts/ports/Queries"
import { ChangedOrders, DueIngestions, DueSchedules } from "@dueline/contracts/ports/DueWork"
import { Deliveries, DeliveryQueries } from "@dueline/contracts/ports/Deliveries"
import { DeadLetterQueries, DeadLetters } from "@dueline/contracts/ports/DeadLetters"
import { EventSource } from "@dueline/contracts/ports/History"
import { JobItemQueries, JobItems } from "@dueline/contracts/ports/JobItems"
import { Outbox, type OutboxEntry } from "@dueline/contracts/ports/Outbox"
import { Overviews } from "@dueline/contracts/ports/Overviews"
import { RedactionRules, RetentionRules } from "@dueline/contracts/ports/TenantRules"
import type { ReadModelRow } from "@dueline/contracts/kinds"
import { FlowPlaces } from "@dueline/contracts/ports/FlowPlaces"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import { ProductEvents } from "@dueline/contracts/ports/ProductEvents"
import { Sessions } from "@dueline/contracts/ports/Sessions"
import type { StoreRule } from "@dueline/contracts/StoreRule"
import * as DirectoriesMemory from "./DirectoriesMemory.ts"
import * as AuditTrailMemory from "./AuditTrailMemory.ts"
import * as BacklogMemory from "./BacklogMemory.ts"
import * as QueriesMemory from "./QueriesMemory.ts"
import * as DueWorkMemory from "./DueWorkMemory.ts"
import * as DeliveriesMemory from "./DeliveriesMemory.ts"
import * as DeadLettersMemory from "./DeadLettersMemory.ts"
import * as EventsMemory from "./EventsMemory.ts"
import * as JobItemsMemory from "./JobItemsMemory.ts"
import { type DeadEntry, makeState, type MemoryState, type StoredEvent, type StoredReceipt } from "./MemoryState.ts"
import * as TenantRulesMemory from "./TenantRulesMemory.ts"
import * as OverviewsMemory from "./OverviewsMemory.ts"
import * as ProductEventsMemory from "./ProductEventsMemory.ts"
import * as SessionsMemory from "./SessionsMemory.ts"
import * as FlowPlacesMemory from "./FlowPlacesMemory.ts"
import * as PersistenceMemory from "./PersistenceMemory.ts"

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
    outbox: EventsMemory.outboxOf(state),
    backlog: BacklogMemory.make(state),
    callQueries: QueriesMemory.callQueries(state, scanBudget),
    opsQueries: QueriesMemory.opsQueries(state, scanBudget),
    eventSource: EventsMemory.eventSourceOf(state),
    changedOrders: DueWorkMemory.changedOrders(state),
    courierSources: DirectoriesMemory.courierSources(state),
    apiKeys: DirectoriesMemory.apiKeys(state),
    dueIngestions: DueWorkMemory.dueIngestions(state),
    deadLetters: letters,
    deadLetterQueries: queries,
    productEvents: ProductEventsMemory.make(),
    tenantDirectory: DirectoriesMemory.tenantDirectory(state),
    jobItems: jobs.items,
    jobItemQueries: jobs.queries,
    pauses: DirectoriesMemory.pauses(state),
    dueSchedules: DueWorkMemory.dueSchedules(state),
    sessions: SessionsMemory.make(),
    auditTrail,
    deliveries: DeliveriesMemory.make(state),
    deliveryQueries: DeliveriesMemory.makeQueries(state),
    flowPlaces: FlowPlacesMemory.make(state),
    overviews: OverviewsMemory.make(state, waitingSince),
    redactionRules: TenantRulesMemory.redactionRules(auditTrail),
    retentionRules: TenantRulesMemory.retentionRules(state, auditTrail),
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
