/** The connection with Redis there, not yet there, gone, back, and silent. */
import { startRedis } from "@dueline/test-servers/startRedis"
import { missing, temporaryDirectory } from "@dueline/test-servers/sharedServers"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { connect, eventually, nowhere, server } from "./RedisWorld.ts"

it.live("is made at once when there is no Redis, fails at once meanwhile, and keeps the password to itself", () =>
  Effect.scoped(
    Effect.gen(function* () {
      const { connection, said } = yield* connect(nowhere)
      assert.isFalse(connection.isUp())
      assert.isTrue(Exit.isFailure(yield* Effect.exit(connection.ping)))
      yield* eventually("the fourth failure", () => said.length >= 3)
      assert.deepStrictEqual(
        said.slice(0, 3).map((line) => line.replace(/^.*; /u, "")),
        ["failure 1 in a row", "failure 2 in a row", "failure 4 in a row"]
      )
      assert.notInclude(said.join(), "hunter2")
    })
  )
)

describe.skipIf(await missing("redis"))("a connection", () => {
  it.live("is there when Redis is, and says so", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { connection, said } = yield* connect((yield* server).url)
        yield* eventually("the connection", connection.isUp)
        yield* connection.ping
        assert.strictEqual(yield* connection.redis.send<string>("ECHO", "hello"), "hello")
        yield* eventually("the log", () => said.includes("Redis is there"))
      })
    )
  )

  it.live("that was lost is there again by itself when Redis is, and both are said once", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const directory = yield* Effect.promise(() => temporaryDirectory())
        const first = yield* Effect.promise(() => startRedis({ directory }))
        const { connection, said } = yield* connect(first.url)
        yield* eventually("the connection", connection.isUp)
        yield* Effect.promise(() => first.kill())
        yield* eventually("the loss", () => !connection.isUp())
        assert.isTrue(Exit.isFailure(yield* Effect.exit(connection.ping)))
        const again = yield* Effect.promise(() => startRedis({ directory, port: first.port }))
        assert.strictEqual(again.url, first.url)
        yield* eventually("the connection", connection.isUp)
        yield* connection.ping
        yield* eventually("the log", () => said.filter((line) => line === "Redis is there").length === 2)
        assert.lengthOf(
          said.filter((line) => line.endsWith("failure 1 in a row")),
          1
        )
      })
    )
  )

  it.live("over which no answer comes is not waited for twice, and serves again when the answers come", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { pid, url } = yield* server
        const { connection } = yield* connect(url, 100)
        yield* eventually("the connection", connection.isUp)
        process.kill(pid, "SIGSTOP")
        assert.isTrue(Exit.isFailure(yield* Effect.exit(connection.ping)))
        assert.isFalse(connection.isUp())
        process.kill(pid, "SIGCONT")
        yield* eventually("the connection", connection.isUp)
        yield* connection.ping
      })
    )
  )

  it.live("over which no answer comes for long is given up for a new one", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { pid, url } = yield* server
        const { connection, said } = yield* connect(url, 100)
        yield* eventually("the connection", connection.isUp)
        process.kill(pid, "SIGSTOP")
        yield* Effect.ignore(connection.ping)
        yield* eventually("the loss", () => said.some((line) => line.startsWith("Redis is away")))
        process.kill(pid, "SIGCONT")
        yield* eventually("the connection", connection.isUp)
        yield* connection.ping
      })
    )
  )

  it.live("ends with its scope, also while Redis is silent", () =>
    Effect.gen(function* () {
      const { pid, url } = yield* server
      const scope = yield* Scope.make()
      const { connection } = yield* Scope.provide(connect(url), scope)
      yield* eventually("the connection", connection.isUp)
      process.kill(pid, "SIGSTOP")
      yield* Effect.forkChild(Effect.ignore(connection.ping), { startImmediately: true })
      yield* Scope.close(scope, Exit.void)
      process.kill(pid, "SIGCONT")
      assert.isFalse(connection.isUp())
    })
  )
})
