/** Requests to NATS that are retried until they succeed: what ends that, how long the pauses are, and what the log is told. */
import { NatsFailed } from "@dueline/nats/Nats"
import { throttledWarning, retryForever } from "@dueline/nats/retryForever"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Data, Deferred, Effect, Fiber, Logger, Schema } from "effect"
import { TestClock } from "effect/testing"

class Refused extends Data.TaggedError("Refused") {}

const connected = { whenConnected: Effect.void }
const failed = new NatsFailed({ cause: new Error("away") })

describe("a request that is retried for ever", () => {
  it.effect.prop(
    "is made until it succeeds, after pauses of 0.25 s that double up to 5 s, a fifth more or less",
    { failures: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 12 })) },
    ({ failures }) =>
      Effect.gen(function* () {
        const at: Array<number> = []
        const reasons: Array<unknown> = []
        const request = Effect.flatMap(Clock.currentTimeMillis, (now) =>
          at.push(now) > failures ? Effect.succeed("done") : Effect.fail(failed)
        )
        const warn = (cause: unknown) => Effect.sync(() => void reasons.push(cause))
        const asking = yield* Effect.forkChild(retryForever(connected, warn, request), { startImmediately: true })
        yield* TestClock.adjust(failures * 5_000)
        assert.strictEqual(yield* Fiber.join(asking), "done")
        assert.strictEqual(at.length, failures + 1)
        assert.deepStrictEqual(reasons, Array<unknown>(failures).fill(failed.cause))
        at.slice(1).forEach((time, n) => {
          const steady = Math.min(5_000, 250 * 2 ** n)
          const pause = time - (at[n] ?? 0)
          assert.isAtLeast(pause, Math.floor(steady * 0.8))
          assert.isAtMost(pause, Math.min(5_000, Math.ceil(steady * 1.2)))
        })
      })
  )

  it.effect("ends with any other failure, and says nothing of it", () =>
    Effect.gen(function* () {
      let asked = 0
      const request = Effect.suspend(
        (): Effect.Effect<never, NatsFailed | Refused> =>
          ++asked < 3 ? Effect.fail(failed) : Effect.fail(new Refused())
      )
      let warnings = 0
      const warn = () => Effect.sync(() => void (warnings += 1))
      const asking = yield* Effect.forkChild(Effect.flip(retryForever(connected, warn, request)), {
        startImmediately: true
      })
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* Fiber.join(asking), new Refused())
      assert.deepStrictEqual([asked, warnings], [3, 2])
    })
  )

  it.effect("is not made while there is no connection", () =>
    Effect.gen(function* () {
      const back = yield* Deferred.make<void>()
      let asked = 0
      const request = Effect.sync(() => void (asked += 1))
      const waiting = retryForever({ whenConnected: Deferred.await(back) }, () => Effect.void, request)
      const asking = yield* Effect.forkChild(waiting, { startImmediately: true })
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(asked, 0)
      yield* Deferred.succeed(back, undefined)
      yield* Fiber.join(asking)
      assert.strictEqual(asked, 1)
    })
  )
})

it.effect("a warning is logged once in five seconds", () =>
  Effect.gen(function* () {
    const warn = throttledWarning("trouble")
    const lines: Array<unknown> = []
    const logger = Logger.make(({ message }) => lines.push(message))
    const warnFor = (seconds: number) =>
      Effect.forEach(Array.from({ length: seconds }), () => Effect.andThen(warn("why"), TestClock.adjust("1 second")))
    yield* Effect.provide(warnFor(11), Logger.layer([logger]))
    assert.strictEqual(lines.length, 3)
  })
)
