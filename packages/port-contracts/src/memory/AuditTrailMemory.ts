/** The audit log in memory: entries, and the events of the state, in the order in which they came. */
import {
  type AuditEntry,
  type AuditMark,
  type AuditTrail,
  boundedEntry,
  type ListedEntry
} from "@dueline/contracts/ports/AuditTrail"
import type { EpochMillis } from "@dueline/contracts/Ids"
import { Effect } from "effect"
import { copyOf, type MemoryState, type StoredEvent } from "./MemoryState.ts"

interface Placed {
  readonly tenantId: string
  readonly mark: AuditMark
  readonly item: ListedEntry
}

/** By the events that were there before it: an event by itself, an entry behind the last of them. */
const ofEvent = ({ category, event, position, streamId, tenantId }: StoredEvent): Placed => ({
  tenantId,
  mark: { transaction: String(position), position: 0, kind: 0 },
  item: {
    at: event.recordedAt as EpochMillis,
    actor: event.metadata.actor,
    action: event.type,
    resource: streamId,
    kind: category,
    outcome: "done",
    code: null,
    correlationId: event.metadata.correlationId,
    count: 1
  }
})

const isBehind = (a: AuditMark, b: AuditMark): boolean => {
  const [x, y] = [Number(a.transaction), Number(b.transaction)]
  return x !== y ? x < y : a.position !== b.position ? a.position < b.position : a.kind < b.kind
}

export const make = (state: MemoryState): AuditTrail["Service"] => {
  const entries: Array<Placed> = []
  const placed = (entry: AuditEntry): Placed => {
    const { tenantId, ...item } = copyOf(boundedEntry(entry))
    const mark = { transaction: String(state.events.length), position: entries.length + 1, kind: 1 }
    return { tenantId, mark, item: { ...item, kind: null } }
  }
  return {
    append: (given) =>
      Effect.sync(() => {
        for (const entry of given) entries.push(placed(entry))
      }),
    list: ({
      actor,
      after,
      correlationId,
      from = -Infinity,
      limit,
      order,
      outcome,
      resource,
      tenantId,
      to = Infinity
    }) =>
      Effect.sync(() => {
        const comesFirst = (a: AuditMark, b: AuditMark) => (order === "asc" ? isBehind(a, b) : isBehind(b, a))
        const found = [...entries, ...state.events.map(ofEvent)]
          .filter(
            ({ item, mark, tenantId: owner }) =>
              owner === tenantId &&
              (after === null || comesFirst(after, mark)) &&
              (outcome === undefined || item.outcome === outcome) &&
              (actor === undefined || item.actor.id === actor) &&
              (resource === undefined || item.resource === resource) &&
              (correlationId === undefined || item.correlationId === correlationId) &&
              item.at >= from &&
              item.at < to
          )
          .sort((a, b) => (comesFirst(a.mark, b.mark) ? -1 : 1))
        const last = found.length > limit ? found[limit - 1] : undefined
        return { items: found.slice(0, limit).map(({ item }) => copyOf(item)), next: last?.mark ?? null }
      }),
    // Nothing is sealed in memory.
    stretch: ({ from: { at, entries: ofEntries, events } }) =>
      Effect.succeed({
        at,
        hashes: "",
        kinds: "",
        events: { ...events, found: 0, own: [] },
        entries: { ...ofEntries, found: 0, own: [] },
        note: null,
        size: 0,
        sealed: 0,
        successions: []
      })
  }
}
