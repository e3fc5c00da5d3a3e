/** Keeps the cost of a command independent of its aggregate's age: now and then the state is stored beside the events. */
import type { Snapshot } from "@dueline/contracts/ports/Persistence"
import { Schema } from "effect"
import type { Aggregate, Command, Tagged } from "./Aggregate.ts"
import type { Remembered } from "./StreamCache.ts"

/** A stream that is not remembered is read from its snapshot, and fewer events than this after it. */
export const snapshotEvery = 128

interface Kept<S, E> {
  readonly state: S
  readonly recent: Remembered<S, E>["recent"]
}

export interface SnapshotCodec<S, E> {
  readonly form: number
  /** Null unless the stream has just passed a multiple of `every`. */
  readonly due: (before: number, after: Remembered<S, E>) => Snapshot | null
  readonly read: (snapshot: Snapshot) => Kept<S, E>
}

/** The snapshot of an aggregate and of the commands it still recognises. */
export const snapshotCodec = <C extends Command, S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>,
  every = snapshotEvery
): SnapshotCodec<S, E> => {
  const kept = Schema.Struct({
    state: aggregate.snapshot.state,
    recent: Schema.Array(Schema.Struct({ commandId: Schema.String, events: Schema.Array(aggregate.event) }))
  })
  const encode = Schema.encodeSync(kept)
  const decode = Schema.decodeUnknownSync(kept)
  // The latest events stand in it as they are today: those that are read differently from now on make another form of it.
  const steps = Object.values(aggregate.upcasters).reduce((sum, { length }) => sum + length, 0)
  const form = aggregate.snapshot.form + steps
  return {
    form,
    due: (before, { recent, state, version }) =>
      Math.floor(before / every) === Math.floor(version / every)
        ? null
        : { version, form, state: encode({ state, recent }) },
    read: ({ state }) => decode(state)
  }
}
