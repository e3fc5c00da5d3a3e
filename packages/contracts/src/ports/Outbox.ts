/** The read side of what `Persistence.commit` promised to tell the world. There is no way to write to it. */
import { Context, type Effect } from "effect"
import type { StreamId, TenantId } from "../Ids.ts"
import type { StoreUnavailable } from "./Persistence.ts"

export interface OutboxEntry {
  /** Grows in commit order within an aggregate. */
  readonly position: number
  readonly eventId: string
  readonly tenantId: TenantId
  readonly streamId: StreamId
  readonly topic: string
  readonly payload: unknown
  /** Deliveries that failed before this one. */
  readonly failures: number
}

export type Settlement =
  | { readonly _tag: "Delivered"; readonly entry: OutboxEntry }
  /** Try again at `retryAt` (epoch ms); later entries of the same stream wait for it. */
  | { readonly _tag: "Failed"; readonly entry: OutboxEntry; readonly retryAt: number; readonly error: string }
  /** Kept as a dead letter with its history; the stream moves on. */
  | { readonly _tag: "Dead"; readonly entry: OutboxEntry; readonly error: string }

export class Outbox extends Context.Service<
  Outbox,
  {
    /**
     * The next entries that may be delivered now, in order of position; never one of a stream whose earlier entry is waiting to be
     * retried. One dispatcher claims at a time; an entry that is not settled comes again, unless `held` has its position. `now` is epoch ms.
     */
    readonly claim: (options: {
      readonly now: number
      readonly limit: number
      readonly held?: ReadonlyArray<number>
    }) => Effect.Effect<ReadonlyArray<OutboxEntry>, StoreUnavailable>
    /**
     * Settling an entry twice, or one that is gone, changes nothing; nor does a failure, or an end, of an entry that has failed since it
     * was claimed.
     */
    readonly settle: (settlements: ReadonlyArray<Settlement>) => Effect.Effect<void, StoreUnavailable>
  }
>()("@dueline/contracts/ports/Outbox") {}
