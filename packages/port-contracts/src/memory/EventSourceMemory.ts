/** The log in memory, as it is read by those who make something of it. */
import { Effect } from "effect"
import type { Category } from "@dueline/contracts/kinds"
import type { EventSource } from "@dueline/contracts/ports/EventSource"
import type { TimelineEvent, TimelineMark } from "@dueline/contracts/ports/TimeTravel"
import { copyOf, keyOf, type MemoryState, type StoredEvent } from "./MemoryState.ts"

const text = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const ascending = (a: TimelineMark, b: TimelineMark): number =>
  a.recordedAt - b.recordedAt || text(a.streamId, b.streamId) || a.version - b.version

const told = ({ category, event, streamId }: StoredEvent): TimelineEvent => ({
  ...copyOf(event),
  category: category as Category,
  streamId
})

export const make = (state: MemoryState): EventSource["Service"] => ({
  stream: ({ after, category, limit, streamId, tenantId }) =>
    Effect.sync(() =>
      state.events
        .filter((stored) => stored.streamId === streamId && stored.tenantId === tenantId)
        .filter((stored) => stored.category === category && stored.event.version > after)
        .slice(0, limit)
        .map(({ event }) => copyOf(event))
    ),
  correlated: ({ after, correlationId, limit, tenantId }) =>
    Effect.sync(() =>
      state.events
        .filter(({ event, ...of }) => of.tenantId === tenantId && event.metadata.correlationId === correlationId)
        .map(told)
        .filter((event) => after === null || ascending(event, after) > 0)
        .sort(ascending)
        .slice(0, limit)
    ),
  makers: (tenantId, streamIds) =>
    Effect.sync(
      () =>
        new Map(
          streamIds.flatMap((id) => {
            const first = state.streams.get(keyOf(tenantId, id))?.events[0]
            return first === undefined ? [] : [[id, first.metadata.actor] as const]
          })
        )
    )
})
