/** Tenants across all of them, over the state in memory. */
import type { TenantDirectory } from "@dueline/contracts/ports/TenantDirectory"
import type { TenantRow } from "@dueline/contracts/tenant/Tenant"
import { Effect } from "effect"
import { copyOf, type MemoryState } from "./MemoryState.ts"

const isTenant = (row: { readonly _tag: string }): row is TenantRow => row._tag === "TenantRow"

/** Newest first, of two that are equally new the greater id. */
const newestFirst = (a: TenantRow, b: TenantRow): number =>
  b.createdAt - a.createdAt || (a.tenantId < b.tenantId ? 1 : -1)

export const make = (state: MemoryState): TenantDirectory["Service"] => {
  const all = () => [...state.rows.values()].filter(isTenant).map(copyOf)
  return {
    exists: (tenantId) => Effect.sync(() => all().some((row) => row.tenantId === tenantId)),
    find: (tenantId) => Effect.sync(() => all().find((row) => row.tenantId === tenantId) ?? null),
    suspended: Effect.sync(() =>
      all().flatMap(({ status, suspendedReason, tenantId }) =>
        status === "Active" ? [] : [{ tenantId, reason: suspendedReason }]
      )
    ),
    list: ({ after, limit, status }) =>
      Effect.sync(() => {
        const later = all()
          .filter((row) => status === null || row.status === status)
          .filter(
            ({ createdAt, tenantId }) =>
              after === null || createdAt < after.createdAt || (createdAt === after.createdAt && tenantId < after.id)
          )
          .toSorted(newestFirst)
        const rows = later.slice(0, limit)
        const last = rows.at(-1)
        return {
          rows,
          next: later.length > limit && last !== undefined ? { createdAt: last.createdAt, id: last.tenantId } : null
        }
      })
  }
}
