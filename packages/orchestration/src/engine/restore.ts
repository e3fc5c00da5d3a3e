/** Turns a loaded slice back into an aggregate's state. */
import type { EpochMillis } from "@dueline/contracts/Ids"
import type { Slice } from "@dueline/contracts/ports/Persistence"
import { Schema } from "effect"
import type { Aggregate, Command, Tagged } from "./Aggregate.ts"
import { type Carried, type Remembered, withCarried } from "./StreamCache.ts"

/**
 * Decodes and folds a stream's events. Throws when a stored event does not decode: that is a mistake of ours, not weather,
 * and deciding on half a history would make it worse.
 */
export const restorer = <C extends Command, S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>
): ((slice: Slice) => Remembered<S, E>) => {
  const decode = Schema.decodeUnknownSync(aggregate.event)
  return ({ events, sealed, version }) => {
    const decoded = events.map(({ payload }) => decode(payload))
    const state = decoded.reduce(
      (before, event, i) => aggregate.evolve(before, event, (events[i]?.recordedAt ?? 0) as EpochMillis),
      aggregate.initial
    )
    return { state, version, sealed, recent: carriedOf(events, decoded) }
  }
}

/** The events of one command stand together. */
const carriedOf = <E>(events: Slice["events"], decoded: ReadonlyArray<E>): ReadonlyArray<Carried<E>> => {
  let recent: ReadonlyArray<Carried<E>> = []
  let from = 0
  for (let to = 1; to <= events.length; to++) {
    const commandId = events[from]?.metadata.commandId
    if (commandId === undefined || commandId === events[to]?.metadata.commandId) continue
    recent = withCarried(recent, { commandId, events: decoded.slice(from, to) })
    from = to
  }
  return recent
}
