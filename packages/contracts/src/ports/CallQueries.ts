/** What the edge may read about service calls, always inside one tenant. */
import { Context, type Effect } from "effect"
import type { RecordedEvent } from "../Envelope.ts"
import type { ServiceCallId, TenantId } from "../Ids.ts"
import type { ServiceCallStatus } from "../serviceCall/Rejection.ts"
import type { ServiceCallRow } from "../serviceCall/Row.ts"
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
