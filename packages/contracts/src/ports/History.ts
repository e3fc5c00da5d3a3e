/** The log for those who make something of it: a stream from anywhere on, an aggregate as it stood, and everything that belongs to one cause. */
import { Context, type Effect } from "effect"
import type { Actor, RecordedEvent } from "../Envelope.ts"
import type { CorrelationId, StreamId, TenantId } from "../Ids.ts"
import type { Category, ReadModelRow } from "../kinds.ts"
import type { StoreUnavailable } from "./Persistence.ts"

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

/** With this version, or after everything recorded up to and at this instant (epoch ms). */
export type AsOf =
  | { readonly _tag: "Version"; readonly version: number }
  | { readonly _tag: "Instant"; readonly at: number }

/** Where a timeline's next page starts: after this event in (recordedAt, streamId, version) order. */
export interface TimelineMark {
  readonly recordedAt: number
  readonly streamId: StreamId
  readonly version: number
}

export interface TimelineEvent extends RecordedEvent {
  readonly category: Category
  readonly streamId: StreamId
}

export class TimeTravel extends Context.Service<
  TimeTravel,
  {
    /** The read-model row as it was. Null when there was no such aggregate of this kind then, or it has no such version. */
    readonly at: (options: {
      readonly tenantId: TenantId
      readonly category: Category
      readonly streamId: StreamId
      readonly asOf: AsOf
    }) => Effect.Effect<ReadModelRow | null, StoreUnavailable>
    /** Events of all aggregates that carry the correlation id, oldest first. */
    readonly timeline: (options: {
      readonly tenantId: TenantId
      readonly correlationId: CorrelationId
      readonly after: TimelineMark | null
      readonly limit: number
    }) => Effect.Effect<
      {
        readonly events: ReadonlyArray<TimelineEvent>
        readonly next: TimelineMark | null
      },
      StoreUnavailable
    >
  }
>()("@dueline/contracts/ports/TimeTravel") {}
