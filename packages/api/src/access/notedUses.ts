/** Notes in the background that something was used: whoever uses it never waits, and a note that is lost is made again a minute later. */
import type { EpochMillis } from "@dueline/contracts/Ids"
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { Duration, Effect, type Scope } from "effect"

/** A use of one thing is noted once in so many milliseconds, */
const noteEveryMs = 60_000
/** with those of others that come within this time, so many in a statement. */
const gather = Duration.seconds(1)
const notedAtOnce = 1_000
/** Things whose last note is remembered. */
const limit = 10_000

/** `what`: in plural, for the log. */
export const makeNotes = <Use extends { readonly at: EpochMillis }>(
  what: string,
  keyOf: (use: Use) => string,
  tell: (uses: ReadonlyArray<Use>) => Effect.Effect<void, StoreUnavailable>
): Effect.Effect<(use: Use) => Effect.Effect<void>, never, Scope.Scope> =>
  Effect.map(Effect.scope, (scope) => {
    const noted = new Map<string, number>()
    const waiting: Array<Use> = []
    const tellAll = Effect.gen(function* () {
      yield* Effect.sleep(gather)
      while (waiting.length > 0) {
        yield* Effect.catch(tell(waiting.splice(0, notedAtOnce)), ({ cause }) =>
          Effect.logDebug(`uses of ${what} were not noted`, { cause })
        )
      }
    })
    return (use) => {
      const key = keyOf(use)
      if (use.at - (noted.get(key) ?? -Infinity) < noteEveryMs) return Effect.void
      if (noted.size >= limit) noted.clear()
      noted.set(key, use.at)
      waiting.push(use)
      return waiting.length > 1 ? Effect.void : Effect.asVoid(Effect.forkIn(tellAll, scope))
    }
  })
