/** Schedules that have to be looked at, over the state in memory. */
import type { DueSchedule, DueSchedules } from "@dueline/contracts/ports/DueSchedules"
import { Effect } from "effect"
import { copyOf, type MemoryState } from "./MemoryState.ts"

const compare = (a: string | number, b: string | number): number => (a < b ? -1 : a > b ? 1 : 0)

export const make = (state: MemoryState): DueSchedules["Service"] => ({
  due: ({ after, before, limit }) =>
    Effect.sync(() => {
      const found: Array<DueSchedule> = []
      for (const row of state.rows.values()) {
        if (row._tag !== "ScheduleRow" || row.wakeAt === null || row.wakeAt > before) continue
        const { call: _request, pausedReason: _freeText, ...others } = copyOf(row)
        found.push({ ...others, wakeAt: row.wakeAt })
      }
      const behind = ({ scheduleId, wakeAt }: DueSchedule) =>
        after === null ||
        compare(wakeAt, after.wakeAt) > 0 ||
        (wakeAt === after.wakeAt && scheduleId > after.scheduleId)
      return found
        .filter(behind)
        .sort((a, b) => compare(a.wakeAt, b.wakeAt) || compare(a.scheduleId, b.scheduleId))
        .slice(0, limit)
    })
})
