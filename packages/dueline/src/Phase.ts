/** Which part of its life the program is in. */
import { Context, Deferred, Effect, Layer } from "effect"

export type Phase = "starting" | "serving" | "draining"

export const version = "0.1.0"

export class CurrentPhase extends Context.Service<
  CurrentPhase,
  {
    readonly get: () => Phase
    readonly set: (phase: Phase) => void
    /** Done when the program has started. */
    readonly started: Effect.Effect<void>
  }
>()("@dueline/dueline/CurrentPhase") {
  static readonly layer = Layer.sync(CurrentPhase, () => {
    let phase: Phase = "starting"
    const started = Deferred.makeUnsafe<void>()
    return CurrentPhase.of({
      get: () => phase,
      set: (next) => {
        phase = next
        if (phase !== "starting") Deferred.doneUnsafe(started, Effect.void)
      },
      started: Deferred.await(started)
    })
  })
}
