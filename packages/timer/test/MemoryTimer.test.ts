/** The timer in memory: the contract of every timer, and what only this one promises about horizon and room. */
import { assert, describe, it } from "@effect/vitest"
import { Timer } from "@dueline/contracts/ports/Timer"
import * as Sample from "@dueline/port-contracts/Sample"
import * as TimerContract from "@dueline/port-contracts/TimerContract"
import { Clock, Effect, Fiber } from "effect"
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

  it.effect("with a lead wakes in the millisecond that much before, also when a sooner alarm comes meanwhile", () =>
    Effect.gen(function* () {
      const { timer } = yield* MemoryTimer.make({ ...options, leadMs: 50 })
      const [one, sooner] = [alarm(500), alarm(300)]
      yield* timer.arm([one])
      const first = yield* Effect.forkChild(timer.take(10))
      yield* timer.arm([sooner])
      yield* TestClock.adjust(249)
      assert.isUndefined(first.pollUnsafe())
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(yield* Fiber.join(first), [sooner])
      const second = yield* Effect.forkChild(timer.take(10))
      yield* TestClock.adjust(199)
      assert.isUndefined(second.pollUnsafe())
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(yield* Fiber.join(second), [one])
    })
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

  it.effect("leaves a tenant as much room as is left, so that there is always some for another", () =>
    Effect.gen(function* () {
      const { size, timer } = yield* MemoryTimer.make({ ...options, alarmLimit: 8 })
      const crowd = Sample.tenantId()
      const mine = Array.from({ length: 9 }, () => alarm(10, Sample.target(crowd)))
      yield* timer.arm(mine)
      assert.strictEqual(size(), 4)
      yield* timer.arm([alarm(10), alarm(20)])
      assert.strictEqual(size(), 6)
      const moved = { ...alarm(5, mine[0]), revision: 2 }
      yield* timer.arm([moved])
      assert.strictEqual(size(), 6)
      yield* TestClock.adjust(5)
      assert.deepStrictEqual(yield* timer.take(10), [moved])
    })
  )

  it.effect("two who wait at once are both woken when there is something for each", () =>
    Effect.gen(function* () {
      const { timer } = yield* MemoryTimer.make(options)
      const [a, b] = [
        yield* Effect.forkChild(timer.take(1), { startImmediately: true }),
        yield* Effect.forkChild(timer.take(1), { startImmediately: true })
      ]
      const alarms = [alarm(100), alarm(100)]
      yield* timer.arm(alarms)
      yield* TestClock.adjust(0)
      yield* TestClock.adjust(100)
      assert.sameDeepMembers([...(yield* Fiber.join(a)), ...(yield* Fiber.join(b))], alarms)
    })
  )

  it.effect("what the sweep arms again wakes who sleeps past it, as when the clock was set forward", () =>
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      let setForwardMs = 0
      const now = () => clock.currentTimeMillisUnsafe() + setForwardMs
      const moved: Clock.Clock = {
        currentTimeMillisUnsafe: now,
        currentTimeMillis: Effect.sync(now),
        currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe(),
        currentTimeNanos: clock.currentTimeNanos,
        monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
        monotonicTimeNanos: clock.monotonicTimeNanos,
        sleep: (duration) => clock.sleep(duration)
      }
      const one = alarm(30_000)
      yield* Effect.gen(function* () {
        const { timer } = yield* MemoryTimer.make({ ...options, horizonMs: 60_000 })
        yield* timer.arm([one])
        const fiber = yield* Effect.forkChild(timer.take(1), { startImmediately: true })
        setForwardMs = 31_000
        yield* timer.arm([one])
        for (let turn = 0; turn < 5; turn += 1) yield* Effect.yieldNow
        assert.isDefined(fiber.pollUnsafe(), "nobody has woken up")
        assert.deepStrictEqual(yield* Fiber.join(fiber), [one])
      }).pipe(Effect.provideService(Clock.Clock, moved))
    })
  )
})
