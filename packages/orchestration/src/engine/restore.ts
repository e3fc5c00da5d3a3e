/** Turns a loaded slice back into an aggregate's state. */
import type { EpochMillis } from "@dueline/contracts/Ids"
import type { RecordedEvent } from "@dueline/contracts/Envelope"
import type { Slice } from "@dueline/contracts/ports/Persistence"
import { Schema } from "effect"
import type { Aggregate, Command, Tagged } from "./Aggregate.ts"
import { type SnapshotCodec, snapshotCodec } from "./snapshot.ts"
import { type Carried, type Remembered, withCarried } from "./StreamCache.ts"
import { upcast } from "./upcast.ts"

/** Reads one stored event in its form of today. */
export const eventReader = <C extends Command, S, E extends Tagged, R, O>({
  event,
  upcasters
}: Pick<Aggregate<C, S, E, R, O>, "event" | "upcasters">): ((
  stored: Pick<RecordedEvent, "type" | "eventVersion" | "payload">
) => E) => {
  const decode = Schema.decodeUnknownSync(event)
  return ({ eventVersion, payload, type }) => decode(upcast(upcasters, type, eventVersion, payload))
}

/**
 * Decodes and folds a stream's events. Throws when a stored event does not decode: that is a mistake of ours, not weather,
 * and deciding on half a history would make it worse.
 */
export const restorer = <C extends Command, S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>,
  snapshots: Pick<SnapshotCodec<S, E>, "read"> = snapshotCodec(aggregate)
): ((slice: Slice) => Remembered<S, E>) => {
  const read = eventReader(aggregate)
  return ({ events, sealed, snapshot, version }) => {
    const start = snapshot === null ? { state: aggregate.initial, recent: [] } : snapshots.read(snapshot)
    const decoded = events.map(read)
    const state = decoded.reduce(
      (before, event, i) => aggregate.evolve(before, event, (events[i]?.recordedAt ?? 0) as EpochMillis),
      start.state
    )
    return { state, version, sealed, recent: carriedOf(start.recent, events, decoded) }
  }
}

/** The events of one command stand together, and one commit is never split by a snapshot. */
const carriedOf = <E>(
  before: ReadonlyArray<Carried<E>>,
  events: Slice["events"],
  decoded: ReadonlyArray<E>
): ReadonlyArray<Carried<E>> => {
  let recent = before
  let from = 0
  for (let to = 1; to <= events.length; to++) {
    const commandId = events[from]?.metadata.commandId
    if (commandId === undefined || commandId === events[to]?.metadata.commandId) continue
    recent = withCarried(recent, { commandId, events: decoded.slice(from, to) })
    from = to
  }
  return recent
}
