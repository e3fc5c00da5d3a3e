/** Schedules that have to be looked at, of all tenants, without what they send. */
import { Context, type Effect } from "effect"
import type { EpochMillis } from "../Ids.ts"
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
