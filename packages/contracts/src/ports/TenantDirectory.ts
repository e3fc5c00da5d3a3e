/** Which tenants there are. Tenants are made by an operator and never removed. */
import { Context, type Effect } from "effect"
import type { TenantId } from "../Ids.ts"
import type { StoreUnavailable } from "./Persistence.ts"

export class TenantDirectory extends Context.Service<
  TenantDirectory,
  {
    /** Asks the store each time. */
    readonly exists: (tenantId: TenantId) => Effect.Effect<boolean, StoreUnavailable>
  }
>()("@dueline/contracts/ports/TenantDirectory") {}
