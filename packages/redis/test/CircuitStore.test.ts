/** Circuits of two processes on one Redis: shared while it is there, each one's own while it is not. */
import { missing, redisUrl, temporaryDirectory } from "@dueline/test-servers/sharedServers"
import { startRedis } from "@dueline/test-servers/startRedis"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer } from "effect"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import { layer } from "../src/CircuitStore.ts"
import { RedisConnection } from "../src/RedisConnection.ts"
import { connect, eventually, nowhere, overhear } from "./RedisWorld.ts"

/** Longer than a test takes, and what a test waits for. */
const long = 60_000
const short = 400

/** One process: its connection, its circuits, and the requests it would have sent. */
const process = Effect.fnUntraced(function* (url: string, prefix: string, openMs = long) {
  const { connection, said } = yield* connect(url, 200)
  const store = yield* Layer.build(layer({ prefix }).pipe(Layer.provide(Layer.succeed(RedisConnection, connection))))
  const breaker = yield* CircuitBreaker.make({
    tripPolicy: CircuitBreaker.consecutive(3),
    openDuration: openMs,
    onStoreError: "fail"
  }).pipe(Effect.provide(store))
  const sent: Array<string> = []
  /** `sent`, or why it was not. */
  const send = (key: string, answer: Effect.Effect<void, string>) =>
    Effect.andThen(
      Effect.sync(() => sent.push(key)),
      answer
    ).pipe(
      breaker.execute({ key }),
      Effect.match({
        onSuccess: () => "sent",
        onFailure: (error) => (typeof error === "string" ? "sent" : error.reason._tag)
      }),
      overhear(said)
    )
  const changes = () => said.filter((line) => line.startsWith("circuits"))
  return { changes, connection, send, sent, store: Context.get(store, CircuitBreaker.CircuitBreakerStore) }
})

type Process = Effect.Success<ReturnType<typeof process>>

const fails = Effect.fail("no answer")
const trip = ({ send }: Process, key: string) => Effect.forEach([1, 2, 3], () => send(key, fails))
const bothUp = (a: Process, b: Process) => eventually("both", () => a.connection.isUp() && b.connection.isUp())

let prefixes = 0
const shared = Effect.fnUntraced(function* (openMs = long) {
  const url = yield* Effect.promise(() => redisUrl())
  const prefix = `circuit-store-test-${globalThis.process.pid}-${prefixes++}:`
  const pair = [yield* process(url, prefix, openMs), yield* process(url, prefix, openMs)] as const
  yield* bothUp(...pair)
  return pair
})

describe.skipIf(await missing("redis"))("two processes on one Redis", () => {
  it.live("share what they know: where one has failed three times the other sends nothing", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const [one, other] = yield* shared()
        yield* trip(one, "tenant/target")
        assert.strictEqual(yield* other.send("tenant/target", Effect.void), "CircuitOpen")
        assert.strictEqual(yield* other.send("tenant/another", Effect.void), "sent")
        assert.deepStrictEqual(other.sent, ["tenant/another"])
      })
    )
  )

  it.live("count together", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const [one, other] = yield* shared()
        for (const each of [one, other, one]) assert.strictEqual(yield* each.send("t", fails), "sent")
        for (const each of [one, other]) assert.strictEqual(yield* each.send("t", fails), "CircuitOpen")
      })
    )
  )

  it.live("send one probe between them when it is time, and go on together when it was answered", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const [one, other] = yield* shared(short)
        yield* trip(one, "t")
        one.sent.length = 0
        const open = () => Effect.map(one.store.state("t"), ({ _tag }) => _tag === "Open")
        // Both ask again and again, as their calls come due: nothing is let through, then one request, and it takes its time.
        const asking = yield* Effect.forEach([one, other, one, other], (each) =>
          Effect.gen(function* () {
            while ((yield* each.send("t", Effect.sleep(300))) === "CircuitOpen") yield* Effect.sleep(20)
          }).pipe(Effect.forkChild)
        )
        yield* eventually("the probe", () => one.sent.length + other.sent.length > 0)
        yield* Effect.forEach(asking, Fiber.join)
        assert.strictEqual(one.sent.length + other.sent.length, 1)
        assert.isFalse(yield* open())
        for (const each of [one, other]) assert.strictEqual(yield* each.send("t", Effect.void), "sent")
      })
    )
  )
})

describe.skipIf(await missing("redis"))("without Redis", () => {
  it.live("each has circuits of its own, from the start", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const [one, other] = [yield* process(nowhere, "p:", short), yield* process(nowhere, "p:", short)]
        yield* trip(one, "t")
        assert.strictEqual(yield* one.send("t", fails), "CircuitOpen")
        assert.strictEqual(yield* other.send("t", fails), "sent")
        while ((yield* one.send("t", Effect.void)) === "CircuitOpen") yield* Effect.sleep(10)
        assert.strictEqual(yield* one.send("t", Effect.void), "sent")
        assert.deepStrictEqual(one.changes(), ["circuits are this process's own until Redis is there"])
      })
    )
  )

  it.live("that went away and came back: own circuits meanwhile, shared ones again, both said once", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const directory = yield* Effect.promise(() => temporaryDirectory())
        const first = yield* Effect.promise(() => startRedis({ directory }))
        const [one, other] = [yield* process(first.url, "p:"), yield* process(first.url, "p:")]
        yield* bothUp(one, other)
        assert.strictEqual(yield* one.send("t", fails), "sent")
        yield* Effect.promise(() => first.kill())
        yield* trip(one, "t")
        assert.strictEqual(yield* one.send("t", fails), "CircuitOpen")
        assert.strictEqual(yield* other.send("t", fails), "sent")
        yield* Effect.promise(() => startRedis({ directory, port: first.port }))
        yield* bothUp(one, other)
        yield* trip(one, "u")
        assert.strictEqual(yield* other.send("u", fails), "CircuitOpen")
        assert.deepStrictEqual(one.changes(), [
          "circuits are this process's own until Redis is there",
          "circuits are shared again"
        ])
      })
    )
  )

  it.live("that falls silent: an asker waits for it once, not every time", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const directory = yield* Effect.promise(() => temporaryDirectory())
        const { pid, url } = yield* Effect.promise(() => startRedis({ directory }))
        const one = yield* process(url, "p:")
        yield* eventually("the connection", one.connection.isUp)
        globalThis.process.kill(pid, "SIGSTOP")
        for (const answer of ["sent", "sent", "sent", "CircuitOpen"]) {
          assert.strictEqual(yield* one.send("t", fails), answer)
          assert.isFalse(one.connection.isUp())
        }
        globalThis.process.kill(pid, "SIGCONT")
      })
    )
  )

  it.live("that falls silent while a request is under way: nobody hears of it", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const directory = yield* Effect.promise(() => temporaryDirectory())
        const { pid, url } = yield* Effect.promise(() => startRedis({ directory }))
        const one = yield* process(url, "p:")
        yield* eventually("the connection", one.connection.isUp)
        // A call that Redis let through while it still answered.
        const gate = yield* Effect.forkChild(one.send("t", Effect.sleep(100)), { startImmediately: true })
        yield* eventually("the first", () => one.sent.length === 1)
        globalThis.process.kill(pid, "SIGSTOP")
        assert.strictEqual(yield* Fiber.join(gate), "sent")
        assert.isFalse(one.connection.isUp())
        for (const answer of ["sent", "sent", "sent", "CircuitOpen"]) {
          assert.strictEqual(yield* one.send("t", fails), answer)
        }
        globalThis.process.kill(pid, "SIGCONT")
      })
    )
  )
})
