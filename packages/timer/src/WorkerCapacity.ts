/** Places for attempts, of all workers that can be asked, and which of them are being asked for. */
import type { WorkerId } from "@dueline/contracts/Ids"
import { Context, Layer } from "effect"

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
 * Between `take` and `release` lies the asking: a place counts as taken until the writer has answered. By then the executor has either got
 * the attempt, and counts it itself, or there is none to make.
 */
export class WorkerCapacity extends Context.Service<
  WorkerCapacity,
  {
    /** Takes as many places as are free, up to `limit`, each from the worker that has most left. Answers the worker of each. */
    readonly take: (limit: number) => ReadonlyArray<WorkerId>
    /** Gives one place of the worker back. */
    readonly release: (worker: WorkerId) => void
    /** The listener is called whenever there may be a free place again; it must not throw. */
    readonly onFree: (listener: () => void) => void
  }
>()("@dueline/timer/WorkerCapacity") {
  static readonly layer = (places: FreePlaces) => Layer.sync(WorkerCapacity, () => makeWorkerCapacity(places))
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

export const makeWorkerCapacity = (places: FreePlaces): WorkerCapacity["Service"] => {
  const asking = new Map<WorkerId, number>()
  const listeners: Array<() => void> = []
  const tell = () => {
    for (const listener of listeners) listener()
  }
  places.onFree(tell)
  return WorkerCapacity.of({
    take: (limit) => {
      const offers: Array<Offer> = []
      places.each((worker, free) => {
        const left = free - (asking.get(worker) ?? 0)
        if (left > 0) offers.push({ worker, left })
      })
      const taken = share(offers, limit)
      for (const worker of taken) asking.set(worker, (asking.get(worker) ?? 0) + 1)
      return taken
    },
    release: (worker) => {
      const left = (asking.get(worker) ?? 0) - 1
      // Workers come and go: none is remembered for longer than it is asked.
      if (left > 0) asking.set(worker, left)
      else asking.delete(worker)
      tell()
    },
    onFree: (listener) => void listeners.push(listener)
  })
}
