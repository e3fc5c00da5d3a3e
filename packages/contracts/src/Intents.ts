/** Hands committed intents to whoever acts on them in this process. Losing one is harmless: the tables say the same. */
import { Context, Layer } from "effect"
import type { Intent } from "./Intent.ts"

export type IntentListener = (intents: ReadonlyArray<Intent>) => void

export class Intents extends Context.Service<
  Intents,
  {
    readonly publish: IntentListener
    /** Listeners are called synchronously after the commit, in the order they were added; they must not throw nor block. */
    readonly subscribe: (listener: IntentListener) => void
  }
>()("@dueline/contracts/Intents") {
  static readonly layer = Layer.sync(Intents, () => {
    const listeners: Array<IntentListener> = []
    return Intents.of({
      publish: (intents) => {
        for (const listener of listeners) listener(intents)
      },
      subscribe: (listener) => {
        listeners.push(listener)
      }
    })
  })
}
