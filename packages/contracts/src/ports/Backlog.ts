/** Live calls as the workers see them, across tenants and without their contents: what is due soon, who holds what, who went missing. */
import { Context, type Effect } from "effect"
import type { ServiceCallId, TenantId, WorkerId } from "../Ids.ts"
import type { StoreUnavailable } from "./Persistence.ts"
import type { Alarm } from "./Timer.ts"

export interface Holding {
  readonly tenantId: TenantId
  readonly callId: ServiceCallId
  readonly epoch: number
}

/**
 * What a worker says of an attempt that is called back. `recalled`: nothing left under its epoch and nothing will, and that it was handed back
 * is durable. `sent`: too late, or nobody knows. `unheard`: word of it never came and is not taken any more; the asker records that it goes back.
 * `silent`: it did not answer in time, and may have sent it.
 */
export type RecallAnswer = "recalled" | "sent" | "unheard" | "silent"

export interface Abandoned extends Holding {
  readonly worker: WorkerId
  /** Epoch ms. A lease that its holder renews is another one each time. */
  readonly leaseUntil: number
}

/** What a heartbeat comes to. A holding in neither list is being written by a commit at this moment: nobody can say yet. */
export interface Extended {
  readonly renewed: ReadonlyArray<Holding>
  /** Another epoch, another worker, or not running any more: nothing may be sent for it. */
  readonly gone: ReadonlyArray<Holding>
}

export class Backlog extends Context.Service<
  Backlog,
  {
    /**
     * Scheduled calls with `after < (dueAt, callId)` and `dueAt <= before`, earliest first: one page. Times in epoch ms; a call that waits
     * for something else than its due time is due when that is over.
     */
    readonly upcoming: (options: {
      readonly before: number
      readonly after: { readonly dueAt: number; readonly callId: ServiceCallId } | null
      readonly limit: number
    }) => Effect.Effect<ReadonlyArray<Alarm>, StoreUnavailable>
    /**
     * Running calls whose lease ended before `now`, and those that one of `deadWorkers` holds, whatever their leases say. With
     * `soleWorker`, also every call that another worker holds: only for a program that knows it is alone on its database.
     */
    readonly abandoned: (options: {
      readonly now: number
      readonly soleWorker: WorkerId | null
      readonly deadWorkers: ReadonlyArray<WorkerId>
      readonly limit: number
    }) => Effect.Effect<ReadonlyArray<Abandoned>, StoreUnavailable>
    /** The heartbeat: the worker says that it still has these, and hears which of them are its own still. `until` in epoch ms. */
    readonly extend: (options: {
      readonly worker: WorkerId
      readonly holdings: ReadonlyArray<Holding>
      readonly until: number
    }) => Effect.Effect<Extended, StoreUnavailable>
  }
>()("@dueline/contracts/ports/Backlog") {}
