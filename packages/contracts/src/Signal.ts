/** Wakes one fiber: at once when something has happened, at the latest when its time has come. */
import { Deferred, Effect } from "effect"

export interface Signal {
  /** Ends the wait that is under way, or the next one. Runs the waiting fiber on this very stack. */
  readonly raise: () => void
  /** Ends when the signal is raised, at the latest after `ms`, which may be positive infinity. One wait at a time. */
  readonly wait: (ms: number) => Effect.Effect<void>
}

export const makeSignal = (): Signal => {
  let isRaised = false
  let waiting: Deferred.Deferred<void> | null = null
  const raise = () => {
    const woken = waiting
    waiting = null
    isRaised = woken === null
    if (woken !== null) Deferred.doneUnsafe(woken, Effect.void)
  }
  const wait = (ms: number) =>
    Effect.suspend(() => {
      if (isRaised) {
        isRaised = false
        return Effect.void
      }
      const mine = Deferred.makeUnsafe<void>()
      waiting = mine
      const raised = Deferred.await(mine)
      const either = ms === Number.POSITIVE_INFINITY ? raised : Effect.raceFirst(raised, Effect.sleep(ms))
      // A fiber that has woken looks for work by itself; what is raised from then on is for the next wait.
      return Effect.ensuring(
        either,
        Effect.sync(() => {
          if (waiting === mine) waiting = null
        })
      )
    })
  return { raise, wait }
}
