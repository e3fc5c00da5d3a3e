/** What tenants may take, from the settings. */
import type { TenantLimits } from "@dueline/timer/TenantLimits"
import type { Settings } from "./Configuration.ts"
import { readTenantLimits } from "./TenantLimitsSetting.ts"

const positive = (value: number): number | null => (value === 0 ? null : value)

export const tenantLimitsOf = (settings: Settings): TenantLimits => ({
  default: {
    weight: 1,
    concurrency: positive(settings.DUELINE_TENANT_CONCURRENCY),
    ratePerSecond: positive(settings.DUELINE_TENANT_RATE),
    burst: null
  },
  overrides: new Map(
    [...readTenantLimits(settings.DUELINE_TENANT_LIMITS)].map(([tenantId, { concurrency, rate, weight }]) => [
      tenantId,
      {
        ...(weight === undefined ? {} : { weight }),
        ...(concurrency === undefined ? {} : { concurrency }),
        ...(rate === undefined ? {} : { ratePerSecond: rate })
      }
    ])
  )
})
