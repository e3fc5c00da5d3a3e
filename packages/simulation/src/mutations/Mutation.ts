/** What a negative control may change: the parts of the program between which the simulation can step in. */
import type { MemoryStore } from "@dueline/port-contracts/memory/MemoryStore"
import type { AskDirectStart, Reserve } from "@dueline/contracts/CommitCompanions"
import type { Intents } from "@dueline/contracts/Intent"
import type { CallQueries } from "@dueline/contracts/ports/Queries"
import type { Backlog } from "@dueline/contracts/ports/Backlog"
import type { DueIngestions, DueSchedules } from "@dueline/contracts/ports/DueWork"
import type { Delivery, EventBus, Verdict } from "@dueline/contracts/ports/EventBus"
import type { HttpClient } from "@dueline/contracts/ports/HttpClient"
import type { JobItems } from "@dueline/contracts/ports/JobItems"
import type { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import type { Outbox } from "@dueline/contracts/ports/Outbox"
import type { Persistence } from "@dueline/contracts/ports/Persistence"
import type { StoreRule } from "@dueline/contracts/StoreRule"
import type { Timer } from "@dueline/contracts/ports/Timer"
import type { Executor } from "@dueline/execution/attempts/Executor"
import type { Shipment } from "@dueline/orchestration/aggregates/Shipment"
import type { ServiceCall } from "@dueline/orchestration/aggregates/service-call/ServiceCall"
import type { DropbinParts } from "@dueline/orchestration/dropbin/carryOut"
import type { Deliveries } from "@dueline/contracts/ports/Deliveries"
import type { FlowPlaces } from "@dueline/contracts/ports/FlowPlaces"
import type { Pauses } from "@dueline/contracts/ports/Directories"
import type { Schedule } from "@dueline/orchestration/aggregates/Schedule"
import type { CallbackCallIdOf } from "@dueline/orchestration/subscriptions/callbacks"
import type { Effect } from "effect"
import type { StoreGroup, WriteReport } from "../reported/receiving.ts"

export type Aggregate = typeof ServiceCall

/** Each function puts a broken part in the place of a sound one. What is not named stays sound. */
export interface Mutation {
  readonly store?: (store: MemoryStore["Service"]) => Persistence["Service"]
  /** Rules between aggregates that the store lets pass. */
  readonly unkept?: ReadonlyArray<StoreRule>
  readonly aggregate?: (sound: Aggregate) => Aggregate
  readonly shipment?: (sound: typeof Shipment) => typeof Shipment
  readonly schedule?: (sound: typeof Schedule) => typeof Schedule
  readonly dueSchedules?: (sound: DueSchedules["Service"]) => DueSchedules["Service"]
  readonly deliveries?: (sound: Deliveries["Service"]) => Deliveries["Service"]
  /** Where it is kept which product events are there. */
  readonly knownEventIds?: () => Set<string>
  /** How the store writes one report of product events, and how a process hands it a group of them. */
  readonly reportWrites?: (sound: WriteReport) => WriteReport
  readonly reportGroups?: (sound: StoreGroup) => StoreGroup
  /** How the call is named that tells an end of another. */
  readonly callbackId?: (sound: CallbackCallIdOf) => CallbackCallIdOf
  /** What is looked up to find the call that has a pending key. */
  readonly pendingLookup?: (sound: CallQueries["Service"]) => CallQueries["Service"]
  readonly jobItems?: (sound: JobItems["Service"]) => JobItems["Service"]
  readonly flowPlaces?: (sound: FlowPlaces["Service"]) => FlowPlaces["Service"]
  readonly pauses?: (sound: Pauses["Service"]) => Pauses["Service"]
  /** What takes events over with their commits. */
  readonly takeOver?: (sound: Reserve) => Reserve
  /** What carries out events that came in, of which the bus tells. */
  readonly fieldEvents?: (
    sound: (delivery: Delivery) => Effect.Effect<Verdict>
  ) => (delivery: Delivery) => Effect.Effect<Verdict>
  /** How payloads become orders. */
  readonly dropbin?: (sound: DropbinParts) => DropbinParts
  readonly dueIngestions?: (sound: DueIngestions["Service"]) => DueIngestions["Service"]
  readonly backlog?: (sound: Backlog["Service"]) => Backlog["Service"]
  readonly bus?: (sound: EventBus["Service"]) => EventBus["Service"]
  /** True: there is one clock, and it is the wall clock. */
  readonly oneClock?: boolean
  /** Which calls start in the commit of their submission. */
  readonly direct?: (sound: AskDirectStart) => AskDirectStart
  readonly executor?: (sound: Executor["Service"]) => Executor["Service"]
  readonly http?: (sound: HttpClient["Service"]) => HttpClient["Service"]
  readonly intents?: (sound: Intents["Service"]) => Intents["Service"]
  readonly orchestrator?: (sound: Orchestrator["Service"]) => Orchestrator["Service"]
  readonly outbox?: (sound: Outbox["Service"]) => Outbox["Service"]
  readonly timer?: (sound: Timer["Service"]) => Timer["Service"]
}

export const sound: Mutation = {}
