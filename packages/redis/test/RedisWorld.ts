/** Redis servers, connections to them, and what is said about them. */
import { temporaryDirectory } from "@dueline/test-servers/sharedServers"
import { startRedis } from "@dueline/test-servers/startRedis"
import { assert } from "@effect/vitest"
import { Effect, Logger, Redacted, References, Schedule } from "effect"
import { make } from "../src/RedisConnection.ts"

/** A port on which nobody listens. */
export const nowhere = "redis://:hunter2@127.0.0.1:1"

/** Writes down what is logged inside. */
export const overhear = (said: Array<string>) => {
  const listening = Logger.make(({ message }) => said.push(String(message)))
  return Effect.provideService(References.CurrentLoggers, new Set([listening]))
}

/** A connection, and what it says in the log. */
export const connect = Effect.fnUntraced(function* (url: string, commandTimeoutMs = 500) {
  const said: Array<string> = []
  const connection = yield* make({ url: Redacted.make(url), commandTimeoutMs }).pipe(overhear(said))
  return { connection, said }
})

export const eventually = (what: string, holds: () => boolean) =>
  Effect.suspend(() => (holds() ? Effect.void : Effect.fail(what))).pipe(
    Effect.retry(Schedule.spaced("10 millis").pipe(Schedule.upTo({ times: 1_500 }))),
    Effect.catch((never) => Effect.sync(() => assert.fail(`never came: ${never}`)))
  )

export const server = Effect.promise(async () => startRedis({ directory: await temporaryDirectory() }))
