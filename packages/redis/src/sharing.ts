/** What the stores that processes share over Redis have in common: the way to Redis, and a log line when sharing ends or begins. */
import { Effect, Layer } from "effect"
import { Redis } from "effect/persistence/Redis"
import type { RedisConnection } from "./RedisConnection.ts"

/**
 * The shared connection as Effect's stores want it: commands and scripts, and nothing that needs a connection of its own. `what` in the
 * plural, for the defect of a store that asks for more.
 */
export const commandsOnly = (redis: RedisConnection["Service"]["redis"], what: string): Layer.Layer<Redis> => {
  const refuse = Effect.die(new Error(`${what} need no connection of their own`))
  return Layer.succeed(Redis, { ...redis, reserve: refuse, subscribe: () => refuse })
}

export interface SharingLog {
  readonly shared: Effect.Effect<void>
  readonly alone: Effect.Effect<void>
}

/** Logs once when something is no longer shared between processes, and once when it is again. `what` in the plural, as in "circuits". */
export const makeSharingLog = (what: string): SharingLog => {
  let shared: boolean | null = null
  const log = (now: boolean): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (shared === now) return Effect.void
      const first = shared === null
      shared = now
      if (!now) return Effect.logWarning(`${what} are this process's own until Redis is there`)
      return first ? Effect.void : Effect.logInfo(`${what} are shared again`)
    })
  return { shared: log(true), alone: log(false) }
}
