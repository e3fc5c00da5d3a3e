/** What commits left behind, in memory: the log, and the outbox until it is settled. */
import type { Category } from "@dueline/contracts/kinds"
import type { EventSource, TimelineEvent, TimelineMark } from "@dueline/contracts/ports/History"
import type { Outbox, OutboxEntry, Settlement } from "@dueline/contracts/ports/Outbox"
import { Effect } from "effect"
import { copyOf, keyOf, type MemoryState, type StoredEvent } from "./MemoryState.ts"

const text = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const ascending = (a: TimelineMark, b: TimelineMark): number =>
  a.recordedAt - b.recordedAt || text(a.streamId, b.streamId) || a.version - b.version

const told = ({ category, event, streamId }: StoredEvent): TimelineEvent => ({
  ...copyOf(event),
  category: category as Category,
  streamId
})

export const eventSourceOf = (state: MemoryState): EventSource["Service"] => ({
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

/** The outbox in memory: what commits left behind, until it is settled. */
const claim = (
  state: MemoryState,
  now: number,
  limit: number,
  held: ReadonlySet<number>
): ReadonlyArray<OutboxEntry> => {
  const claimed: Array<OutboxEntry> = []
  const waiting = new Set<string>()
  for (const { entry, retryAt } of state.outbox.values()) {
    if (claimed.length >= limit) break
    const stream = keyOf(entry.tenantId, entry.streamId)
    if (retryAt !== null && retryAt > now) waiting.add(stream)
    if (!waiting.has(stream) && !held.has(entry.position)) claimed.push(entry)
  }
  return claimed
}

const settle = (state: MemoryState, settlement: Settlement): void => {
  const stored = state.outbox.get(settlement.entry.position)
  if (stored === undefined) return
  if (settlement._tag === "Delivered") {
    state.outbox.delete(stored.entry.position)
    return
  }
  // What is told twice, or by somebody who has missed something, carries an old count.
  if (stored.entry.failures !== settlement.entry.failures) return
  const errors = [...stored.errors, settlement.error]
  if (settlement._tag === "Dead") {
    state.outbox.delete(stored.entry.position)
    state.dead.push({ entry: stored.entry, errors })
    return
  }
  const entry = { ...stored.entry, failures: stored.entry.failures + 1 }
  state.outbox.set(entry.position, { entry, retryAt: settlement.retryAt, errors })
}

export const outboxOf = (state: MemoryState): Outbox["Service"] => ({
  claim: ({ held, limit, now }) => Effect.sync(() => claim(state, now, limit, new Set(held))),
  settle: (settlements) =>
    Effect.sync(() => {
      for (const settlement of settlements) settle(state, settlement)
    })
})
