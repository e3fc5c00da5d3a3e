/** What tenants say of how long their own is kept, and what that comes to. */
import { Context, type Effect } from "effect"
import type { EpochMillis, TenantId } from "../Ids.ts"
import type { Days } from "../retention.ts"
import type { AuditActor } from "./AuditTrail.ts"
import type { StoreUnavailable } from "./Persistence.ts"

export interface RetentionRule {
  readonly days: Days
  /** Epoch ms. */
  readonly at: number
  readonly by: string
}

export interface RetentionChange {
  readonly tenantId: TenantId
  /** Null: the tenant says nothing any more. */
  readonly rule: { readonly days: Days } | null
  readonly at: EpochMillis
  readonly actor: AuditActor
  readonly correlationId: string
}

export interface OutlivedCount {
  readonly calls: number
  readonly ingestions: number
  /** There is more that was not looked at. */
  readonly more: boolean
}

/** Calls, and ingestions, that a count looks at. */
export const outlivedBudget = 10_000

export const retentionAction = "retention.set"

/** What the audit log has as the resource of a change. */
export const ruleWords = (rule: RetentionChange["rule"]): string =>
  rule === null ? "as the installation" : rule.days === null ? "forever" : `${rule.days} days`

export class RetentionRules extends Context.Service<
  RetentionRules,
  {
    /** Null when the tenant says nothing. */
    readonly of: (tenantId: TenantId) => Effect.Effect<RetentionRule | null, StoreUnavailable>
    /** Together with an entry in the audit log, if it changes anything. */
    readonly set: (change: RetentionChange) => Effect.Effect<void, StoreUnavailable>
    /** Of what ended before (epoch ms), the oldest first. */
    readonly outlived: (tenantId: TenantId, before: number) => Effect.Effect<OutlivedCount, StoreUnavailable>
  }
>()("@dueline/contracts/ports/RetentionRules") {}
