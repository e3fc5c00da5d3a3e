/** When the next call may become Running: only when an attempt can be made at once, so that none waits with its lease ticking. */
import type { WorkerId } from "@dueline/contracts/Ids"
import { Context, Deferred, Effect, Layer } from "effect"

/** Where attempts can be made. */
export interface FreePlaces {
  /**
   * Shows every worker that may have places, with how many attempts it could make at once if they were asked for now: every attempt
   * whose `ExecutionRequested` was published counts as made already. May show none.
   */
  readonly each: (see: (worker: WorkerId, free: number) => void) => void
  /** The listener is called whenever a place has become free or a worker has come. */
  readonly onFree: (listener: () => void) => void
}

/** The places of a single worker. */
export const placesOf = (
  worker: WorkerId,
  { free, onFree }: { readonly free: () => number; readonly onFree: FreePlaces["onFree"] }
): FreePlaces => ({ each: (see) => see(worker, free()), onFree })

/**
 * Between `acquire` and `release` lies the asking: a place counts as taken until the writer has answered. By then the executor has
 * either got the attempt, and counts it itself, or there is none to make.
 */
export class WorkerCapacity extends Context.Service<
  WorkerCapacity,
  {
    /**
     * Waits until at least one place is free and takes up to `limit`, each from the worker that has most left. Answers the worker of
     * each. One taker at a time.
     */
    readonly acquire: (limit: number) => Effect.Effect<ReadonlyArray<WorkerId>>
    /** Gives one place of the worker back. */
    readonly release: (worker: WorkerId) => void
  }
>()("@dueline/timer/WorkerCapacity") {
  static readonly layer = (places: FreePlaces) => Layer.sync(WorkerCapacity, () => make(places))
}

interface Offer {
  readonly worker: WorkerId
  left: number
}

/** Takes places one by one from the worker that has most; of equals from the one that was shown first. */
const share = (offers: ReadonlyArray<Offer>, limit: number): ReadonlyArray<WorkerId> => {
  const taken: Array<WorkerId> = []
  while (taken.length < limit) {
    let best: Offer | undefined
    for (const offer of offers) if (offer.left > (best?.left ?? 0)) best = offer
    if (best === undefined) break
    best.left -= 1
    taken.push(best.worker)
  }
  return taken
}

export const make = (places: FreePlaces): WorkerCapacity["Service"] => {
  const asking = new Map<WorkerId, number>()
  let waiting: Deferred.Deferred<void> | null = null
  const offers = (): ReadonlyArray<Offer> => {
    const found: Array<Offer> = []
    places.each((worker, free) => {
      const left = free - (asking.get(worker) ?? 0)
      if (left > 0) found.push({ worker, left })
    })
    return found
  }
  const wake = () => {
    if (waiting === null || offers().length === 0) return
    const sleeper = waiting
    waiting = null
    Deferred.doneUnsafe(sleeper, Effect.void)
  }
  const acquire = (limit: number): Effect.Effect<ReadonlyArray<WorkerId>> =>
    Effect.suspend(() => {
      const taken = share(offers(), limit)
      for (const worker of taken) asking.set(worker, (asking.get(worker) ?? 0) + 1)
      if (taken.length > 0) return Effect.succeed(taken)
      const sleeper = Deferred.makeUnsafe<void>()
      waiting = sleeper
      return Effect.flatMap(Deferred.await(sleeper), () => acquire(limit))
    })
  places.onFree(wake)
  return WorkerCapacity.of({
    acquire,
    release: (worker) => {
      const left = (asking.get(worker) ?? 0) - 1
      // Workers come and go: none is remembered for longer than it is asked.
      if (left > 0) asking.set(worker, left)
      else asking.delete(worker)
      wake()
    }
  })
}
