/** Rate limits of two processes on one Redis: counted together while it is there, each for itself while it is not. */
import { missing, redisUrl, temporaryDirectory } from "@dueline/test-servers/sharedServers"
import { startRedis } from "@dueline/test-servers/startRedis"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as RateLimiter from "effect/persistence/RateLimiter"
import { layer } from "../src/RateStore.ts"
import { RedisConnection } from "../src/RedisConnection.ts"
import { connect, eventually, nowhere, overhear } from "./RedisWorld.ts"

/** One process that counts what tenants do: three in an hour, so that no token comes while a test runs. */
const process = Effect.fnUntraced(function* (url: string, prefix: string, commandTimeoutMs = 200) {
  const { connection, said } = yield* connect(url, commandTimeoutMs)
  const store = yield* Layer.build(layer({ prefix }).pipe(Layer.provide(Layer.succeed(RedisConnection, connection))))
  const limiter = yield* RateLimiter.make.pipe(Effect.provide(store))
  /** How many are left, or that there was none. */
  const take = (key: string, limit = 3) =>
    limiter
      .consume({ key, limit, window: "1 hour", algorithm: "token-bucket" })
      .pipe(
        Effect.match({ onSuccess: ({ remaining }) => remaining, onFailure: ({ reason }) => reason._tag }),
        overhear(said)
      )
  const changes = () => said.filter((line) => line.startsWith("rate limits"))
  return { changes, connection, take }
})

type Process = Effect.Success<ReturnType<typeof process>>

const bothUp = (a: Process, b: Process) => eventually("both", () => a.connection.isUp() && b.connection.isUp())

let prefixes = 0
/** However slow the machine is: who waits for too long counts for itself. */
const patientMs = 20_000
const shared = Effect.gen(function* () {
  const url = yield* Effect.promise(() => redisUrl())
  const prefix = `rate-store-test-${globalThis.process.pid}-${prefixes++}:`
  const pair = [yield* process(url, prefix, patientMs), yield* process(url, prefix, patientMs)] as const
  yield* bothUp(...pair)
  return pair
})

const own = "rate limits are this process's own until Redis is there"

describe.skipIf(await missing("redis"))("two processes on one Redis", () => {
  it.live(
    "count together, and tenants apart",
    () =>
      Effect.scoped(
        Effect.gen(function* () {
          const [one, other] = yield* shared
          assert.strictEqual(yield* one.take("orders:acme"), 2)
          assert.strictEqual(yield* other.take("orders:acme"), 1)
          assert.strictEqual(yield* one.take("orders:acme"), 0)
          for (const each of [one, other])
            assert.strictEqual(yield* each.take("orders:acme"), "RateLimitExceeded", "one too many")
          assert.strictEqual(yield* other.take("orders:beta"), 2)
          assert.deepStrictEqual([...one.changes(), ...other.changes()], [])
        })
      ),
    { tags: ["ADR-0020.3"] }
  )

  it.live(
    "that ask at the same moment never get more between them than there is",
    () =>
      Effect.scoped(
        Effect.gen(function* () {
          const pair = yield* shared
          const answers = yield* Effect.forEach(
            Array.from({ length: 60 }, (_, n) => n),
            (n) => (n % 2 === 0 ? pair[0] : pair[1]).take("t", 25),
            { concurrency: "unbounded" }
          )
          assert.lengthOf(
            answers.filter((answer) => typeof answer === "number"),
            25
          )
        })
      ),
    { tags: ["ADR-0020.3"] }
  )
})

describe.skipIf(await missing("redis"))("without Redis", () => {
  it.live(
    "each counts for itself, from the start",
    () =>
      Effect.scoped(
        Effect.gen(function* () {
          const [one, other] = [yield* process(nowhere, "p:"), yield* process(nowhere, "p:")]
          for (const left of [2, 1, 0, "RateLimitExceeded"]) assert.strictEqual(yield* one.take("t"), left)
          assert.strictEqual(yield* other.take("t"), 2)
          assert.deepStrictEqual(one.changes(), [own])
        })
      ),
    { tags: ["ADR-0020.4"] }
  )

  it.live(
    "that was killed and came back: own buckets meanwhile, shared ones again, both said once",
    () =>
      Effect.scoped(
        Effect.gen(function* () {
          const directory = yield* Effect.promise(() => temporaryDirectory())
          const first = yield* Effect.promise(() => startRedis({ directory }))
          const [one, other] = [yield* process(first.url, "p:"), yield* process(first.url, "p:")]
          yield* bothUp(one, other)
          for (const left of [2, 1, 0, "RateLimitExceeded"]) assert.strictEqual(yield* one.take("t"), left)
          yield* Effect.promise(() => first.kill())
          for (const left of [2, 1, 0, "RateLimitExceeded"]) assert.strictEqual(yield* one.take("t"), left)
          assert.strictEqual(yield* other.take("t"), 2)
          yield* Effect.promise(() => startRedis({ directory, port: first.port }))
          yield* bothUp(one, other)
          assert.strictEqual(yield* one.take("u"), 2)
          assert.strictEqual(yield* other.take("u"), 1)
          assert.deepStrictEqual(one.changes(), [own, "rate limits are shared again"])
        })
      ),
    { tags: ["ADR-0020.4"] }
  )

  it.live(
    "that falls silent: an asker waits for it once, not every time, and is answered",
    () =>
      Effect.scoped(
        Effect.gen(function* () {
          const directory = yield* Effect.promise(() => temporaryDirectory())
          const { pid, url } = yield* Effect.promise(() => startRedis({ directory }))
          const one = yield* process(url, "p:")
          yield* eventually("the connection", one.connection.isUp)
          globalThis.process.kill(pid, "SIGSTOP")
          for (const left of [2, 1, 0, "RateLimitExceeded"]) {
            assert.strictEqual(yield* one.take("t"), left)
            assert.isFalse(one.connection.isUp())
          }
          globalThis.process.kill(pid, "SIGCONT")
        })
      ),
    { tags: ["ADR-0020.4"] }
  )
})
