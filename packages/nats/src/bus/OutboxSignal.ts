/** Signals to the dispatchers of all processes that there are new outbox rows: an empty message, at most one a turn of the event loop. */
import { Effect, FiberSet } from "effect"
import { Nats } from "../Nats.ts"

export interface OutboxSignal {
  /** May get lost; the dispatchers look by themselves now and then. */
  readonly give: () => void
  readonly onSignal: (listener: () => void) => void
}

export const make = Effect.gen(function* () {
  const { connected, connection, prefix } = yield* Nats
  const run = yield* FiberSet.makeRuntime<never>()
  const listeners: Array<() => void> = []
  let given = false
  const send = Effect.sync(() => {
    given = false
    if (connected()) connection.publish(`${prefix}.outbox`)
  })
  const subscription = connection.subscribe(`${prefix}.outbox`, {
    callback: () => {
      for (const listener of listeners) listener()
    }
  })
  yield* Effect.addFinalizer(() => Effect.sync(() => subscription.unsubscribe()))
  const signal: OutboxSignal = {
    give: () => {
      if (given) return
      given = true
      run(Effect.andThen(Effect.yieldNow, send))
    },
    onSignal: (listener) => void listeners.push(listener)
  }
  return signal
})
