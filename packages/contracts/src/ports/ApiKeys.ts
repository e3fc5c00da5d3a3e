/** API keys by their id, for requests that have no tenant until their key is found; and when each was used. */
import { Context, type Effect } from "effect"
import type { ApiKeyId, ApiKeyRow } from "../apiKey/ApiKey.ts"
import type { EpochMillis, TenantId } from "../Ids.ts"
import type { StoreUnavailable } from "./Persistence.ts"

export interface KeyUse {
  readonly tenantId: TenantId
  readonly apiKeyId: ApiKeyId
  readonly at: EpochMillis
}

export class ApiKeys extends Context.Service<
  ApiKeys,
  {
    /** Null when no tenant has such a key. Asks the store each time. */
    readonly find: (id: ApiKeyId) => Effect.Effect<ApiKeyRow | null, StoreUnavailable>
    /** Notes uses; of one key the latest stays, in whatever order they are told. Those of a key that is not there are dropped. */
    readonly used: (uses: ReadonlyArray<KeyUse>) => Effect.Effect<void, StoreUnavailable>
    /** When each of a tenant's keys was used last; those that never were are left out. */
    readonly lastUses: (
      tenantId: TenantId,
      ids: ReadonlyArray<ApiKeyId>
    ) => Effect.Effect<ReadonlyMap<ApiKeyId, EpochMillis>, StoreUnavailable>
  }
>()("@dueline/contracts/ports/ApiKeys") {}
