/** What an overview shows, counted each time from all there is: the plain form of what a database keeps counted. */
import type { TenantId } from "@dueline/contracts/Ids"
import type { CallMinute, OverviewFacts, Overviews } from "@dueline/contracts/ports/Overviews"
import type { ServiceCallRow } from "@dueline/contracts/serviceCall/Row"
import { targetOf } from "@dueline/contracts/serviceCall/target"
import { Effect } from "effect"
import { callOf, type MemoryState, rowsOf } from "./MemoryState.ts"

const minuteMs = 60_000
const fields: Readonly<Record<string, Exclude<keyof CallMinute, "at">>> = {
  ServiceCallSubmitted: "submitted",
  ExecutionSucceeded: "succeeded",
  ServiceCallFailed: "failed",
  ServiceCallCancelled: "cancelled",
  ExecutionFailed: "attemptsFailed"
}
const nothing = { submitted: 0, succeeded: 0, failed: 0, cancelled: 0, attemptsFailed: 0 }

const countBy = <A>(items: ReadonlyArray<A>, key: (item: A) => string): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (const item of items) counts[key(item)] = (counts[key(item)] ?? 0) + 1
  return counts
}

const oldest = (times: ReadonlyArray<number>): number | null => (times.length === 0 ? null : Math.min(...times))
const waiting = (times: ReadonlyArray<number>) => ({ count: times.length, more: false, oldestAt: oldest(times) })

const flowOf = ({ flow, tenantId }: ServiceCallRow): string => JSON.stringify([tenantId, flow?.key])

const flowsOf = (
  waiting: ReadonlyArray<ServiceCallRow>,
  calls: ReadonlyArray<ServiceCallRow>
): OverviewFacts["flows"] =>
  Object.entries(
    countBy(
      waiting.filter(({ flow }) => flow !== null),
      flowOf
    )
  )
    .map(([name, count]) => {
      const [tenantId, key] = JSON.parse(name) as [TenantId, string]
      const limits = waiting.flatMap((row) => (flowOf(row) === name ? [row.flow?.concurrency ?? Infinity] : []))
      const limit = Math.min(...limits)
      const running = calls.filter((row) => flowOf(row) === name && row.status === "Running").length
      return { tenantId, key, waiting: count, running, limit: limit === Infinity ? null : limit }
    })
    .sort((a, b) => b.waiting - a.waiting || (a.key < b.key ? -1 : 1))
    .slice(0, 50)

/** `deadAt`: when the letters that wait were given up. */
const lookAt = (
  state: MemoryState,
  tenantId: TenantId | null,
  now: number,
  deadAt: ReadonlyArray<number>
): OverviewFacts => {
  const mine = (of: { readonly tenantId: string }) => tenantId === null || of.tenantId === tenantId
  const calls = rowsOf(state, "service-call").filter(mine)
  const since = Math.floor(now / minuteMs) - 59
  const minutes = new Map<number, CallMinute>()
  const failed: Array<ServiceCallRow> = []
  const circuits = new Map<string, OverviewFacts["circuits"][number]>()
  for (const { category, event, tenantId: of, streamId } of state.events.filter(mine)) {
    const minute = Math.floor(event.recordedAt / minuteMs)
    if (category !== "service-call" || minute < since) continue
    const row = callOf(state, of as TenantId, streamId as string as ServiceCallRow["callId"])
    const field = fields[event.type]
    if (field !== undefined) {
      const before = minutes.get(minute) ?? { at: minute * minuteMs, ...nothing }
      minutes.set(minute, { ...before, [field]: before[field] + 1 })
    }
    if (event.type === "ServiceCallFailed" && row !== null) failed.push(row)
    const back = event.payload as { readonly reason?: string; readonly cause?: string; readonly retryAt?: number }
    const isOpen = event.type === "ExecutionHandedBack" && back.reason === "circuit_open" && back.cause === undefined
    if (!isOpen || row === null || (back.retryAt ?? 0) <= now) continue
    const target = targetOf(row.request.url)
    const openUntil = Math.max(back.retryAt ?? 0, circuits.get(`${of}/${target}`)?.openUntil ?? 0)
    circuits.set(`${of}/${target}`, { tenantId: of as TenantId, target, openUntil })
  }
  const reasons = countBy(failed, ({ failureReason, request }) =>
    JSON.stringify({ target: targetOf(request.url), reason: failureReason ?? "unknown" })
  )
  const overdue = calls
    .filter(({ status, wakeAt }) => status === "Scheduled" && wakeAt !== null && wakeAt <= now)
    .sort((a, b) => Number(a.wakeAt) - Number(b.wakeAt) || (a.callId < b.callId ? -1 : 1))
  const [first] = overdue
  const taken = rowsOf(state, "ingestion").filter((row) => mine(row) && row.endedAt === null)
  const wakes = rowsOf(state, "schedule").flatMap(({ wakeAt }) => (wakeAt === null ? [] : [wakeAt]))
  const jobs = rowsOf(state, "bulk-job").filter(({ status }) => status === "Running" || status === "Aborting")
  return {
    countedAt: now,
    calls: countBy(calls, ({ status }) => status),
    minutes: [...minutes.values()].sort((a, b) => a.at - b.at),
    failures: Object.entries(reasons)
      .map(([key, count]) => ({ ...(JSON.parse(key) as { target: string; reason: string }), count }))
      .sort((a, b) => b.count - a.count || (a.target < b.target ? -1 : 1))
      .slice(0, 50),
    circuits: [...circuits.values()].sort((a, b) => b.openUntil - a.openUntil).slice(0, 50),
    overdue: {
      count: overdue.length,
      more: false,
      oldest:
        first === undefined ? null : { tenantId: first.tenantId, id: first.callId, dueAt: first.wakeAt ?? first.dueAt }
    },
    flows: flowsOf(overdue, calls),
    pauses: waiting(
      rowsOf(state, "pause").flatMap((row) => (mine(row) && row.status === "Active" ? [row.createdAt] : []))
    ),
    deadLetters: waiting(deadAt),
    ingestion: waiting(taken.map(({ createdAt }) => createdAt)),
    loops: { outbox: null, schedules: oldest(wakes), jobs: oldest(jobs.map(({ createdAt }) => createdAt)) },
    leases: []
  }
}

export const make = (
  state: MemoryState,
  deadAt: (tenantId: TenantId | null) => ReadonlyArray<number>
): Overviews["Service"] => ({
  of: (tenantId, now) => Effect.sync(() => lookAt(state, tenantId, now, deadAt(tenantId))),
  behind: Effect.succeed({ sealing: waiting([]), counting: waiting([]) }),
  count: () => Effect.succeed(0)
})
