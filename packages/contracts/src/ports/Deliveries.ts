/**
 * What is delivered to subscriptions. The store keeps each message of a tenant that has any, in the transaction that makes it, and the line in
 * which each subscription has its messages: of one aggregate one after the other.
 */
import { Context, type Effect } from "effect"
import type { EpochMillis, ServiceCallId, StreamId, TenantId } from "../Ids.ts"
import type { ServiceCallStatus } from "../serviceCall/Command.ts"
import type { SubscriptionId, SubscriptionRow } from "../subscription/Subscription.ts"
import type { StoreUnavailable } from "./Persistence.ts"

/** A message that was published, as it is kept. */
export interface KeptMessage {
  readonly tenantId: TenantId
  /** Grows in commit order within an aggregate. */
  readonly seq: number
  readonly eventId: string
  readonly streamId: StreamId
  readonly topic: string
  readonly payload: unknown
  /** When it was kept, by the store's clock. */
  readonly keptAt: EpochMillis
}

/** A message in the line of a subscription. `place` is the delivery's own number in the tenant. */
export interface ReadyDelivery extends KeptMessage {
  readonly place: number
  /** 0, or the number of the redelivery that it belongs to. */
  readonly redelivery: number
}

/** A delivery that has a call, and how that is. */
export interface CalledDelivery {
  readonly place: number
  readonly eventId: string
  readonly callId: ServiceCallId
  readonly calledAt: EpochMillis
  /** Null: the call cannot be found. */
  readonly call: {
    readonly status: ServiceCallStatus
    readonly attempt: number
    readonly lastStatus: number | null
    readonly failureReason: string | null
  } | null
}

interface OfSubscription {
  readonly tenantId: TenantId
  readonly subscriptionId: SubscriptionId
}

export class Deliveries extends Context.Service<
  Deliveries,
  {
    /** Kept messages that nobody has held against the subscriptions of their tenant yet, in order of `seq`. */
    readonly unsorted: (limit: number) => Effect.Effect<ReadonlyArray<KeptMessage>, StoreUnavailable>
    /** They have been, and these want them. What was sorted before stays as it is. */
    readonly sort: (
      sorted: ReadonlyArray<Pick<KeptMessage, "tenantId" | "seq"> & { readonly to: ReadonlyArray<SubscriptionId> }>
    ) => Effect.Effect<void, StoreUnavailable>
    /** Kept messages of a tenant from `from` until `to` (epoch milliseconds, both included) behind `after`, in order of `seq`. */
    readonly kept: (options: {
      readonly tenantId: TenantId
      readonly from: number
      readonly to: number
      readonly after: number | null
      readonly limit: number
    }) => Effect.Effect<ReadonlyArray<KeptMessage>, StoreUnavailable>
    /** Puts messages in line once more. What stands there already under this number stays. */
    readonly repeat: (
      options: OfSubscription & { readonly redelivery: number; readonly seqs: ReadonlyArray<number> }
    ) => Effect.Effect<void, StoreUnavailable>
    /**
     * Subscriptions of all tenants with something that can go on: whatever is not paused, and what of the paused ones is under way; behind
     * `after`, in order of tenant and id.
     */
    readonly open: (options: {
      readonly after: OfSubscription | null
      readonly limit: number
    }) => Effect.Effect<ReadonlyArray<SubscriptionRow>, StoreUnavailable>
    /** Those that are deleted or active and have a redelivery that is not done, of all tenants. */
    readonly redelivering: (limit: number) => Effect.Effect<ReadonlyArray<SubscriptionRow>, StoreUnavailable>
    /** Deliveries that have a call, and at most `limit` that may have one: the first of each aggregate that is not ended. */
    readonly look: (
      options: OfSubscription & { readonly limit: number }
    ) => Effect.Effect<
      { readonly ready: ReadonlyArray<ReadyDelivery>; readonly called: ReadonlyArray<CalledDelivery> },
      StoreUnavailable
    >
    /** This delivery is about to have this call: noted before the call is made, so that its end is known for what it is. */
    readonly call: (
      options: OfSubscription & { readonly place: number; readonly callId: ServiceCallId; readonly at: number }
    ) => Effect.Effect<void, StoreUnavailable>
    /** These are over, and the next of their aggregates may have a call. Done twice it is done once. */
    readonly settle: (
      options: OfSubscription & {
        readonly ended: ReadonlyArray<{ readonly place: number; readonly outcome: DeliveryOutcome }>
      }
    ) => Effect.Effect<void, StoreUnavailable>
    /**
     * Takes up to `limit` that have no call out of the line; how many. One that was set back has a call that may be made yet: it is under way
     * once more.
     */
    readonly drop: (options: OfSubscription & { readonly limit: number }) => Effect.Effect<number, StoreUnavailable>
    /**
     * Forgets up to `limit` messages that were kept `before` (epoch milliseconds), with their deliveries; those under way stay. How many.
     */
    readonly forget: (options: {
      readonly before: number
      readonly limit: number
    }) => Effect.Effect<number, StoreUnavailable>
  }
>()("@dueline/contracts/ports/Deliveries") {}

/** How many messages of a subscription have not been dealt with, counted up to `waitingLimit`, and when the first of them was kept. */
export interface Waiting {
  readonly count: number
  readonly oldestAt: EpochMillis | null
}
export const waitingLimit = 10_000

/** For the edge, inside one tenant. */
export class DeliveryQueries extends Context.Service<
  DeliveryQueries,
  {
    readonly waiting: (options: OfSubscription) => Effect.Effect<Waiting, StoreUnavailable>
    /** As `Deliveries` reads them. */
    readonly kept: Deliveries["Service"]["kept"]
  }
>()("@dueline/contracts/ports/Deliveries/DeliveryQueries") {}

/** `again`: its call was never made, and it may have one. */
export type DeliveryOutcome = "delivered" | "failed" | "dropped" | "again"
