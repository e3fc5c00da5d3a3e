/** Wake-ups that wait for the time of their alarms, to be acknowledged then and not before. */
import type { JsMsg } from "@nats-io/jetstream"
import { Clock, Effect, Latch } from "effect"

/** Milliseconds between two looks at what has come due. */
const lookMs = 100

interface WakeUp {
  readonly handle: JsMsg
  readonly dueAt: number
}

/** What it answers takes a wake-up in. All that is left when the scope closes goes back to the server. */
export const makePendingAcks = Effect.fnUntraced(function* () {
  const held = new Set<WakeUp>()
  const some = yield* Latch.make(false)
  const settle = Effect.gen(function* () {
    yield* some.await
    const now = yield* Clock.currentTimeMillis
    for (const one of held) {
      if (one.dueAt > now) continue
      held.delete(one)
      one.handle.ack()
    }
    if (held.size === 0) some.closeUnsafe()
    yield* Effect.sleep(lookMs)
  })
  // Whoever serves the partitions next has them at once.
  yield* Effect.addFinalizer(() => Effect.sync(() => held.forEach(({ handle }) => handle.nak())))
  yield* Effect.forkScoped(Effect.forever(settle))
  return (one: WakeUp): void => {
    held.add(one)
    some.openUnsafe()
  }
})
