/** The cache of two processes on one Redis passes the suite, and one of a Redis that hangs is left alone. */
import { CacheStore } from "@dueline/contracts/ports/CacheStore"
import * as CacheStoreContract from "@dueline/port-contracts/CacheStoreContract"
import { redisUrl } from "@dueline/test-servers/sharedServers"
import { assert, it } from "@effect/vitest"
import { Context, Effect, Layer, Schedule } from "effect"
import { layer, make } from "../src/CacheRedis.ts"
import { RedisConnection } from "../src/RedisConnection.ts"
import { connect, eventually, server } from "./RedisWorld.ts"

const prefix = `cache-test-${process.pid}:`

/** One process of its own connection. */
const connected = Effect.gen(function* () {
  const url = yield* Effect.promise(() => redisUrl())
  const { connection } = yield* connect(url, 30_000)
  yield* eventually("the connection", connection.isUp)
  return connection
})
const storeOf = (connection: RedisConnection["Service"]) =>
  Effect.provideService(make({ prefix }), RedisConnection, connection)

class Other extends Context.Service<Other, CacheStore["Service"]>()("test/Other") {}

/** All that is kept ends so much sooner. */
const passTime = Effect.fnUntraced(function* (ms: number) {
  const { redis } = yield* RedisConnection
  for (const key of yield* redis.send<ReadonlyArray<string>>("KEYS", `${prefix}*`)) {
    const left = yield* redis.send<number>("PTTL", key)
    assert.isAbove(left, 0, `${key} is kept for ever`)
    yield* redis.send("PEXPIRE", key, String(left - ms))
  }
})

CacheStoreContract.suite("Redis", {
  layer: Layer.mergeAll(
    Layer.effect(CacheStore, Effect.flatMap(RedisConnection, storeOf)),
    Layer.effect(Other, Effect.flatMap(connected, storeOf))
  ).pipe(Layer.provideMerge(Layer.effect(RedisConnection, connected))),
  realTime: true,
  passTime,
  other: Other
})

it.live(
  "a Redis that hangs is waited for once and left alone, and serves again when it answers",
  () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { pid, url } = yield* server
        const { connection } = yield* connect(url, 30_000)
        const asked: Array<string> = []
        const counted: RedisConnection["Service"] = {
          ...connection,
          redis: {
            ...connection.redis,
            send: (command, ...words) => {
              asked.push(command)
              return connection.redis.send(command, ...words)
            }
          }
        }
        const store = Context.get(
          yield* Layer.build(layer({ prefix }).pipe(Layer.provide(Layer.succeed(RedisConnection, counted)))),
          CacheStore
        )
        yield* eventually("the connection", connection.isUp)
        yield* (yield* storeOf(connection)).set("ops:test:there", "text", 600_000)
        process.kill(pid, "SIGSTOP")
        const before = asked.length
        for (let n = 0; n < 20; n += 1)
          assert.isNull(yield* Effect.orElseSucceed(store.get("ops:test:there"), () => null))
        process.kill(pid, "SIGCONT")
        // A second time only where this machine stood still for a second.
        assert.isAtMost(asked.length - before, 2)
        yield* Effect.repeat(
          Effect.orElseSucceed(store.get("ops:test:there"), () => null),
          { schedule: Schedule.spaced("10 millis"), until: (text) => text === "text" }
        )
      })
    ),
  { tags: ["ADR-0050.3"] }
)
