/** What a process has to know of the store at every moment, and hears of by messages. */
import { Effect, Fiber, Schedule, type Scope } from "effect"
import { type EventBus, listen } from "./ports/EventBus.ts"

/** How long a process may not know of a change when the bus has told nobody. */
const lookEvery = "5 seconds"

/** While nothing is known yet it is asked for again soon. */
const againEvery = "250 millis"

interface Kept {
  /** Ends when it has been read for the first time. */
  readonly known: Effect.Effect<void>
  /** Reads it anew. */
  readonly refresh: Effect.Effect<void>
}

/**
 * Reads at once, again with every message on these topics, and every few seconds in case a message is lost. While the store does not answer, what
 * was read last holds. `group`: a name that no other process has.
 */
export const keepRead = Effect.fnUntraced(function* <E>(
  bus: EventBus["Service"],
  group: string,
  topics: ReadonlyArray<string>,
  read: Effect.Effect<void, E>
): Effect.fn.Return<Kept, never, Scope.Scope> {
  const refresh = Effect.ignore(read)
  const isRead = yield* Effect.isSuccess(read)
  const again = Effect.retry(Effect.delay(read, againEvery), Schedule.forever)
  const first = yield* Effect.forkScoped(isRead ? Effect.void : again)
  yield* listen(bus, group, topics, () => refresh)
  yield* refresh.pipe(Effect.delay(lookEvery), Effect.forever, Effect.forkScoped)
  return { known: Effect.ignore(Fiber.join(first)), refresh }
})
