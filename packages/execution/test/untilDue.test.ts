/** What an attempt that came early waits for: its due time by a wall clock, and no longer than is reasonable. */
import { leadMs } from "@dueline/contracts/serviceCall/Spec"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { TestClock } from "effect/testing"
import { afterOf } from "../src/attempts/recordAttempt.ts"
import { untilDue } from "../src/attempts/runAttempt.ts"
import { intent, world } from "./ExecutionSample.ts"

/** What the executor tells time by, on the test's clock. */
const time = Effect.gen(function* () {
  const clock = yield* Clock.Clock
  const run = Effect.runForkWith(yield* Effect.context<never>())
  return { now: () => clock.currentTimeMillisUnsafe(), after: afterOf(clock, run) }
})

/** When it was done, in milliseconds from now, if the wall clock is `ms` behind and the due time `dueAt` away. */
const doneAt = Effect.fnUntraced(function* (dueAt: number, ms = 0) {
  const { after, now } = yield* time
  const done: Array<number> = []
  untilDue(
    () => now() - ms,
    after,
    dueAt,
    () => done.push(now())
  )
  yield* TestClock.adjust("1 minute")
  assert.lengthOf(done, 1)
  return done[0]
})

describe("an attempt that is early", () => {
  it.effect(
    "takes a place, and is sent when its time has come",
    () =>
      Effect.gen(function* () {
        const { asked, client, executor } = yield* world({ executor: { concurrency: 2 } })
        executor.offer(intent(1, { dueAt: leadMs }))
        assert.strictEqual(executor.slotsFree(), 1)
        yield* TestClock.adjust(leadMs - 1)
        assert.strictEqual(client.begun(), 0)
        yield* TestClock.adjust(1)
        assert.strictEqual(client.begun(), 1)
        assert.lengthOf(asked, 1)
      }),
    { tags: ["ADR-0003.4"] }
  )

  it.effect("waits for its due time", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* doneAt(30), 30)
    })
  )

  it.effect("does not wait when that is over", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* doneAt(-5), 0)
    })
  )

  it.effect("looks at the clock again when it is woken: timers may ring early", () =>
    Effect.gen(function* () {
      const { after, now } = yield* time
      let looks = 0
      // At the first look it seems to be two milliseconds later than it is.
      const hasty = () => now() + (looks++ === 0 ? 2 : 0)
      const done: Array<number> = []
      untilDue(hasty, after, 30, () => done.push(now()))
      yield* TestClock.adjust(29)
      assert.lengthOf(done, 0)
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(done, [30])
    })
  )

  it.effect("is not made when that is taken back, before the first look or after it", () =>
    Effect.gen(function* () {
      for (const passed of [0, 29]) {
        const { after, now } = yield* time
        const from = now()
        let looks = 0
        const hasty = () => now() + (looks++ === 0 ? 2 : 0)
        const done: Array<number> = []
        const takeBack = untilDue(hasty, after, from + 30, () => done.push(now()))
        yield* TestClock.adjust(passed)
        takeBack()
        yield* TestClock.adjust("1 minute")
        assert.lengthOf(done, 0)
      }
    })
  )

  it.effect("keeps its place for twice the lead at the most, however far the clock is behind", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* doneAt(leadMs, 10_000), 2 * leadMs)
    })
  )
})
