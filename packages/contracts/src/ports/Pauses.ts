/** The pauses that hold now, of all tenants: what each start of a call is held against. */
import { Context, type Effect } from "effect"
import type { EpochMillis, TenantId } from "../Ids.ts"
import type { PauseId, PauseOf } from "../pause/Pause.ts"
import type { StoreUnavailable } from "./Persistence.ts"

export interface PauseInForce {
  readonly tenantId: TenantId
  readonly pauseId: PauseId
  readonly of: PauseOf
  /** Null for the whole tenant. */
  readonly key: string | null
  /** Null while it holds. Else calls that were due up to `at` are released at a rate, of all processes together. */
  readonly release: { readonly at: EpochMillis; readonly perSecond: number } | null
}

export class Pauses extends Context.Service<
  Pauses,
  {
    /**
     * All that hold, and those that were resumed with a rate after `resumedAfter` (epoch ms), oldest first; the first `limit`. Asks the store
     * each time.
     */
    readonly inForce: (options: {
      readonly resumedAfter: number
      readonly limit: number
    }) => Effect.Effect<ReadonlyArray<PauseInForce>, StoreUnavailable>
  }
>()("@dueline/contracts/ports/Pauses") {}
