/** From alarm to command: as many as there are places for, and every place comes back that was not used. */
import { assert, describe, it } from "@effect/vitest"
import { leadMs } from "@dueline/contracts/serviceCall/Spec"
import { Overloaded } from "@dueline/contracts/ports/Orchestrator"
import { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { running } from "./RunningLoop.ts"
import { alarm, Floor, ignored, Scripted, worker } from "./Scripted.ts"

const down = () => Effect.fail(new StoreUnavailable({ operation: "commit", cause: "injected" }))
const full = () => Effect.fail(new Overloaded({ queueLimit: 1 }))

describe("due loop", () => {
  it.effect(
    "tells the writer of each alarm once, at its time, with its revision and its own name",
    () =>
      Effect.gen(function* () {
        const floor = new Floor(10)
        const script = new Scripted(floor.start)
        const one = alarm(1_000, undefined, 3)
        yield* running(script, floor, ({ arm }) => Effect.andThen(arm(one), TestClock.adjust("1 minute")))
        assert.deepStrictEqual(script.commands, [
          { _tag: "DueTimeReached", callId: one.callId, at: 1_000, revision: 3, worker }
        ] as never)
        assert.deepStrictEqual(
          script.asked.map(({ envelope }) => envelope.tenantId),
          [one.tenantId]
        )
      }),
    { tags: ["ADR-0012.2"] }
  )

  it.effect(
    "asks for a start a lead before the due time, and says what time it is",
    () =>
      Effect.gen(function* () {
        const floor = new Floor(10)
        const script = new Scripted(floor.start)
        const asked = yield* running(
          script,
          floor,
          ({ arm }) =>
            Effect.gen(function* () {
              yield* arm(alarm(1_000))
              yield* TestClock.adjust(1_000 - leadMs - 1)
              const early = script.commands.length
              yield* TestClock.adjust(1)
              return [early, script.commands.length]
            }),
          { leadMs }
        )
        assert.deepStrictEqual(asked, [0, 1])
        assert.deepInclude(script.commands[0], { at: 950 } as never)
      }),
    { tags: ["ADR-0003.4"] }
  )

  it.effect("starts no more calls than there are places, and the next as soon as one is free", () =>
    Effect.gen(function* () {
      const floor = new Floor(2)
      const script = new Scripted(floor.start)
      yield* running(script, floor, ({ arm }) =>
        Effect.gen(function* () {
          yield* arm(...Array.from({ length: 5 }, () => alarm(100)))
          yield* TestClock.adjust("1 minute")
          assert.deepStrictEqual([script.asked.length, floor.free()], [2, 0])
          floor.done()
          yield* TestClock.adjust(0)
          assert.deepStrictEqual([script.asked.length, floor.free()], [3, 0])
        })
      )
    })
  )

  it.effect("asks one turn of the event loop after it has heard of a call that is due, when there is a place", () =>
    Effect.gen(function* () {
      const floor = new Floor(10)
      const script = new Scripted(floor.start)
      yield* running(script, floor, ({ arm }) =>
        Effect.gen(function* () {
          for (const count of [1, 2]) {
            yield* TestClock.adjust(0)
            yield* arm(alarm(0))
            yield* Effect.yieldNow
            assert.lengthOf(script.asked, count)
          }
        })
      )
    })
  )

  it.effect("asks for all that is due at one moment before it hears of any", () =>
    Effect.gen(function* () {
      const script = new Scripted(() => Effect.never)
      yield* running(script, new Floor(50), ({ arm }) =>
        Effect.andThen(arm(...Array.from({ length: 30 }, () => alarm(100))), TestClock.adjust(100))
      )
      assert.lengthOf(script.asked, 30)
    })
  )

  it.effect(
    "gives the place back when the firing was stale, and leaves it at that",
    () =>
      Effect.gen(function* () {
        const script = new Scripted(ignored)
        yield* running(script, new Floor(1), ({ arm }) =>
          Effect.gen(function* () {
            yield* arm(alarm(100), alarm(100), alarm(100))
            yield* TestClock.adjust("1 minute")
            assert.lengthOf(script.asked, 3)
            yield* arm(alarm(60_000))
            yield* TestClock.adjust(0)
            assert.lengthOf(script.asked, 4)
          })
        )
      }),
    { tags: ["ADR-0012.1"] }
  )

  for (const [name, trouble] of [
    ["down", down],
    ["full", full]
  ] as const) {
    it.effect(`tries again a little later, and lets others pass meanwhile, when the writer is ${name}`, () =>
      Effect.gen(function* () {
        const [sick, well] = [alarm(100), alarm(150)]
        const floor = new Floor(1)
        const script = new Scripted((envelope, nth) =>
          envelope.command.callId === sick.callId && nth < 4 ? trouble() : floor.start(envelope, nth)
        )
        yield* running(script, floor, ({ arm }) =>
          Effect.gen(function* () {
            yield* arm(sick, well)
            yield* TestClock.adjust(150)
            assert.deepStrictEqual(
              script.commands.map(({ callId }) => callId),
              [sick.callId, well.callId]
            )
            floor.done()
            yield* TestClock.adjust("1 minute")
            assert.deepStrictEqual(
              script.asked.slice(2).map(({ at, envelope }) => [envelope.command.callId, at]),
              [
                [sick.callId, 350],
                [sick.callId, 600]
              ]
            )
            assert.strictEqual(floor.free(), 0)
          })
        )
      })
    )
  }

  it.effect("does not hammer on a call that the writer cannot digest: the sweep comes back to it", () =>
    Effect.gen(function* () {
      const script = new Scripted(() => Effect.die("poison"))
      yield* running(script, new Floor(1), ({ arm }) => Effect.andThen(arm(alarm(100)), TestClock.adjust("1 minute")))
      assert.lengthOf(script.asked, 1)
    })
  )
})
