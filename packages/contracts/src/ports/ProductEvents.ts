/** Where product events are kept: written many at a time, read newest first. */
import { Context, type Effect, Schema } from "effect"
import type { CorrelationId, EpochMillis, TenantId } from "../Ids.ts"
import type {
  ProductEventId,
  ProductEventType,
  ReportedBy,
  ReportedEvent,
  StoredProductEvent
} from "../productEvent/ProductEvent.ts"
import type { StoreUnavailable } from "./Persistence.ts"

/** More is waiting to be stored than may. Nothing of it was stored. */
export class TooManyEvents extends Schema.TaggedError<TooManyEvents>()("TooManyEvents", {}) {}

/** Where a page ended: behind the event received then, with this id. */
export interface ProductEventMark {
  readonly createdAt: number
  readonly id: string
}

export interface ProductEventQuery {
  readonly tenantId: TenantId
  readonly workspace?: string | undefined
  readonly type?: ProductEventType | undefined
  readonly name?: string | undefined
  readonly userId?: string | undefined
  readonly anonymousId?: string | undefined
  readonly eventId?: string | undefined
  /** Received at or after. */
  readonly from?: number | undefined
  /** Received at or before. */
  readonly to?: number | undefined
  readonly after: ProductEventMark | null
  readonly limit: number
}

/** Of an event on a timeline: nothing that a person's data could be in but what the sender called it. */
export type ToldProductEvent = Pick<
  StoredProductEvent,
  "id" | "eventId" | "type" | "name" | "receivedAt" | "workspace" | "apiKeyId" | "correlationId"
>

export class ProductEvents extends Context.Service<
  ProductEvents,
  {
    /**
     * Stores the events of one request, all that are new to their tenant or none, and says which are stored: durable by then. Of several
     * with one event id, in whatever requests at once, one is, on the day (UTC) on which it came and at least the seven after it.
     */
    readonly append: (
      by: ReportedBy,
      events: ReadonlyArray<ReportedEvent>
    ) => Effect.Effect<ReadonlySet<ProductEventId>, StoreUnavailable | TooManyEvents>
    /** Newest first. A page may be short, even empty, and have a next one. */
    readonly list: (
      query: ProductEventQuery
    ) => Effect.Effect<
      { readonly events: ReadonlyArray<StoredProductEvent>; readonly next: ProductEventMark | null },
      StoreUnavailable
    >
    /** Those that carry the correlation id, behind the mark, in the order of (receivedAt, id). */
    readonly correlated: (options: {
      readonly tenantId: TenantId
      readonly correlationId: CorrelationId
      readonly after: { readonly receivedAt: EpochMillis | number; readonly id: string } | null
      readonly limit: number
    }) => Effect.Effect<ReadonlyArray<ToldProductEvent>, StoreUnavailable>
  }
>()("@dueline/contracts/ports/ProductEvents") {}
