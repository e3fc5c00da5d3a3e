/** What is found across tenants, over the state in memory: API keys, courier sources, tenants, pauses. */
import type { EpochMillis } from "@dueline/contracts/Ids"
import type { ApiKeyId } from "@dueline/contracts/apiKey/ApiKey"
import type {
  ApiKeys,
  CourierSources,
  PauseInForce,
  Pauses,
  TenantDirectory
} from "@dueline/contracts/ports/Directories"
import type { TenantRow } from "@dueline/contracts/tenant/Tenant"
import { Effect } from "effect"
import { copyOf, keyOf, type MemoryState, rowsOf } from "./MemoryState.ts"

export const apiKeys = (state: MemoryState): ApiKeys["Service"] => {
  const uses = new Map<string, EpochMillis>()
  const rowOf = (id: ApiKeyId) =>
    [...state.rows.values()].find((row) => row._tag === "ApiKeyRow" && row.apiKeyId === id)
  return {
    find: (id) =>
      Effect.sync(() => {
        const row = rowOf(id)
        return row?._tag === "ApiKeyRow" ? copyOf(row) : null
      }),
    used: (told) =>
      Effect.sync(() => {
        for (const { apiKeyId, at, tenantId } of told) {
          const key = keyOf(tenantId, apiKeyId)
          if (rowOf(apiKeyId)?.tenantId === tenantId && at > (uses.get(key) ?? 0)) uses.set(key, at)
        }
      }),
    lastUses: (tenantId, ids) =>
      Effect.sync(
        () =>
          new Map(
            ids.flatMap((id) => {
              const at = uses.get(keyOf(tenantId, id))
              return at === undefined ? [] : [[id, at] as const]
            })
          )
      )
  }
}

/** Courier sources by their address, over the state in memory. */
export const courierSources = (state: MemoryState): CourierSources["Service"] => ({
  find: (id) =>
    Effect.sync(() => {
      for (const row of state.rows.values()) {
        if (row._tag !== "CourierSourceRow" || row.courierSourceId !== id) continue
        return { row: copyOf(row), sealed: state.streams.get(keyOf(row.tenantId, id))?.sealed ?? null }
      }
      return null
    })
})

/** Tenants across all of them, over the state in memory. */
const isTenant = (row: { readonly _tag: string }): row is TenantRow => row._tag === "TenantRow"

/** Newest first, of two that are equally new the greater id. */
const newestFirst = (a: TenantRow, b: TenantRow): number =>
  b.createdAt - a.createdAt || (a.tenantId < b.tenantId ? 1 : -1)

export const tenantDirectory = (state: MemoryState): TenantDirectory["Service"] => {
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

/** The pauses that hold now, over the state in memory. */
export const pauses = (state: MemoryState): Pauses["Service"] => ({
  inForce: ({ limit, resumedAfter }) =>
    Effect.sync(() =>
      rowsOf(state, "pause")
        .toSorted((a, b) => a.createdAt - b.createdAt || (a.pauseId < b.pauseId ? -1 : 1))
        .flatMap(({ key, of, pauseId, releasePerSecond, resumedAt, tenantId }): ReadonlyArray<PauseInForce> => {
          const pause = { tenantId, pauseId, of, key }
          if (resumedAt === null) return [{ ...pause, release: null }]
          return releasePerSecond === null || resumedAt <= resumedAfter
            ? []
            : [{ ...pause, release: { at: resumedAt, perSecond: releasePerSecond } }]
        })
        .slice(0, limit)
    )
})
