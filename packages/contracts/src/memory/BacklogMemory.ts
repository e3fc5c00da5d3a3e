/** The workers' view in memory, read from the rows. */
import { Effect } from "effect"
import { EpochMillis } from "../Ids.ts"
import type { Abandoned, Backlog, Holding } from "../ports/Backlog.ts"
import type { Alarm } from "../ports/Timer.ts"
import { targetOf } from "../serviceCall/target.ts"
import { callOf, keyOf, type MemoryState, rowsOf } from "./MemoryState.ts"

const ascending = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const byDueTime = (a: Alarm, b: Alarm): number => a.dueAt - b.dueAt || ascending(a.callId, b.callId)

type Upcoming = Parameters<Backlog["Service"]["upcoming"]>[0]

const upcoming = (state: MemoryState, { after, before, limit }: Upcoming): ReadonlyArray<Alarm> =>
  rowsOf(state, "ServiceCallRow")
    .filter(
      (row) =>
        row.status === "Scheduled" &&
        row.dueAt <= before &&
        (after === null || row.dueAt > after.dueAt || (row.dueAt === after.dueAt && row.callId > after.callId))
    )
    .map(({ callId, dueAt, request, revision, tenantId }) => ({
      tenantId,
      callId,
      revision,
      dueAt,
      target: targetOf(request.url)
    }))
    .sort(byDueTime)
    .slice(0, limit)

type AbandonedOptions = Parameters<Backlog["Service"]["abandoned"]>[0]

const abandoned = (
  state: MemoryState,
  { deadWorkers, limit, now, soleWorker }: AbandonedOptions
): ReadonlyArray<Abandoned> => {
  const found: Array<Abandoned & { readonly leaseUntil: number }> = []
  for (const { callId, epoch, leaseUntil, status, tenantId, worker } of rowsOf(state, "ServiceCallRow")) {
    if (status !== "Running" || worker === null || leaseUntil === null) continue
    if (leaseUntil < now || deadWorkers.includes(worker) || (soleWorker !== null && worker !== soleWorker)) {
      found.push({ tenantId, callId, epoch, worker, leaseUntil })
    }
  }
  return found
    .sort((a, b) => a.leaseUntil - b.leaseUntil || ascending(a.callId, b.callId))
    .slice(0, limit)
    .map(({ leaseUntil: _, ...one }) => one)
}

const extend = (state: MemoryState, worker: string, { callId, epoch, tenantId }: Holding, until: number): void => {
  const row = callOf(state, tenantId, callId)
  if (row === null || row.status !== "Running" || row.worker !== worker || row.epoch !== epoch) return
  state.rows.set(keyOf(tenantId, callId), { ...row, leaseUntil: EpochMillis.make(until) })
}

export const make = (state: MemoryState): Backlog["Service"] => ({
  upcoming: (options) => Effect.sync(() => upcoming(state, options)),
  abandoned: (options) => Effect.sync(() => abandoned(state, options)),
  extend: ({ holdings, until, worker }) =>
    Effect.sync(() => {
      for (const holding of holdings) extend(state, worker, holding, until)
    })
})
