/** Which tenants there are: the one port that looks across them. Tenants are made by an operator; of a deleted one its id is left. */
import { Context, type Effect } from "effect"
import type { TenantId } from "../Ids.ts"
import type { TenantRow, TenantStatus } from "../tenant/Tenant.ts"
import type { RowMark } from "./OpsQueries.ts"
import type { StoreUnavailable } from "./Persistence.ts"

export interface SuspendedTenant {
  readonly tenantId: TenantId
  /** Null of one that was deleted or is being deleted. */
  readonly reason: string | null
}

export interface TenantListOptions {
  /** Null for all. */
  readonly status: TenantStatus | null
  /** Null where the list begins. */
  readonly after: RowMark | null
  readonly limit: number
}

export class TenantDirectory extends Context.Service<
  TenantDirectory,
  {
    /** Asks the store each time, and may be asked by every process that lets anybody in, as `suspended` may; the rest is for operators. */
    readonly exists: (tenantId: TenantId) => Effect.Effect<boolean, StoreUnavailable>
    readonly find: (tenantId: TenantId) => Effect.Effect<TenantRow | null, StoreUnavailable>
    /** All that are suspended now, or are deleted. */
    readonly suspended: Effect.Effect<ReadonlyArray<SuspendedTenant>, StoreUnavailable>
    /** Newest first. `next` is null when there is nothing more. */
    readonly list: (
      options: TenantListOptions
    ) => Effect.Effect<{ readonly rows: ReadonlyArray<TenantRow>; readonly next: RowMark | null }, StoreUnavailable>
  }
>()("@dueline/contracts/ports/TenantDirectory") {}
