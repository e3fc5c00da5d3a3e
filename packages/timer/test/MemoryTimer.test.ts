/** The timer in memory: the contract of every timer, and what only this one promises about horizon and room. */
import { assert, describe, it } from "@effect/vitest"
import { Timer } from "@dueline/contracts/ports/Timer"
import * as TimerContract from "@dueline/port-contracts/TimerContract"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as MemoryTimer from "../src/MemoryTimer.ts"
import { alarm } from "./Scripted.ts"

TimerContract.suite("memory", {
  layer: MemoryTimer.layer(),
  passTime: (ms) => TestClock.adjust(ms),
  exist: (one) => Effect.flatMap(Timer, (timer) => timer.arm([one])),
  features: { once: true }
})

const options = { horizonMs: 1_000, alarmLimit: 3 }

describe("MemoryTimer", () => {
  it.effect(
    "wakes in the very millisecond and in none before",
    () =>
      Effect.gen(function* () {
        const { timer } = yield* MemoryTimer.make(options)
        const one = alarm(500)
        yield* timer.arm([one])
        const fiber = yield* Effect.forkChild(timer.take(10))
        yield* TestClock.adjust(499)
        assert.isUndefined(fiber.pollUnsafe())
        yield* TestClock.adjust(1)
        assert.deepStrictEqual(yield* Fiber.join(fiber), [one])
      }),
    { tags: ["ADR-0012.2"] }
  )

  it.effect("leaves what is beyond its horizon to the sweep, and takes what is just inside", () =>
    Effect.gen(function* () {
      const { size, timer } = yield* MemoryTimer.make(options)
      yield* timer.arm([alarm(1_001)])
      assert.strictEqual(size(), 0)
      yield* timer.arm([alarm(1_000)])
      assert.strictEqual(size(), 1)
      yield* TestClock.adjust(1)
      yield* timer.arm([alarm(1_001)])
      assert.strictEqual(size(), 2)
    })
  )

  it.effect("has room for so many alarms and no more, and for others again once some have fired", () =>
    Effect.gen(function* () {
      const { size, timer } = yield* MemoryTimer.make(options)
      yield* timer.arm([alarm(10), alarm(20), alarm(30), alarm(40)])
      assert.strictEqual(size(), 3)
      yield* TestClock.adjust(10)
      assert.lengthOf(yield* timer.take(10), 1)
      yield* timer.arm([alarm(15)])
      assert.strictEqual(size(), 3)
    })
  )

  it.effect(
    "an alarm that was replaced wakes nobody",
    () =>
      Effect.gen(function* () {
        const { timer } = yield* MemoryTimer.make(options)
        const old = alarm(100)
        const moved = { ...old, revision: 2, dueAt: 300 }
        yield* timer.arm([old])
        yield* timer.arm([moved])
        const fiber = yield* Effect.forkChild(timer.take(10))
        yield* TestClock.adjust(299)
        assert.isUndefined(fiber.pollUnsafe())
        yield* TestClock.adjust(1)
        assert.deepStrictEqual(yield* Fiber.join(fiber), [moved])
      }),
    { tags: ["ADR-0012.1"] }
  )

  it.effect("who sleeps without an alarm is woken by the first, and again by each earlier one", () =>
    Effect.gen(function* () {
      const { timer } = yield* MemoryTimer.make(options)
      const fiber = yield* Effect.forkChild(timer.take(10), { startImmediately: true })
      const [first, second] = [alarm(900), alarm(200)]
      yield* timer.arm([first])
      yield* TestClock.adjust(100)
      yield* timer.arm([second])
      yield* TestClock.adjust(100)
      assert.deepStrictEqual(yield* Fiber.join(fiber), [second])
    })
  )
})
