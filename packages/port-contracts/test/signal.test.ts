/** One fiber that waits, woken by a signal or by time: no signal is lost, and none wakes twice. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { makeSignal } from "@dueline/contracts/Signal"

const forever = Number.POSITIVE_INFINITY
const waiting = (wait: Effect.Effect<void>) => Effect.forkChild(wait, { startImmediately: true })

describe("Signal", () => {
  it.effect("wakes the fiber that waits, on the stack of the one that raises it", () =>
    Effect.gen(function* () {
      const signal = makeSignal()
      for (const ms of [forever, 60_000]) {
        let awake = false
        yield* waiting(Effect.map(signal.wait(ms), () => (awake = true)))
        if (ms < forever) yield* TestClock.adjust(0)
        signal.raise()
        if (ms < forever) yield* TestClock.adjust(0)
        assert.isTrue(awake)
      }
    })
  )

  it.effect("that was raised before a wait ends it at once, and once, however often it was raised", () =>
    Effect.gen(function* () {
      const signal = makeSignal()
      signal.raise()
      signal.raise()
      yield* signal.wait(forever)
      const next = yield* waiting(signal.wait(forever))
      yield* TestClock.adjust("1 day")
      assert.isUndefined(next.pollUnsafe())
      signal.raise()
      yield* Fiber.join(next)
    })
  )

  it.effect("lets a wait end when its time has come, and what is raised after that ends the next one", () =>
    Effect.gen(function* () {
      const signal = makeSignal()
      const first = yield* waiting(signal.wait(100))
      yield* TestClock.adjust(99)
      assert.isUndefined(first.pollUnsafe())
      yield* TestClock.adjust(1)
      yield* Fiber.join(first)
      signal.raise()
      yield* signal.wait(forever)
    })
  )
})
