/** When the next call may become Running: only when an attempt can be made at once, so that none waits with its lease ticking. */
import { Context, Deferred, Effect, Layer } from "effect"

export interface Places {
  /** Attempts that could be made at once if they were asked for now. */
  readonly free: () => number
  /** The listener is called whenever a place has become free. */
  readonly onFree: (listener: () => void) => void
}

/**
 * Between `acquire` and `release` lies the asking: a place counts as taken until the writer has answered. By then the executor has
 * either got the attempt, and counts it itself, or there is none to make.
 */
export class Slots extends Context.Service<
  Slots,
  {
    /** Waits until at least one place is free and takes up to `limit`; answers how many. One taker at a time. */
    readonly acquire: (limit: number) => Effect.Effect<number>
    readonly release: (count: number) => void
  }
>()("@dueline/timer/Slots") {
  static readonly layer = (places: Places) => Layer.sync(Slots, () => make(places))
}

export const make = (places: Places): Slots["Service"] => {
  let asking = 0
  let waiting: Deferred.Deferred<void> | null = null
  const wake = () => {
    if (waiting === null || places.free() <= asking) return
    Deferred.doneUnsafe(waiting, Effect.void)
    waiting = null
  }
  const acquire = (limit: number): Effect.Effect<number> =>
    Effect.suspend(() => {
      const taken = Math.min(places.free() - asking, limit)
      if (taken > 0) {
        asking += taken
        return Effect.succeed(taken)
      }
      waiting = Deferred.makeUnsafe<void>()
      return Effect.flatMap(Deferred.await(waiting), () => acquire(limit))
    })
  places.onFree(wake)
  return Slots.of({
    acquire,
    release: (count) => {
      asking -= count
      wake()
    }
  })
}
