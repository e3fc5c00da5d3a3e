/** What came in and has not come to its end, as those see it who carry it out: across tenants, without contents. */
import { Context, type Effect } from "effect"
import type { TenantId } from "../Ids.ts"
import type { IngestionId } from "../ingestion/Ingestion.ts"
import type { StoreUnavailable } from "./Persistence.ts"

export interface DueIngestion {
  readonly tenantId: TenantId
  readonly ingestionId: IngestionId
  /** Host and port that its payload is asked of, as `targetOf` has it; empty when it came with the request. */
  readonly target: string
}

export class DueIngestions extends Context.Service<
  DueIngestions,
  {
    /**
     * Those whose `dueAt` is `before` (epoch ms) at the latest, earliest first; of one tenant at most `each`, so that one's many do not hide
     * another's. Of all that are due only the 10,000 earliest are looked at.
     */
    readonly due: (options: {
      readonly before: number
      readonly each: number
      readonly limit: number
    }) => Effect.Effect<ReadonlyArray<DueIngestion>, StoreUnavailable>
    /** Couriers' events that came in `before` (epoch ms) at the latest and have not ended, earliest first. */
    readonly unended: (options: {
      readonly before: number
      readonly limit: number
    }) => Effect.Effect<ReadonlyArray<Omit<DueIngestion, "target">>, StoreUnavailable>
  }
>()("@dueline/contracts/ports/DueIngestions") {}
