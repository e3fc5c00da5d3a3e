/** Schedules that have to be looked at, over the state in memory. */
import type { DueSchedule, DueSchedules } from "@dueline/contracts/ports/DueSchedules"
import { Effect } from "effect"
import { copyOf, type MemoryState } from "./MemoryState.ts"

const compare = (a: string | number, b: string | number): number => (a < b ? -1 : a > b ? 1 : 0)

/** Those that somebody has to look at some time. */
const wakingIn = (state: MemoryState): ReadonlyArray<DueSchedule> => {
  const found: Array<DueSchedule> = []
  for (const row of state.rows.values()) {
    if (row._tag !== "ScheduleRow" || row.wakeAt === null) continue
    const { call: _request, pausedReason: _freeText, ...others } = copyOf(row)
    found.push({ ...others, wakeAt: row.wakeAt })
  }
  return found
}

export const make = (state: MemoryState): DueSchedules["Service"] => ({
  due: ({ after, before, limit }) =>
    Effect.sync(() => {
      const behind = ({ scheduleId, wakeAt }: DueSchedule) =>
        after === null || (compare(wakeAt, after.wakeAt) || compare(scheduleId, after.scheduleId)) > 0
      return wakingIn(state)
        .filter((row) => row.wakeAt <= before && behind(row))
        .sort((a, b) => compare(a.wakeAt, b.wakeAt) || compare(a.scheduleId, b.scheduleId))
        .slice(0, limit)
    }),
  ofOlderZoneData: ({ after, limit, zoneData }) =>
    Effect.sync(() => {
      const behind = (row: DueSchedule) =>
        after === null || (compare(row.zoneData, after.zoneData) || compare(row.scheduleId, after.scheduleId)) > 0
      return wakingIn(state)
        .filter((row) => row.zoneData < zoneData && behind(row))
        .sort((a, b) => compare(a.zoneData, b.zoneData) || compare(a.scheduleId, b.scheduleId))
        .slice(0, limit)
    })
})
