/** Wakes one sleeper: at once when something has happened, at the latest when its time has come. */
import { Deferred, Effect } from "effect"

export interface Bell {
  /** Heard by who sleeps, or by who lies down next. Runs the sleeper on this very stack. */
  readonly ring: () => void
  /** `ms` may be positive infinity. One sleeper at a time. */
  readonly sleep: (ms: number) => Effect.Effect<void>
}

export const makeBell = (): Bell => {
  let hasRung = false
  let sleeper: Deferred.Deferred<void> | null = null
  const ring = () => {
    const heard = sleeper
    sleeper = null
    hasRung = heard === null
    if (heard !== null) Deferred.doneUnsafe(heard, Effect.void)
  }
  const sleep = (ms: number) =>
    Effect.suspend(() => {
      if (hasRung) {
        hasRung = false
        return Effect.void
      }
      const mine = Deferred.makeUnsafe<void>()
      sleeper = mine
      const heard = Deferred.await(mine)
      const either = ms === Number.POSITIVE_INFINITY ? heard : Effect.raceFirst(heard, Effect.sleep(ms))
      // Whoever is awake looks around by himself; the next ring is for the next sleep.
      return Effect.ensuring(
        either,
        Effect.sync(() => {
          if (sleeper === mine) sleeper = null
        })
      )
    })
  return { ring, sleep }
}
