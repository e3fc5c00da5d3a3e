/** Which part of its life the program is in. */
import { Context, Layer } from "effect"

export type Phase = "starting" | "serving" | "draining"

export const version = "0.1.0"

export class CurrentPhase extends Context.Service<
  CurrentPhase,
  { readonly get: () => Phase; readonly set: (phase: Phase) => void }
>()("@dueline/dueline/CurrentPhase") {
  static readonly layer = Layer.sync(CurrentPhase, () => {
    let phase: Phase = "starting"
    return CurrentPhase.of({ get: () => phase, set: (next) => (phase = next) })
  })
}
