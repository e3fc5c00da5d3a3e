/** Says it once when something ceases to be shared between processes, and once when it is shared again. */
import { Effect } from "effect"

export interface Teller {
  readonly shared: Effect.Effect<void>
  readonly alone: Effect.Effect<void>
}

/** `what` in the plural, as in "circuits". */
export const tellSharing = (what: string): Teller => {
  let shared: boolean | null = null
  const tell = (now: boolean): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (shared === now) return Effect.void
      const first = shared === null
      shared = now
      if (!now) return Effect.logWarning(`${what} are this process's own until Redis is there`)
      return first ? Effect.void : Effect.logInfo(`${what} are shared again`)
    })
  return { shared: tell(true), alone: tell(false) }
}
