/** What the edge and the process managers may read, always inside one tenant: service calls, and the kinds whose rows are documents. */
import { Context, type Effect } from "effect"
import type { RecordedEvent } from "../Envelope.ts"
import type { BinId, ServiceCallId, TenantId } from "../Ids.ts"
import type { BinRow, Location } from "../bin/Bin.ts"
import type { IdOf, OpsCategory, RowOf } from "../kinds.ts"
import type { OrderRow, TimeWindow } from "../order/Order.ts"
import type { ScheduleId, ScheduleRow } from "../schedule/Schedule.ts"
import type { ServiceCallStatus } from "../serviceCall/Command.ts"
import type { ServiceCallRow } from "../serviceCall/Row.ts"
import type { Specification } from "../specification/Specification.ts"
import type { StoreUnavailable } from "./Persistence.ts"

export interface CallFilter {
  readonly status: ServiceCallStatus | null
  /** Calls that carry all of these. */
  readonly tags: ReadonlyArray<string>
  /** Epoch ms, from inclusive, to exclusive. */
  readonly dueFrom: number | null
  readonly dueTo: number | null
  /** Part of the URL, case-insensitive. */
  readonly search: string | null
}

/** Where the next page starts: after this row in (createdAt, callId) order, newest first. */
export interface PageMark {
  readonly createdAt: number
  readonly callId: ServiceCallId
}

export interface CallPage {
  readonly rows: ReadonlyArray<ServiceCallRow>
  /**
   * Null when there is nothing more. A page looks at a bounded number of rows, so under a rare filter it may hold fewer rows than
   * asked for, even none, and still have a next page: that is what keeps its cost constant.
   */
  readonly next: PageMark | null
}

/** How it stands with a flow now. Both are counted up to `flowCountLimit`. */
export interface FlowState {
  readonly running: number
  /** Calls that are due and not under way. */
  readonly waiting: number
}

export const flowCountLimit = 10_000

/** How many calls one question may name. */
export const findManyLimit = 200

export class CallQueries extends Context.Service<
  CallQueries,
  {
    readonly list: (options: {
      readonly tenantId: TenantId
      readonly filter: CallFilter
      readonly after: PageMark | null
      readonly limit: number
    }) => Effect.Effect<CallPage, StoreUnavailable>
    readonly find: (tenantId: TenantId, callId: ServiceCallId) => Effect.Effect<ServiceCallRow | null, StoreUnavailable>
    /** Those of these that there are in this tenant, in any order: one statement, at most `findManyLimit` ids. */
    readonly findMany: (
      tenantId: TenantId,
      callIds: ReadonlyArray<ServiceCallId>
    ) => Effect.Effect<ReadonlyArray<ServiceCallRow>, StoreUnavailable>
    /** `now` in epoch ms. A flow of which there are no calls has nothing under way and nothing waiting. */
    readonly flow: (tenantId: TenantId, key: string, now: number) => Effect.Effect<FlowState, StoreUnavailable>
    /** Events of one call with `version > after`, oldest first. Empty when there is no such call in this tenant. */
    readonly history: (options: {
      readonly tenantId: TenantId
      readonly callId: ServiceCallId
      readonly after: number
      readonly limit: number
    }) => Effect.Effect<ReadonlyArray<RecordedEvent>, StoreUnavailable>
  }
>()("@dueline/contracts/ports/CallQueries") {}

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
