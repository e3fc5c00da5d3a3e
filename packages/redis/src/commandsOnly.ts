/** The shared connection as Effect's stores want it: commands and scripts, and nothing that would need a connection of its own. */
import { Effect, Layer } from "effect"
import { Redis } from "effect/persistence/Redis"
import type { RedisConnection } from "./RedisConnection.ts"

/** `what` in the plural, for the defect that a store would be that asks for more. */
export const commandsOnly = (redis: RedisConnection["Service"]["redis"], what: string): Layer.Layer<Redis> => {
  const refuse = Effect.die(new Error(`${what} need no connection of their own`))
  return Layer.succeed(Redis, { ...redis, reserve: refuse, subscribe: () => refuse })
}
