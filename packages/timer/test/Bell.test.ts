/** One sleeper, woken by a ring or by time: no ring is lost, and none wakes anybody twice. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { makeBell } from "../src/Bell.ts"

const forever = Number.POSITIVE_INFINITY
const sleeping = (sleep: Effect.Effect<void>) => Effect.forkChild(sleep, { startImmediately: true })

describe("Bell", () => {
  it.effect("wakes who sleeps, on the stack of who rings", () =>
    Effect.gen(function* () {
      const bell = makeBell()
      for (const ms of [forever, 60_000]) {
        let awake = false
        yield* sleeping(Effect.map(bell.sleep(ms), () => (awake = true)))
        if (ms < forever) yield* TestClock.adjust(0)
        bell.ring()
        if (ms < forever) yield* TestClock.adjust(0)
        assert.isTrue(awake)
      }
    })
  )

  it.effect("is heard by who lies down after it rang, once, however often it rang", () =>
    Effect.gen(function* () {
      const bell = makeBell()
      bell.ring()
      bell.ring()
      yield* bell.sleep(forever)
      const next = yield* sleeping(bell.sleep(forever))
      yield* TestClock.adjust("1 day")
      assert.isUndefined(next.pollUnsafe())
      bell.ring()
      yield* Fiber.join(next)
    })
  )

  it.effect("lets the sleeper wake by himself when his time has come, and rings for the next sleep after that", () =>
    Effect.gen(function* () {
      const bell = makeBell()
      const first = yield* sleeping(bell.sleep(100))
      yield* TestClock.adjust(99)
      assert.isUndefined(first.pollUnsafe())
      yield* TestClock.adjust(1)
      yield* Fiber.join(first)
      bell.ring()
      yield* bell.sleep(forever)
    })
  )
})
