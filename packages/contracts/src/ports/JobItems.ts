/** The items of bulk jobs, one by one: each is claimed by one step of its job, once, and has one result. */
import { Context, type Effect } from "effect"
import type { BulkJobId } from "../bulkJob/BulkJob.ts"
import type { TenantId } from "../Ids.ts"
import type { StoreUnavailable } from "./Persistence.ts"

/** `skipped`: it had changed since it was looked at, or was not there any more. */
export type Outcome = "done" | "failed" | "skipped"

export interface Chosen {
  readonly id: string
  /** With the id its place in the order of the walk. */
  readonly at: number
  /** Under which it was chosen; null for what has no version. */
  readonly version: number | null
}

export interface JobItem extends Chosen {
  readonly step: number
  /** Null until it is settled. */
  readonly outcome: Outcome | null
  readonly detail: string | null
}

export interface Result {
  readonly id: string
  readonly outcome: Outcome
  readonly detail: string | null
}

/** Where the next page starts: after this item in (step, id) order. */
export interface ItemMark {
  readonly step: number
  readonly id: string
}

interface OfJob {
  readonly tenantId: TenantId
  readonly bulkJobId: BulkJobId
}

export class JobItems extends Context.Service<
  JobItems,
  {
    /** Jobs that have something to do, of each tenant one: what is to be aborted first, then the oldest. */
    readonly active: (limit: number) => Effect.Effect<ReadonlyArray<OfJob>, StoreUnavailable>
    /**
     * What the step has: the items of its first claim, whatever is offered later, with what became of them. An item that an earlier step has
     * is left out. Without items it only looks.
     */
    readonly claim: (
      options: OfJob & { readonly step: number; readonly items: ReadonlyArray<Chosen> }
    ) => Effect.Effect<ReadonlyArray<JobItem>, StoreUnavailable>
    /** The first result of an item counts. */
    readonly settle: (
      options: OfJob & { readonly results: ReadonlyArray<Result> }
    ) => Effect.Effect<void, StoreUnavailable>
  }
>()("@dueline/contracts/ports/JobItems") {}

export interface ItemPage {
  readonly items: ReadonlyArray<JobItem>
  readonly next: ItemMark | null
}

/** For the edge, inside one tenant. */
export class JobItemQueries extends Context.Service<
  JobItemQueries,
  {
    /** In the order of steps. `outcome` null: all of them; `pending`: those without a result. */
    readonly list: (
      options: OfJob & {
        readonly outcome: Outcome | "pending" | null
        readonly after: ItemMark | null
        readonly limit: number
      }
    ) => Effect.Effect<ItemPage, StoreUnavailable>
  }
>()("@dueline/contracts/ports/JobItems/JobItemQueries") {}
