/** How much of the places each tenant may take: plain values, and how processes divide them between themselves. */
import type { TenantId } from "@dueline/contracts/Ids"

export interface TenantLimit {
  /** Its share where tenants compete: one of weight 2 starts two calls for each of one of weight 1. 0.01 to 1,000. */
  readonly weight: number
  /** Attempts under way at once; null means no cap. */
  readonly concurrency: number | null
  /** Attempts under way at once to one target; null means no cap. */
  readonly perTarget: number | null
  /** Attempts started per second, over time; null means no limit. */
  readonly ratePerSecond: number | null
  /** Attempts that may start at once when the tenant has been quiet; null means one second's worth. At least 1. */
  readonly burst: number | null
}

export interface TenantLimits {
  readonly default: TenantLimit
  /** What single tenants have instead; what is not named here they have from the default. */
  readonly overrides: ReadonlyMap<TenantId, Partial<TenantLimit>>
}

export const unlimited: TenantLimits = {
  default: { weight: 1, concurrency: null, perTarget: null, ratePerSecond: null, burst: null },
  overrides: new Map()
}

/** What one of `processes` equal processes may start for the tenant. Caps are rounded up: each may exceed its part by less than one. */
export const shareOf = (limits: TenantLimits, tenantId: TenantId, processes: number): TenantLimit => {
  const { burst, concurrency, perTarget, ratePerSecond, weight } = {
    ...limits.default,
    ...limits.overrides.get(tenantId)
  }
  const count = Math.max(1, processes)
  return {
    weight: Math.min(1_000, Math.max(0.01, weight)),
    concurrency: concurrency === null ? null : Math.ceil(concurrency / count),
    perTarget: perTarget === null ? null : Math.ceil(perTarget / count),
    ratePerSecond: ratePerSecond === null ? null : ratePerSecond / count,
    burst: ratePerSecond === null ? null : Math.max(1, (burst ?? ratePerSecond) / count)
  }
}
