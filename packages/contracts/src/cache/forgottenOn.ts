/** Invalidation: the message that tells of a change is heard by every process, and each forgets what it has cached of it. */
import { Effect, type Scope } from "effect"
import { type BusMessage, EventBus, listen } from "../ports/EventBus.ts"
import type { Cached } from "./Cached.ts"

/**
 * From now on until the scope closes. `group`: a name that no other process has. While the bus is away, or a message is lost, the entry's own time is
 * the bound.
 */
export const forgottenOn = <A, E>(
  cached: Cached<A, E>,
  group: string,
  topics: ReadonlyArray<string>,
  keysOf: (message: BusMessage) => ReadonlyArray<string>
): Effect.Effect<void, never, EventBus | Scope.Scope> =>
  Effect.flatMap(EventBus, (bus) =>
    listen(bus, group, topics, (message) => Effect.forEach(keysOf(message), cached.forget, { discard: true }))
  )
