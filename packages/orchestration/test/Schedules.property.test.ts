/** Whatever the policies, outages and faults: every time of a schedule becomes one call, or is told as left out, once. */
import { assert, describe, it } from "@effect/vitest"
import { Overlap } from "@dueline/contracts/schedule/Schedule"
import { propertyRunsTimes } from "@dueline/port-contracts/propertyRuns"
import { Effect, Schema } from "effect"
import { accounts, world } from "./ScheduleWorld.ts"

const windowMs = Schema.Literals([60_000, 600_000, 3_600_000])
const Missed = Schema.Union([
  Schema.TaggedStruct("Skip", {}),
  Schema.TaggedStruct("Last", { windowMs }),
  Schema.TaggedStruct("All", { max: Schema.Literals([1, 3, 100]), windowMs })
])
const Stretch = Schema.Struct({
  /** Time in which somebody is at work, and then time in which nobody is (minutes). */
  working: Schema.Literals([0, 1, 7, 20]),
  away: Schema.Literals([0, 1, 30, 200]),
  finishes: Schema.Boolean,
  fates: Schema.Array(Schema.Literals(["happens", "fails", "is not heard of", "dies"])).check(Schema.isMaxLength(6))
})
const Case = Schema.Struct({
  expression: Schema.Literals(["* * * * *", "*/7 * * * *", "0 * * * *", "30 2 * * *"]),
  overlap: Overlap,
  missed: Missed,
  offsetMs: Schema.Literals([0, 90_000]),
  /** A firing and its call are one commit where they can be. */
  inOne: Schema.Boolean,
  stretches: Schema.Array(Stretch).check(Schema.isMinLength(1), Schema.isMaxLength(4))
})

const minuteMs = 60_000

describe("every time of a schedule", () => {
  it.effect.prop(
    "becomes one call or is told as left out, once, whatever its policies, outages and faults",
    [Case],
    ([{ expression, inOne, missed, offsetMs, overlap, stretches }]) =>
      Effect.gen(function* () {
        const timing = {
          _tag: "Cron",
          expression,
          zone: "Europe/Prague",
          missingHour: "shift",
          repeatedHour: "auto"
        } as const
        const here = yield* world("2026-10-24T23:20:30Z", { timing, missed, overlap, offsetMs }, inOne)
        for (const { away, fates, finishes, working } of stretches) {
          here.fates.push(...fates)
          yield* here.until(here.now() + working * minuteMs)
          for (const call of here.calls()) if (finishes && call.endedAt === null) yield* here.finish(call)
          yield* here.set(here.now() + away * minuteMs)
        }
        here.fates.splice(0)
        yield* here.until(here.now() + minuteMs)
        const { doneUntil, waiting } = here.schedule()
        const told = accounts(here)
        const expected: Array<number> = []
        for (let next = here.occurrences.next(here.startedAt); next !== null && next.at <= doneUntil; ) {
          expected.push(next.at)
          next = here.occurrences.next(next.at)
        }
        const found = [...told.keys(), ...waiting.map(({ at }) => at)].sort((a, b) => a - b)
        assert.deepStrictEqual(found, expected)
        for (const [at, times] of told) assert.strictEqual(times, 1, new Date(at).toISOString())
        const fired = here.events().filter(({ _tag }) => _tag === "ScheduleFired").length
        assert.lengthOf(here.calls(), fired)
        assert.isTrue(here.now() - offsetMs - doneUntil < 24 * 3_600_000 + 1)
      }),
    { arbitrary: propertyRunsTimes(0.25), tags: ["ADR-0036.2"] }
  )
})
