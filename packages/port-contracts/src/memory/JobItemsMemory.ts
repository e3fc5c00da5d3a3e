/** Items of bulk jobs over the state in memory. */
import type { BulkJobRow } from "@dueline/contracts/bulkJob/BulkJob"
import { storableReason } from "@dueline/contracts/deadLetter"
import type { JobItem, JobItemQueries, JobItems } from "@dueline/contracts/ports/JobItems"
import { Effect } from "effect"
import { copyOf, keyOf, type MemoryState, rowsOf } from "./MemoryState.ts"

const sooner = (a: BulkJobRow, b: BulkJobRow): number =>
  Number(a.status === "Running") - Number(b.status === "Running") ||
  a.createdAt - b.createdAt ||
  (a.bulkJobId < b.bulkJobId ? -1 : 1)

const inSteps = (a: JobItem, b: JobItem): number => a.step - b.step || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
const newestFirst = (a: JobItem, b: JobItem): number => b.at - a.at || (a.id < b.id ? 1 : -1)

export const make = (
  state: MemoryState
): { readonly items: JobItems["Service"]; readonly queries: JobItemQueries["Service"] } => {
  const jobs = new Map<string, Map<string, JobItem>>()
  const of = (tenantId: string, jobId: string): Map<string, JobItem> => {
    const key = keyOf(tenantId, jobId)
    const items = jobs.get(key) ?? new Map<string, JobItem>()
    jobs.set(key, items)
    return items
  }
  return {
    items: {
      active: (limit) =>
        Effect.sync(() => {
          const first = new Map<string, BulkJobRow>()
          for (const row of rowsOf(state, "bulk-job")) {
            if (row.status !== "Running" && row.status !== "Aborting") continue
            const other = first.get(row.tenantId)
            if (other === undefined || sooner(row, other) < 0) first.set(row.tenantId, row)
          }
          return [...first.values()]
            .sort((a, b) => a.createdAt - b.createdAt || (a.bulkJobId < b.bulkJobId ? -1 : 1))
            .slice(0, limit)
            .map(({ bulkJobId, tenantId }) => ({ bulkJobId, tenantId }))
        }),
      claim: ({ bulkJobId, items: chosen, step, tenantId }) =>
        Effect.sync(() => {
          const items = of(tenantId, bulkJobId)
          const mine = () => [...items.values()].filter((item) => item.step === step)
          if (mine().length === 0) {
            for (const { at, id, version } of chosen)
              if (!items.has(id)) items.set(id, { id, at, version, step, outcome: null, detail: null })
          }
          return copyOf(mine().sort(newestFirst))
        }),
      settle: ({ bulkJobId, results, tenantId }) =>
        Effect.sync(() => {
          const items = of(tenantId, bulkJobId)
          for (const { detail, id, outcome } of results) {
            const item = items.get(id)
            if (item === undefined || item.outcome !== null) continue
            items.set(id, { ...item, outcome, detail: detail === null ? null : storableReason(detail) })
          }
        })
    },
    queries: {
      list: ({ after, bulkJobId, limit, outcome, tenantId }) =>
        Effect.sync(() => {
          const mark =
            after === null ? null : ({ ...after, at: 0, version: null, outcome: null, detail: null } as JobItem)
          const found = [...of(tenantId, bulkJobId).values()]
            .filter((item) => outcome === null || (item.outcome ?? "pending") === outcome)
            .filter((item) => mark === null || inSteps(mark, item) < 0)
            .sort(inSteps)
          const items = copyOf(found.slice(0, limit))
          const last = items.at(-1)
          return { items, next: found.length > limit && last !== undefined ? { step: last.step, id: last.id } : null }
        })
    }
  }
}
