/** Due calls that may not start yet: they wait in the queue, keep nobody else waiting, and are started in the moment they may. */
import { assert, describe, it } from "@effect/vitest"
import { WorkerId } from "@dueline/contracts/Ids"
import * as Sample from "@dueline/port-contracts/Sample"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import type { FreePlaces } from "../src/WorkerCapacity.ts"
import type { TenantLimit } from "../src/TenantLimits.ts"
import { due, ended, started, unlimited } from "./fairSample.ts"
import { running } from "./RunningLoop.ts"
import { answerStarted, Floor, ignored, Scripted } from "./Scripted.ts"

const limited = (limit: Partial<TenantLimit>) => {
  const limits = { default: { ...unlimited, ...limit }, overrides: new Map() }
  return { limits: () => limits }
}
const tenantId = Sample.tenantId()
const asked = (script: Scripted) => script.asked.map(({ at, envelope }) => [envelope.command.callId, at])
const settled = Effect.gen(function* () {
  for (let turn = 0; turn < 10; turn += 1) yield* TestClock.adjust(0)
})

describe("due loop", () => {
  it.effect("a tenant at its cap waits, others do not, and the end of an attempt lets its next call go at once", () =>
    Effect.gen(function* () {
      const floor = new Floor(10)
      const script = new Scripted(floor.start)
      const [first, second, other] = [due(tenantId), due(tenantId), due(Sample.tenantId())]
      yield* running(
        script,
        floor,
        ({ arm, publish }) =>
          Effect.gen(function* () {
            yield* arm(first)
            yield* settled
            publish(started(first))
            yield* arm(second, other)
            yield* TestClock.adjust(3_000)
            publish(ended(first))
            yield* settled
          }),
        limited({ concurrency: 1 })
      )
      assert.deepStrictEqual(asked(script), [
        [first.callId, 0],
        [other.callId, 0],
        [second.callId, 3_000]
      ])
    })
  )

  it.effect("a firing that came to nothing lets the tenant's next call go at once", () =>
    Effect.gen(function* () {
      const script = new Scripted(ignored)
      const calls = [due(tenantId), due(tenantId), due(tenantId)]
      const once = limited({ concurrency: 1 })
      yield* running(script, new Floor(10), ({ arm }) => Effect.andThen(arm(...calls), settled), once)
      assert.deepStrictEqual(
        asked(script),
        calls.map(({ callId }) => [callId, 0])
      )
    })
  )

  it.effect("a rate lets a call go in the millisecond its token is there, though nothing else happens", () =>
    Effect.gen(function* () {
      const script = new Scripted((envelope) => answerStarted(envelope.command))
      yield* running(
        script,
        new Floor(10),
        ({ arm }) =>
          Effect.gen(function* () {
            yield* arm(...Array.from({ length: 4 }, () => due(tenantId)))
            yield* settled
            yield* TestClock.adjust("1 minute")
          }),
        limited({ ratePerSecond: 3, burst: 2 })
      )
      assert.deepStrictEqual(
        script.asked.map(({ at }) => at),
        [0, 0, 334, 667]
      )
    })
  )

  it.effect("calls to a target that is paused wait until the pause ends, calls to others do not", () =>
    Effect.gen(function* () {
      const script = new Scripted(ignored)
      const [stopped, elsewhere] = [due(tenantId), due(tenantId, { target: "elsewhere.example" })]
      yield* running(script, new Floor(10), ({ arm, publish }) =>
        Effect.gen(function* () {
          publish(ended(due(tenantId), { answered: false, pausedUntil: 2_500 }))
          yield* arm(stopped, elsewhere)
          yield* settled
          yield* TestClock.adjust("1 minute")
        })
      )
      assert.deepStrictEqual(asked(script), [
        [elsewhere.callId, 0],
        [stopped.callId, 2_500]
      ])
    })
  )

  it.effect("nobody looks more than once in a second at what waits for something else to happen", () =>
    Effect.gen(function* () {
      let looks = 0
      const { limits } = limited({ concurrency: 0 })
      const options = {
        limits: () => {
          looks += 1
          return limits()
        }
      }
      yield* running(
        new Scripted(ignored),
        new Floor(10),
        ({ arm }) => Effect.andThen(Effect.andThen(arm(due(tenantId)), settled), TestClock.adjust("1 minute")),
        options
      )
      assert.isAtMost(looks, 150)
    })
  )

  it.effect("limits that change come into force within a second", () =>
    Effect.gen(function* () {
      let { limits } = limited({ concurrency: 0 })
      const script = new Scripted(ignored)
      yield* running(
        script,
        new Floor(10),
        ({ arm }) =>
          Effect.gen(function* () {
            yield* arm(due(tenantId))
            yield* settled
            yield* TestClock.adjust(5_500)
            assert.lengthOf(script.asked, 0)
            limits = limited({ concurrency: 1 }).limits
            yield* TestClock.adjust(1_000)
          }),
        { limits: () => limits() }
      )
      assert.deepStrictEqual(
        script.asked.map(({ at }) => at),
        [6_000]
      )
    })
  )

  it.effect("asks for each call with the worker of its place, whoever has most of them", () =>
    Effect.gen(function* () {
      const [one, two] = [WorkerId.make("one"), WorkerId.make("two")]
      const places: FreePlaces = {
        each: (see) => {
          see(one, 1)
          see(two, 3)
        },
        onFree: () => undefined
      }
      const script = new Scripted(() => Effect.never)
      yield* running(script, places, ({ arm }) =>
        Effect.andThen(arm(...Array.from({ length: 9 }, () => due(tenantId))), TestClock.adjust(1_000))
      )
      assert.deepStrictEqual(
        script.commands.map((command) => (command._tag === "DueTimeReached" ? command.worker : null)),
        [two, two, one, two]
      )
    })
  )

  it.effect("leaves in the timer what there is no room for, and takes it when there is", () =>
    Effect.gen(function* () {
      const script = new Scripted(ignored)
      const { limits } = limited({ concurrency: 0 })
      const open = limited({})
      let now = limits
      const calls = Array.from({ length: 5 }, () => due(Sample.tenantId()))
      yield* running(
        script,
        new Floor(10),
        ({ arm }) =>
          Effect.gen(function* () {
            yield* arm(...calls)
            yield* settled
            yield* TestClock.adjust(10_000)
            assert.lengthOf(script.asked, 0)
            now = open.limits
            yield* TestClock.adjust(2_000)
          }),
        { alarmLimit: 2, limits: () => now() }
      )
      assert.sameMembers(
        script.commands.map(({ callId }) => callId),
        calls.map(({ callId }) => callId)
      )
    })
  )

  it.effect("asks for nothing early when the clock is set back while it waits for a place", () =>
    Effect.gen(function* () {
      const floor = new Floor(1)
      const script = new Scripted(floor.start)
      const [first, second] = [due(tenantId, { dueAt: 5_000 }), due(tenantId, { dueAt: 5_000 })]
      yield* running(script, floor, ({ arm, publish }) =>
        Effect.gen(function* () {
          yield* arm(first, second)
          yield* TestClock.setTime(5_000)
          yield* TestClock.setTime(1_000)
          publish(ended(first))
          floor.done()
          yield* settled
          assert.lengthOf(script.asked, 1)
          yield* TestClock.setTime(5_000)
        })
      )
      assert.deepStrictEqual(asked(script), [
        [first.callId, 5_000],
        [second.callId, 5_000]
      ])
    })
  )
})
