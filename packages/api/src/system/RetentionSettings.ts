/** What the composition says about how long tenants may keep what has ended. */
import type { TenantId } from "@dueline/contracts/Ids"
import type { RetentionLimits } from "@dueline/contracts/retention"
import { Context } from "effect"

export const CurrentRetentionLimits = Context.Reference<(tenantId: TenantId) => RetentionLimits>(
  "@dueline/api/CurrentRetentionLimits",
  { defaultValue: () => () => ({ least: 8, most: 90 }) }
)
