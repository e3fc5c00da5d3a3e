/** What tenants say of what is kept of theirs: what is struck out of it, and for how long it stays. */
import { Context, Effect } from "effect"
import type { EpochMillis, TenantId } from "../Ids.ts"
import { noRedaction, type Redaction } from "../redaction.ts"
import type { Days } from "../retention.ts"
import type { AuditActor } from "./AuditTrail.ts"
import type { StoreUnavailable } from "./Persistence.ts"

export interface RedactionRule extends Redaction {
  /** Epoch ms. */
  readonly at: number
  readonly by: string
}

export interface RedactionChange {
  readonly tenantId: TenantId
  /** Null: as if the tenant had never said anything. */
  readonly rule: Redaction | null
  readonly at: EpochMillis
  readonly actor: AuditActor
  readonly correlationId: string
}

export interface ChangedRules {
  readonly rules: ReadonlyArray<Redaction & { readonly tenantId: TenantId }>
  /** For the next look. */
  readonly next: string
}

export const redactionAction = "redaction.set"

/** What the audit log has as the resource of a change: the patterns themselves stay out of it. */
export const redactionWords = (rule: Redaction | null): string =>
  rule === null
    ? "nothing of its own"
    : `${rule.patterns.length} patterns, requests of failed calls ${rule.failedRequests === "keep" ? "kept" : "dropped"}`

export class RedactionRules extends Context.Service<
  RedactionRules,
  {
    /** Null when the tenant says nothing. */
    readonly of: (tenantId: TenantId) => Effect.Effect<RedactionRule | null, StoreUnavailable>
    /** What was set since `after`, by whichever transaction; some of it perhaps once more. "0": everything. */
    readonly changed: (after: string) => Effect.Effect<ChangedRules, StoreUnavailable>
    /** Together with an entry in the audit log, if it changes anything. */
    readonly set: (change: RedactionChange) => Effect.Effect<void, StoreUnavailable>
  }
>()("@dueline/contracts/ports/RedactionRules") {}

/** What this process knows of it: a look into a map, since it stands before every request and every result. */
export interface KnownRedactions {
  readonly of: (tenantId: TenantId) => Redaction
  /** Reads what has changed. */
  readonly refresh: Effect.Effect<void>
}

/** Where nobody reads it, no tenant says anything. */
export const KnownRedactions: Context.Reference<KnownRedactions> = Context.Reference(
  "@dueline/contracts/KnownRedactions",
  { defaultValue: (): KnownRedactions => ({ of: () => noRedaction, refresh: Effect.void }) }
)

/** What tenants say of how long their own is kept, and what that comes to. */
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
export const retentionWords = (rule: RetentionChange["rule"]): string =>
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
