/** What has to be looked at, of all tenants and without contents: schedules, what came in and has not ended, orders that changed. */
import { Context, type Effect } from "effect"
import type { EpochMillis, OrderId, TenantId } from "../Ids.ts"
import type { IngestionId } from "../ingestion/Ingestion.ts"
import type { ScheduleId, ScheduleRow } from "../schedule/Schedule.ts"
import type { StoreUnavailable } from "./Persistence.ts"

export interface DueSchedule extends Omit<ScheduleRow, "call" | "pausedReason" | "wakeAt"> {
  readonly wakeAt: EpochMillis
}

/** The place of one in the order of `due`. */
export interface WakeMark {
  readonly wakeAt: number
  readonly scheduleId: ScheduleId
}

export class DueSchedules extends Context.Service<
  DueSchedules,
  {
    /** Those with `wakeAt` ≤ `before` (epoch milliseconds), in order of `wakeAt`, then id, behind `after`; at most `limit`. */
    readonly due: (options: {
      readonly before: number
      readonly after: WakeMark | null
      readonly limit: number
    }) => Effect.Effect<ReadonlyArray<DueSchedule>, StoreUnavailable>
    /** Those whose next time follows from older zone data than this, in order of their zone data, then id, behind `after`; at most `limit`. */
    readonly ofOlderZoneData: (options: {
      readonly zoneData: string
      readonly after: Pick<DueSchedule, "zoneData" | "scheduleId"> | null
      readonly limit: number
    }) => Effect.Effect<ReadonlyArray<DueSchedule>, StoreUnavailable>
  }
>()("@dueline/contracts/ports/DueSchedules") {}

/** What came in and has not come to its end, as those see it who carry it out: across tenants, without contents. */
export interface DueIngestion {
  readonly tenantId: TenantId
  readonly ingestionId: IngestionId
  /** Host and port that its payload is asked of, as `targetOf` has it; empty when it came with the request. */
  readonly target: string
}

export class DueIngestions extends Context.Service<
  DueIngestions,
  {
    /**
     * Those whose `dueAt` is `before` (epoch ms) at the latest, earliest first; of one tenant at most `each`, so that one's many do not hide
     * another's. Of all that are due only the 10,000 earliest are looked at.
     */
    readonly due: (options: {
      readonly before: number
      readonly each: number
      readonly limit: number
    }) => Effect.Effect<ReadonlyArray<DueIngestion>, StoreUnavailable>
    /** Couriers' events that came in `before` (epoch ms) at the latest and have not ended, earliest first. */
    readonly unended: (options: {
      readonly before: number
      readonly limit: number
    }) => Effect.Effect<ReadonlyArray<Omit<DueIngestion, "target">>, StoreUnavailable>
  }
>()("@dueline/contracts/ports/DueIngestions") {}

/** Orders that changed, of all tenants, by when: for whoever makes up for messages that were lost. */
export interface ChangedOrder {
  readonly tenantId: TenantId
  readonly orderId: OrderId
  /** Epoch milliseconds. */
  readonly updatedAt: number
}

export class ChangedOrders extends Context.Service<
  ChangedOrders,
  {
    /** Those with notifications that were changed `before` (epoch milliseconds) at the latest, in order of that time, then id, behind `after`. */
    readonly changed: (options: {
      readonly after: Pick<ChangedOrder, "updatedAt" | "orderId">
      readonly before: number
      readonly limit: number
    }) => Effect.Effect<ReadonlyArray<ChangedOrder>, StoreUnavailable>
  }
>()("@dueline/contracts/ports/ChangedOrders") {}
