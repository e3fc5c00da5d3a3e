/** The edge's reading in memory: newest first, and never more than a bounded number of rows looked at for one page. */
import { Effect } from "effect"
import {
  type CallFilter,
  type CallPage,
  type CallQueries,
  type PageMark,
  flowCountLimit
} from "@dueline/contracts/ports/CallQueries"
import type { ServiceCallRow } from "@dueline/contracts/serviceCall/Row"
import { callOf, keyOf, type MemoryState, rowsOf } from "./MemoryState.ts"

const descending = (a: PageMark, b: PageMark): number =>
  b.createdAt - a.createdAt || (a.callId < b.callId ? 1 : a.callId > b.callId ? -1 : 0)

const matches = (row: ServiceCallRow, { dueFrom, dueTo, search, status, tags }: CallFilter): boolean =>
  (status === null || row.status === status) &&
  tags.every((tag) => row.tags.includes(tag)) &&
  (dueFrom === null || row.dueAt >= dueFrom) &&
  (dueTo === null || row.dueAt < dueTo) &&
  (search === null || row.request.url.toLowerCase().includes(search.toLowerCase()))

type ListOptions = Parameters<CallQueries["Service"]["list"]>[0]

const list = (state: MemoryState, scanBudget: number, { after, filter, limit, tenantId }: ListOptions): CallPage => {
  const candidates = rowsOf(state, "service-call")
    .filter((row) => row.tenantId === tenantId && (after === null || descending(after, row) < 0))
    .sort(descending)
  const rows: Array<ServiceCallRow> = []
  let looked = 0
  for (const row of candidates) {
    if (rows.length >= limit || looked >= scanBudget) break
    looked += 1
    if (matches(row, filter)) rows.push(row)
  }
  const last = candidates[looked - 1]
  const more = last !== undefined && looked < candidates.length
  return { rows, next: more ? { createdAt: last.createdAt, callId: last.callId } : null }
}

export const make = (state: MemoryState, scanBudget: number): CallQueries["Service"] => ({
  list: (options) => Effect.sync(() => list(state, scanBudget, options)),
  find: (tenantId, callId) => Effect.sync(() => callOf(state, tenantId, callId)),
  findMany: (tenantId, callIds) =>
    Effect.sync(() => [...new Set(callIds)].flatMap((callId) => callOf(state, tenantId, callId) ?? [])),
  flow: (tenantId, key, now) =>
    Effect.sync(() => {
      const live = rowsOf(state, "service-call").filter(
        ({ flow, tenantId: of, wakeAt }) => of === tenantId && flow?.key === key && wakeAt !== null && wakeAt <= now
      )
      const counted = live.slice(0, flowCountLimit)
      const running = counted.filter(({ status }) => status === "Running").length
      return { running, waiting: counted.length - running }
    }),
  history: ({ after, callId, limit, tenantId }) =>
    Effect.sync(() => {
      const events = state.streams.get(keyOf(tenantId, callId))?.events ?? []
      return events.filter(({ version }) => version > after).slice(0, limit)
    })
})
