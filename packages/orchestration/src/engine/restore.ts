/** Turns a loaded slice back into an aggregate's state. */
import type { Slice } from "@dueline/contracts/ports/Persistence"
import { Schema } from "effect"
import type { Aggregate, Tagged } from "./Aggregate.ts"
import { EpochMillis } from "@dueline/contracts/Ids"
import type { Remembered } from "./StreamCache.ts"

/**
 * Decodes and folds a stream's events. Throws when a stored event does not decode: that is a mistake of ours, not weather,
 * and deciding on half a history would make it worse.
 */
export const restorer = <C extends Tagged & { readonly at: EpochMillis }, S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>
): (slice: Slice) => Remembered<S> => {
  const decode = Schema.decodeUnknownSync(aggregate.event)
  return ({ events, sealed, version }) => ({
    state: events.reduce(
      (state, { payload, recordedAt }) => aggregate.evolve(state, decode(payload), EpochMillis.make(recordedAt)),
      aggregate.initial
    ),
    version,
    sealed
  })
}
