/**
 * The places of flows: each attempt of a call that belongs to a flow takes one before it is asked for. The store has the count, so that it is
 * kept whatever process asks; asking costs nothing for calls without a flow.
 */
import { Context, type Effect } from "effect"
import type { ServiceCallId, TenantId } from "../Ids.ts"
import type { Flow } from "../serviceCall/Spec.ts"
import type { StoreUnavailable } from "./Persistence.ts"

export interface FlowHolder {
  readonly tenantId: TenantId
  readonly callId: ServiceCallId
  readonly key: string
}

export interface FlowAsk {
  readonly tenantId: TenantId
  readonly callId: ServiceCallId
  readonly flow: Flow
  /** Of the scheduling that has come due. */
  readonly revision: number
}

export type FlowAnswer =
  | { readonly _tag: "Granted" }
  /** As many are under way as may be. */
  | { readonly _tag: "Full"; readonly taken: number; readonly limit: number }
  /** By its rate the next one may begin after so many milliseconds. */
  | { readonly _tag: "Early"; readonly waitMs: number }
  /** The call does not wait under this revision any more. It took no place, and no turn of the rate. */
  | { readonly _tag: "Stale" }

/**
 * For how long a place is kept for a call that does not run, in milliseconds: it was granted and its attempt is being recorded, or the process
 * that asked is gone.
 */
export const flowPlaceMs = 30_000

export class FlowPlaces extends Context.Service<
  FlowPlaces,
  {
    /**
     * One answer for each, in their order: of one flow, who stands first in the list is served first. A place is held until it is given back; one
     * that never is, until its call does not run any more and `flowPlaceMs` are over.
     */
    readonly take: (asked: ReadonlyArray<FlowAsk>) => Effect.Effect<ReadonlyArray<FlowAnswer>, StoreUnavailable>
    /**
     * Says of calls that were granted a place that they still wait to be started: `flowPlaceMs` begin anew. Of each, in their order, whether it has
     * its place; whose place was left to another must ask for one again.
     */
    readonly keep: (holders: ReadonlyArray<FlowHolder>) => Effect.Effect<ReadonlyArray<boolean>, StoreUnavailable>
    /**
     * Gives places back. One that is not held changes nothing, nor does that of a call that runs: what is heard late of an attempt, or comes from a
     * process that did not know of it, must not let another call in.
     */
    readonly release: (holders: ReadonlyArray<FlowHolder>) => Effect.Effect<void, StoreUnavailable>
  }
>()("@dueline/contracts/ports/FlowPlaces") {}
