/** The workers' view in memory, read from the rows. */
import { Effect } from "effect"
import { EpochMillis } from "@dueline/contracts/Ids"
import type { Abandoned, Backlog, Holding } from "@dueline/contracts/ports/Backlog"
import type { Alarm } from "@dueline/contracts/ports/Timer"
import { alarmParts } from "@dueline/contracts/serviceCall/target"
import { callOf, keyOf, type MemoryState, rowsOf } from "./MemoryState.ts"

const ascending = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const byDueTime = (a: Alarm, b: Alarm): number => a.dueAt - b.dueAt || ascending(a.callId, b.callId)

type Upcoming = Parameters<Backlog["Service"]["upcoming"]>[0]

const upcoming = (state: MemoryState, { after, before, limit }: Upcoming): ReadonlyArray<Alarm> =>
  rowsOf(state, "service-call")
    .filter(
      (row) =>
        row.status === "Scheduled" &&
        row.wakeAt !== null &&
        row.wakeAt <= before &&
        (after === null || row.wakeAt > after.dueAt || (row.wakeAt === after.dueAt && row.callId > after.callId))
    )
    .map(({ callId, dueAt, flow, request, revision, tags, tenantId, wakeAt }) => ({
      tenantId,
      callId,
      revision,
      dueAt: wakeAt ?? dueAt,
      ...alarmParts({ request, tags, flow })
    }))
    .sort(byDueTime)
    .slice(0, limit)

type AbandonedOptions = Parameters<Backlog["Service"]["abandoned"]>[0]

const abandoned = (
  state: MemoryState,
  { deadWorkers, limit, now, soleWorker }: AbandonedOptions
): ReadonlyArray<Abandoned> => {
  const found: Array<Abandoned> = []
  for (const { callId, epoch, leaseUntil, status, tenantId, worker } of rowsOf(state, "service-call")) {
    if (status !== "Running" || worker === null || leaseUntil === null) continue
    if (leaseUntil < now || deadWorkers.includes(worker) || (soleWorker !== null && worker !== soleWorker)) {
      found.push({ tenantId, callId, epoch, worker, leaseUntil })
    }
  }
  return found.sort((a, b) => a.leaseUntil - b.leaseUntil || ascending(a.callId, b.callId)).slice(0, limit)
}

const extend = (state: MemoryState, worker: string, { callId, epoch, tenantId }: Holding, until: number): boolean => {
  const row = callOf(state, tenantId, callId)
  if (row === null || row.status !== "Running" || row.worker !== worker || row.epoch !== epoch) return false
  state.rows.set(keyOf(tenantId, callId), { ...row, leaseUntil: EpochMillis.make(until) })
  return true
}

export const make = (state: MemoryState): Backlog["Service"] => ({
  upcoming: (options) => Effect.sync(() => upcoming(state, options)),
  abandoned: (options) => Effect.sync(() => abandoned(state, options)),
  extend: ({ holdings, until, worker }) =>
    Effect.sync(() => {
      const renewed: Array<Holding> = []
      const gone: Array<Holding> = []
      for (const holding of holdings) (extend(state, worker, holding, until) ? renewed : gone).push(holding)
      return { renewed, gone }
    })
})
