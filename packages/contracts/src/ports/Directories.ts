/**
 * What is looked up across tenants: API keys and courier sources, whose requests have no tenant until they are found; tenants; and the pauses that
 * hold now.
 */
import { Context, type Effect } from "effect"
import type { EpochMillis, TenantId } from "../Ids.ts"
import type { ApiKeyId, ApiKeyRow } from "../apiKey/ApiKey.ts"
import type { CourierSourceId, CourierSourceRow } from "../courierSource/CourierSource.ts"
import type { PauseId, PauseOf } from "../pause/Pause.ts"
import type { TenantRow, TenantStatus } from "../tenant/Tenant.ts"
import type { RowMark } from "./Queries.ts"
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

/** Courier sources by their address, for requests that have no tenant until their source is found. */
export interface AddressedSource {
  readonly row: CourierSourceRow
  /** `<secret id>:<sealed>` of each secret, joined by commas; null once the source is disabled. */
  readonly sealed: string | null
}

export class CourierSources extends Context.Service<
  CourierSources,
  {
    /** Null when no tenant has such a source. Asks the store each time, so that a secret ends when it should. */
    readonly find: (id: CourierSourceId) => Effect.Effect<AddressedSource | null, StoreUnavailable>
  }
>()("@dueline/contracts/ports/CourierSources") {}

/** Which tenants there are: the one port that looks across them. Tenants are made by an operator; of a deleted one its id is left. */
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

/** The pauses that hold now, of all tenants: what each start of a call is held against. */
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
