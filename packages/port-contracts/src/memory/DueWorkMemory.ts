/** What has to be looked at, of all tenants, over the state in memory: schedules, payloads that are due, orders that changed. */
import type { ChangedOrders, DueIngestions, DueSchedule, DueSchedules } from "@dueline/contracts/ports/DueWork"
import { targetOf } from "@dueline/contracts/serviceCall/target"
import { Effect } from "effect"
import { copyOf, type MemoryState, rowsOf } from "./MemoryState.ts"

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

export const dueSchedules = (state: MemoryState): DueSchedules["Service"] => ({
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

/** Payloads that are due, in memory. */
export const dueIngestions = (state: MemoryState): DueIngestions["Service"] => ({
  due: ({ before, each, limit }) =>
    Effect.sync(() => {
      const counts = new Map<string, number>()
      return rowsOf(state, "ingestion")
        .flatMap(({ dropbin, ingestionId, tenantId }) => {
          const dueAt = dropbin?.dueAt ?? null
          return dueAt === null || dueAt > before
            ? []
            : [{ tenantId, ingestionId, dueAt, target: targetOf(dropbin?.reference?.uri ?? "") }]
        })
        .sort((a, b) => a.dueAt - b.dueAt || (a.ingestionId < b.ingestionId ? -1 : 1))
        .filter(({ tenantId }) => {
          const count = (counts.get(tenantId) ?? 0) + 1
          counts.set(tenantId, count)
          return count <= each
        })
        .slice(0, limit)
        .map(({ ingestionId, target, tenantId }) => ({ tenantId, ingestionId, target }))
    }),
  unended: ({ before, limit }) =>
    Effect.sync(() =>
      rowsOf(state, "ingestion")
        .filter(
          ({ createdAt, dropbin, endedAt }) => endedAt === null && (dropbin ?? null) === null && createdAt <= before
        )
        .sort((a, b) => a.createdAt - b.createdAt || (a.ingestionId < b.ingestionId ? -1 : 1))
        .slice(0, limit)
        .map(({ ingestionId, tenantId }) => ({ tenantId, ingestionId }))
    )
})

/** Orders that changed, in memory. */
export const changedOrders = (state: MemoryState): ChangedOrders["Service"] => ({
  changed: ({ after, before, limit }) =>
    Effect.sync(() =>
      rowsOf(state, "order")
        .filter(({ notifications, updatedAt }) => notifications.length > 0 && updatedAt <= before)
        .map(({ orderId, tenantId, updatedAt }) => ({ tenantId, orderId, updatedAt }))
        .filter(
          ({ orderId, updatedAt }) =>
            updatedAt > after.updatedAt || (updatedAt === after.updatedAt && orderId > after.orderId)
        )
        .sort((a, b) => a.updatedAt - b.updatedAt || (a.orderId < b.orderId ? -1 : 1))
        .slice(0, limit)
    )
})
