import { assert, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { makeDoorbell, ringEveryMs } from "../src/work/LedWork.ts"

type Name = "schedules" | "jobs"

/** What there is, how often it was asked, and who waits. */
const stage = Effect.gen(function* () {
  const there = new Set<Name>()
  const seen = { asked: 0, broken: false }
  const bell = yield* makeDoorbell<Name, string>(
    Effect.suspend(() => {
      seen.asked += 1
      return seen.broken ? Effect.fail("away") : Effect.succeed(new Set(there))
    })
  )
  const waiter = (name: Name) => Effect.forkChild(bell.wait(name), { startImmediately: true })
  const seconds = (count: number) => TestClock.adjust(count * ringEveryMs)
  return { there, seen, waiter, seconds }
})

const isOver = <A, E>(fiber: Fiber.Fiber<A, E>) => fiber.pollUnsafe() !== undefined

it.effect("however many wait, one question a second is asked, and none when nobody waits", () =>
  Effect.gen(function* () {
    const { seconds, seen, waiter } = yield* stage
    yield* seconds(5)
    assert.strictEqual(seen.asked, 0)
    const [schedules, jobs] = [yield* waiter("schedules"), yield* waiter("jobs")]
    yield* seconds(5)
    assert.strictEqual(seen.asked, 5)
    yield* Fiber.interrupt(schedules)
    yield* Fiber.interrupt(jobs)
    yield* seconds(5)
    assert.strictEqual(seen.asked, 5)
  }).pipe(Effect.scoped)
)

it.effect("who waits for what there is goes on within a second, the others wait", () =>
  Effect.gen(function* () {
    const { seconds, there, waiter } = yield* stage
    const [schedules, jobs] = [yield* waiter("schedules"), yield* waiter("jobs")]
    yield* seconds(1)
    there.add("jobs")
    yield* seconds(1)
    assert.deepStrictEqual([isOver(schedules), isOver(jobs)], [false, true])
    const again = yield* waiter("jobs")
    yield* seconds(1)
    assert.isTrue(isOver(again))
  }).pipe(Effect.scoped)
)

it.effect("a store that does not answer lets all of them go on, to find that out by themselves", () =>
  Effect.gen(function* () {
    const { seconds, seen, waiter } = yield* stage
    const [schedules, jobs] = [yield* waiter("schedules"), yield* waiter("jobs")]
    seen.broken = true
    yield* seconds(1)
    assert.deepStrictEqual([isOver(schedules), isOver(jobs)], [true, true])
  }).pipe(Effect.scoped)
)
