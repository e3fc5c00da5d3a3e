/** What an attempt that came early waits for: its due time by a wall clock, and no longer than is reasonable. */
import { leadMs } from "@dueline/contracts/serviceCall/Spec"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { TestClock } from "effect/testing"
import { untilDue } from "../src/attempts/runAttempt.ts"
import { intent, world } from "./ExecutionSample.ts"

/** A wall clock that is so many milliseconds behind the time that timers go by. */
const behind = (clock: Clock.Clock, ms: number): Clock.Clock => ({
  ...clock,
  currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() - ms
})

/** When it was done, in milliseconds from now, if a wall clock is `ms` behind and the due time `dueAt` away. */
const doneAt = Effect.fnUntraced(function* (dueAt: number, ms = 0) {
  const clock = yield* Clock.Clock
  const waiting = yield* Effect.forkChild(
    untilDue(behind(clock, ms), dueAt, () => Effect.sync(() => clock.currentTimeMillisUnsafe())),
    { startImmediately: true }
  )
  yield* TestClock.adjust("1 minute")
  const exit = waiting.pollUnsafe()
  assert.strictEqual(exit?._tag, "Success")
  return exit?._tag === "Success" ? exit.value : Number.NaN
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
      const clock = yield* Clock.Clock
      let looks = 0
      // At the first look it seems to be two milliseconds later than it is.
      const hasty = {
        ...clock,
        currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + (looks++ === 0 ? 2 : 0)
      }
      const at = Effect.sync(() => clock.currentTimeMillisUnsafe())
      const waiting = yield* Effect.forkChild(
        untilDue(hasty, 30, () => at),
        { startImmediately: true }
      )
      yield* TestClock.adjust(29)
      assert.isUndefined(waiting.pollUnsafe())
      yield* TestClock.adjust(1)
      assert.deepInclude(waiting.pollUnsafe(), { _tag: "Success", value: 30 })
    })
  )

  it.effect("keeps its place for twice the lead at the most, however far the clock is behind", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* doneAt(leadMs, 10_000), 2 * leadMs)
    })
  )
})
