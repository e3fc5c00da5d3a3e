/** The log for those who make something of it: a stream from anywhere on, and what belongs to one cause. Always inside one tenant. */
import { Context, type Effect } from "effect"
import type { Category } from "../kinds.ts"
import type { Actor, RecordedEvent } from "../Envelope.ts"
import type { CorrelationId, StreamId, TenantId } from "../Ids.ts"
import type { StoreUnavailable } from "./Persistence.ts"
import type { TimelineEvent, TimelineMark } from "./TimeTravel.ts"

export class EventSource extends Context.Service<
  EventSource,
  {
    /** Events with `version > after`, oldest first. Empty when the tenant has no such stream of this category. */
    readonly stream: (options: {
      readonly tenantId: TenantId
      readonly category: Category
      readonly streamId: StreamId
      readonly after: number
      readonly limit: number
    }) => Effect.Effect<ReadonlyArray<RecordedEvent>, StoreUnavailable>
    /** Events of all streams that carry the correlation id, after the mark, in (recordedAt, streamId, version) order. */
    readonly correlated: (options: {
      readonly tenantId: TenantId
      readonly correlationId: CorrelationId
      readonly after: TimelineMark | null
      readonly limit: number
    }) => Effect.Effect<ReadonlyArray<TimelineEvent>, StoreUnavailable>
    /** Who made each of these, of whatever kind: who asked for its first event. Those that are not there are left out. */
    readonly makers: (
      tenantId: TenantId,
      streamIds: ReadonlyArray<string>
    ) => Effect.Effect<ReadonlyMap<string, Actor>, StoreUnavailable>
  }
>()("@dueline/contracts/ports/EventSource") {}
