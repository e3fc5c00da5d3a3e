/** The edge's reading in memory, of calls and of documents: newest first, and never more than a bounded number of rows looked at for one page. */
import { distanceMetres } from "@dueline/contracts/bin/Bin"
import { fieldsOf, kinds, type OpsCategory, rowId, type RowOf } from "@dueline/contracts/kinds"
import {
  type CallFilter,
  type CallPage,
  type CallQueries,
  flowCountLimit,
  type ListOptions,
  type Near,
  type NearOptions,
  type OpsQueries,
  type PageMark,
  type RowMark,
  type RowPage
} from "@dueline/contracts/ports/Queries"
import type { ServiceCallRow } from "@dueline/contracts/serviceCall/Row"
import { satisfies } from "@dueline/contracts/specification/Specification"
import { Effect } from "effect"
import { callOf, copyOf, keyOf, type MemoryState, rowsOf } from "./MemoryState.ts"

const descending = (a: PageMark, b: PageMark): number =>
  b.createdAt - a.createdAt || (a.callId < b.callId ? 1 : a.callId > b.callId ? -1 : 0)

const matches = (row: ServiceCallRow, { dueFrom, dueTo, search, status, tags }: CallFilter): boolean =>
  (status === null || row.status === status) &&
  tags.every((tag) => row.tags.includes(tag)) &&
  (dueFrom === null || row.dueAt >= dueFrom) &&
  (dueTo === null || row.dueAt < dueTo) &&
  (search === null || row.request.url.toLowerCase().includes(search.toLowerCase()))

type CallListOptions = Parameters<CallQueries["Service"]["list"]>[0]

const listCalls = (
  state: MemoryState,
  scanBudget: number,
  { after, filter, limit, tenantId }: CallListOptions
): CallPage => {
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

export const callQueries = (state: MemoryState, scanBudget: number): CallQueries["Service"] => ({
  list: (options) => Effect.sync(() => listCalls(state, scanBudget, options)),
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

/** The reading of documents in memory: as `CallQueriesMemory`, with specifications for filters. */
const markOf = (row: RowOf<OpsCategory>): RowMark => ({ createdAt: row.createdAt, id: rowId(row) })

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const newestFirst = (a: RowMark, b: RowMark): number => b.createdAt - a.createdAt || byText(b.id, a.id)

const find =
  (state: MemoryState) =>
  <K extends OpsCategory>(kind: K, tenantId: string, id: string) =>
    Effect.sync((): RowOf<K> | null => {
      const row = state.rows.get(keyOf(tenantId, id))
      return row?._tag === kinds[kind].rowTag ? copyOf(row as RowOf<K>) : null
    })

const sealed =
  (state: MemoryState): OpsQueries["Service"]["sealed"] =>
  (kind, tenantId, id) =>
    Effect.sync(() => {
      const key = keyOf(tenantId, id)
      return state.rows.get(key)?._tag === kinds[kind].rowTag ? (state.streams.get(key)?.sealed ?? null) : null
    })

const scheduleRequests =
  (state: MemoryState): OpsQueries["Service"]["scheduleRequests"] =>
  ({ ids, longest, tenantId }) =>
    Effect.forEach(ids, (id) =>
      Effect.all([find(state)("schedule", tenantId, id), sealed(state)("schedule", tenantId, id)])
    ).pipe(
      Effect.map((found) =>
        found.flatMap(([row, text]) =>
          row === null || (text !== null && longest !== null && text.length > longest) ? [] : [{ row, sealed: text }]
        )
      )
    )

const listRows =
  (state: MemoryState, scanBudget: number) =>
  <K extends OpsCategory>(kind: K, { after, filter, limit, tenantId }: ListOptions) =>
    Effect.sync((): RowPage<RowOf<K>> => {
      const candidates = rowsOf(state, kind)
        .filter((row) => row.tenantId === tenantId && (after === null || newestFirst(after, markOf(row)) < 0))
        .sort((a, b) => newestFirst(markOf(a), markOf(b)))
      const rows: Array<RowOf<K>> = []
      let looked = 0
      for (const row of candidates) {
        if (rows.length >= limit || looked >= scanBudget) break
        looked += 1
        if (satisfies(fieldsOf(kind), filter, row)) rows.push(copyOf(row))
      }
      const last = candidates[looked - 1]
      return { rows, next: last !== undefined && looked < candidates.length ? markOf(last) : null }
    })

const nearestFirst = (a: Near, b: Near): number =>
  a.distanceMetres - b.distanceMetres || byText(a.bin.binId, b.bin.binId)

const near =
  (state: MemoryState) =>
  ({ after, centre, filter, limit, radiusMetres, tenantId }: NearOptions) =>
    Effect.sync(() =>
      rowsOf(state, "bin")
        .filter((bin) => bin.tenantId === tenantId && satisfies(fieldsOf("bin"), filter, bin))
        .flatMap((bin) =>
          bin.location === null ? [] : [{ bin: copyOf(bin), distanceMetres: distanceMetres(centre, bin.location) }]
        )
        .filter(({ distanceMetres }) => distanceMetres <= radiusMetres)
        .filter(
          ({ bin, distanceMetres }) =>
            after === null ||
            distanceMetres > after.distanceMetres ||
            (distanceMetres === after.distanceMetres && bin.binId > after.binId)
        )
        .sort(nearestFirst)
        .slice(0, limit)
    )

type Holding = Parameters<OpsQueries["Service"]["holding"]>[0]

const holding =
  (state: MemoryState) =>
  ({ binId, limit, tenantId, window }: Holding) =>
    Effect.sync(() =>
      rowsOf(state, "order")
        .filter((order) => order.tenantId === tenantId && order.binId === binId)
        .filter(({ status }) => status === "Scheduled" || status === "Confirmed")
        .flatMap((order) => (order.window === null ? [] : [{ order, held: order.window }]))
        .filter(({ held }) => held.from < window.to && window.from < held.to)
        .sort((a, b) => a.held.from - b.held.from)
        .slice(0, limit)
        .map(({ order }) => copyOf(order))
    )

export const opsQueries = (state: MemoryState, scanBudget: number): OpsQueries["Service"] => ({
  find: find(state),
  list: listRows(state, scanBudget),
  sealed: sealed(state),
  scheduleRequests: scheduleRequests(state),
  near: near(state),
  holding: holding(state)
})
