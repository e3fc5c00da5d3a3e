/**
 * Work that one process at a time does waits here while there is none: one question to the store every second finds out for all of it, and none
 * is asked while nobody waits, as where another process leads.
 */
import { Deferred, Effect, type Scope } from "effect"

/** How late work may be found at the most, in milliseconds. */
export const ringEveryMs = 1_000

export interface Doorbell<Name> {
  /** Ends when there is work of that name, and when the store does not answer: who finds that out by itself says so. */
  readonly wait: (name: Name) => Effect.Effect<void>
}

export const makeDoorbell = <Name, E>(
  look: Effect.Effect<ReadonlySet<Name>, E>
): Effect.Effect<Doorbell<Name>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const waiting = new Map<Name, Deferred.Deferred<void>>()
    const round = Effect.gen(function* () {
      if (waiting.size === 0) return
      const asked = [...waiting]
      const found = yield* Effect.catch(look, () => Effect.succeed(null))
      for (const [name, bell] of asked) if (found?.has(name) ?? true) Deferred.doneUnsafe(bell, Effect.void)
    })
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(ringEveryMs), round)))
    return {
      wait: (name) =>
        Effect.suspend(() => {
          const bell = waiting.get(name) ?? Deferred.makeUnsafe<void>()
          waiting.set(name, bell)
          const gone = Effect.sync(() => {
            if (waiting.get(name) === bell) waiting.delete(name)
          })
          return Effect.ensuring(Deferred.await(bell), gone)
        })
    }
  })
