/** Places for running calls: never more out than there are, and nobody sleeps through a free one. */
import { assert, describe, it } from "@effect/vitest"
import { propertyRuns } from "@dueline/port-contracts/propertyRuns"
import { Effect, Fiber, Schema } from "effect"
import { TestClock } from "effect/testing"
import { make } from "../src/Slots.ts"
import { Floor } from "./Scripted.ts"

describe("Slots", () => {
  it.effect("gives what is free, up to what is asked, and counts it as taken until the answer", () =>
    Effect.gen(function* () {
      const floor = new Floor(3)
      const slots = make(floor)
      assert.deepStrictEqual([yield* slots.acquire(2), yield* slots.acquire(2)], [2, 1])
      slots.release(3)
      floor.running = 1
      assert.strictEqual(yield* slots.acquire(9), 2)
    })
  )

  it.effect("lets the taker wait for the first attempt that ends, however long that takes", () =>
    Effect.gen(function* () {
      const floor = new Floor(1)
      const slots = make(floor)
      floor.running = 1
      const taker = yield* Effect.forkChild(slots.acquire(5))
      yield* TestClock.adjust("1 day")
      assert.isUndefined(taker.pollUnsafe())
      floor.done()
      assert.strictEqual(yield* Fiber.join(taker), 1)
    })
  )

  it.effect("lets the taker wait for a place that was asked for and not used", () =>
    Effect.gen(function* () {
      const slots = make(new Floor(1))
      yield* slots.acquire(1)
      const taker = yield* Effect.forkChild(slots.acquire(5), { startImmediately: true })
      slots.release(1)
      assert.strictEqual(yield* Fiber.join(taker), 1)
    })
  )

  it.effect("a taker that gave up holds nothing, and the next one is not forgotten", () =>
    Effect.gen(function* () {
      const slots = make(new Floor(1))
      yield* slots.acquire(1)
      const gaveUp = yield* Effect.forkChild(slots.acquire(1), { startImmediately: true })
      yield* Fiber.interrupt(gaveUp)
      const next = yield* Effect.forkChild(slots.acquire(1), { startImmediately: true })
      slots.release(1)
      assert.strictEqual(yield* Fiber.join(next), 1)
    })
  )

  const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))
  const Moves = Schema.Array(
    Schema.Union([
      Schema.TaggedStruct("Acquire", { limit: between(1, 4) }),
      /** The writer has answered: so many were started, the rest were not. */
      Schema.TaggedStruct("Answer", { started: between(0, 3), refused: between(0, 3) }),
      Schema.TaggedStruct("Done", { count: between(1, 3) })
    ])
  )

  it.effect.prop(
    "never has more out than there are, and never keeps a taker waiting beside a free place",
    { capacity: between(1, 5), moves: Moves },
    ({ capacity, moves }) =>
      Effect.gen(function* () {
        const floor = new Floor(capacity)
        const slots = make(floor)
        let asking = 0
        let taker: Fiber.Fiber<number> | null = null
        for (const move of moves) {
          if (move._tag === "Acquire")
            taker ??= yield* Effect.forkChild(slots.acquire(move.limit), { startImmediately: true })
          else if (move._tag === "Done") floor.done(Math.min(move.count, floor.running))
          else {
            const started = Math.min(move.started, asking)
            const refused = Math.min(move.refused, asking - started)
            floor.running += started
            asking -= started + refused
            slots.release(started + refused)
          }
          yield* TestClock.adjust(0)
          if (taker?.pollUnsafe() !== undefined) {
            asking += yield* Fiber.join(taker)
            taker = null
          }
          assert.isAtMost(floor.running + asking, capacity)
          assert.isTrue(taker === null || floor.running + asking === capacity, "somebody waits though there is a place")
        }
      }),
    { arbitrary: { ...propertyRuns, size: 60 } }
  )
})
