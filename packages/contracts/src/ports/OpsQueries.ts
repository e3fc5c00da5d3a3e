/** What the edge and the process managers may read about the kinds whose rows are documents, always inside one tenant. */
import { Context, type Effect } from "effect"
import type { BinRow, Location } from "../bin/Bin.ts"
import type { BinId, TenantId } from "../Ids.ts"
import type { IdOf, OpsCategory, RowOf } from "../kinds.ts"
import type { OrderRow, TimeWindow } from "../order/Order.ts"
import type { ScheduleId, ScheduleRow } from "../schedule/Schedule.ts"
import type { Specification } from "../specification/Specification.ts"
import type { StoreUnavailable } from "./Persistence.ts"

/** Where the next page starts: after this row in (createdAt, id) order, newest first. */
export interface RowMark {
  readonly createdAt: number
  readonly id: string
}

export interface RowPage<Row> {
  readonly rows: ReadonlyArray<Row>
  /**
   * Null when there is nothing more. A page looks at a bounded number of rows, so under a rare filter it may hold fewer rows than
   * asked for, even none, and still have a next page: that is what keeps its cost constant.
   */
  readonly next: RowMark | null
}

export interface ListOptions {
  readonly tenantId: TenantId
  readonly filter: Specification
  readonly after: RowMark | null
  readonly limit: number
}

export interface Near {
  readonly bin: BinRow
  /** Along the surface of a sphere with the Earth's mean radius (6,371,008.8 m). */
  readonly distanceMetres: number
}

export interface NearOptions {
  readonly tenantId: TenantId
  readonly centre: Location
  readonly radiusMetres: number
  readonly filter: Specification
  /** Bins at this distance or nearer, with an id up to this one at the same distance, are left out: where the last page ended. */
  readonly after: { readonly distanceMetres: number; readonly binId: BinId } | null
  readonly limit: number
}

/** The kinds whose sealed texts are read back by what acts for their tenant. */
export type Sealing = "customer" | "ingestion" | "schedule" | "subscription"

type Answer<A> = Effect.Effect<A, StoreUnavailable>

export class OpsQueries extends Context.Service<
  OpsQueries,
  {
    readonly find: <K extends OpsCategory>(kind: K, tenantId: TenantId, id: IdOf<K>) => Answer<RowOf<K> | null>
    readonly list: <K extends OpsCategory>(kind: K, options: ListOptions) => Answer<RowPage<RowOf<K>>>
    /** What is sealed beside a history, a profile or a payload; null when there is no such thing, or when it was erased. */
    readonly sealed: <K extends Sealing>(kind: K, tenantId: TenantId, id: IdOf<K>) => Answer<string | null>
    /**
     * Those of these schedules that there are, each with the request that is sealed beside it, all of one moment; `sealed` is null when it was
     * deleted. One that is longer than `longest` (bytes of what was sealed; null: whatever it is) is left out.
     */
    readonly scheduleRequests: (options: {
      readonly tenantId: TenantId
      readonly ids: ReadonlyArray<ScheduleId>
      readonly longest: number | null
    }) => Answer<ReadonlyArray<{ readonly row: ScheduleRow; readonly sealed: string | null }>>
    /** Bins around a place, nearest first, then by id. */
    readonly near: (options: NearOptions) => Answer<ReadonlyArray<Near>>
    /** Scheduled and confirmed orders of one bin whose windows overlap this one, by the beginning of their window; at most `limit`. */
    readonly holding: (options: {
      readonly tenantId: TenantId
      readonly binId: BinId
      readonly window: TimeWindow
      readonly limit: number
    }) => Answer<ReadonlyArray<OrderRow>>
  }
>()("@dueline/contracts/ports/OpsQueries") {}
