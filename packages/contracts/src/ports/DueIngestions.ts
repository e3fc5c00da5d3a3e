/** Payloads that came in and have not come to their end, as the worker that carries them out sees them: across tenants, without contents. */
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
  }
>()("@dueline/contracts/ports/DueIngestions") {}
