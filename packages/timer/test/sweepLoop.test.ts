/** Who sweeps when several could: one at a time, and another soon after it is gone. */
import { assert, describe, it } from "@effect/vitest"
import * as LeasesMemory from "@dueline/port-contracts/memory/LeasesMemory"
import type { Leases } from "@dueline/contracts/ports/Leases"
import { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { Clock, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import type { Sweep } from "../src/Sweep.ts"
import { sweepLoop } from "../src/sweepLoop.ts"

/** A sweep that only keeps a diary: when it ticked, and whether from the beginning. */
class Diary implements Sweep {
  readonly ticks: Array<number | string> = []
  private anew = false
  /** So many ticks fail. */
  faults = 0

  readonly forget = () => {
    this.anew = true
  }
  readonly tick = Effect.flatMap(Clock.currentTimeMillis, (now) => {
    this.ticks.push(this.anew ? `${now} anew` : now)
    this.anew = false
    this.faults -= 1
    return this.faults >= 0
      ? Effect.fail(new StoreUnavailable({ operation: "upcoming", cause: "injected" }))
      : Effect.void
  })
  /** Leases that have ended are looked at. */
  doubts = false
  readonly looks: Array<number> = []
  readonly watching = () => this.doubts
  readonly look = Effect.map(Clock.currentTimeMillis, (now) => void this.looks.push(now))
  readonly everything = Effect.void
  readonly lost = () => Effect.void
}

const ttlMs = 3_000
const run = (diary: Diary, leases: Leases["Service"], holder: string) =>
  Effect.forkChild(sweepLoop(diary, { everyMs: 5_000, leadership: { leases, holder, ttlMs } }), {
    startImmediately: true
  })

describe("sweep loop", { tags: ["ADR-0014.3"] }, () => {
  it.effect("ticks at once and then at its interval, also after a tick that failed", () =>
    Effect.gen(function* () {
      const diary = new Diary()
      diary.faults = 2
      yield* Effect.forkChild(sweepLoop(diary, { everyMs: 5_000, leadership: null }), { startImmediately: true })
      yield* TestClock.adjust(16_000)
      assert.deepStrictEqual(diary.ticks, [0, 5_000, 10_000, 15_000])
    })
  )

  it.effect("looks every second while leases that have ended may only be late, and at no other time", () =>
    Effect.gen(function* () {
      const diary = new Diary()
      yield* Effect.forkChild(sweepLoop(diary, { everyMs: 5_000, leadership: null }), { startImmediately: true })
      yield* TestClock.adjust(6_500)
      diary.doubts = true
      yield* TestClock.adjust(2_000)
      diary.doubts = false
      yield* TestClock.adjust(3_000)
      assert.deepStrictEqual(
        [diary.ticks, diary.looks],
        [
          [0, 5_000, 10_000],
          [7_000, 8_000]
        ]
      )
    })
  )

  it.effect(
    "of two processes one sweeps, from the beginning; when it stops the other goes on at once, from the beginning",
    () =>
      Effect.gen(function* () {
        const leases = LeasesMemory.make()
        const [a, b] = [new Diary(), new Diary()]
        const first = yield* run(a, leases, "a")
        yield* run(b, leases, "b")
        yield* TestClock.adjust(10_500)
        assert.deepStrictEqual([a.ticks, b.ticks], [["0 anew", 5_000, 10_000], []])
        yield* Fiber.interrupt(first)
        yield* TestClock.adjust(6_000)
        assert.deepStrictEqual([a.ticks.length, b.ticks], [3, ["11000 anew", 16_000]])
      })
  )

  it.effect("another takes over from one that has died, a second after its lease has ended", () =>
    Effect.gen(function* () {
      const leases = LeasesMemory.make()
      yield* leases.take({ name: "sweep", holder: "dead", ttlMs })
      const diary = new Diary()
      yield* run(diary, leases, "b")
      yield* TestClock.adjust(4_000)
      assert.deepStrictEqual(diary.ticks, ["3000 anew"])
    })
  )

  it.effect("one that hears nothing of its lease waits, and goes on where it was when it is still its own", () =>
    Effect.gen(function* () {
      const { release, take } = LeasesMemory.make()
      let down = false
      const leases: Leases["Service"] = {
        release,
        take: (lease) =>
          Effect.suspend(() =>
            down ? Effect.fail(new StoreUnavailable({ operation: "take a lease", cause: "injected" })) : take(lease)
          )
      }
      const diary = new Diary()
      yield* run(diary, leases, "a")
      yield* TestClock.adjust(4_500)
      down = true
      yield* TestClock.adjust(2_000)
      down = false
      yield* TestClock.adjust(6_000)
      assert.deepStrictEqual(diary.ticks, ["0 anew", 7_000, 12_000])
    })
  )

  it.effect("one whose lease another has taken stops, and begins anew when it is its own again", () =>
    Effect.gen(function* () {
      const leases = LeasesMemory.make()
      const diary = new Diary()
      yield* run(diary, leases, "a")
      yield* TestClock.adjust(4_500)
      yield* leases.release({ name: "sweep", holder: "a" })
      yield* leases.take({ name: "sweep", holder: "b", ttlMs: 20_000 })
      yield* TestClock.adjust(20_000)
      assert.deepStrictEqual(diary.ticks, ["0 anew"])
      yield* TestClock.adjust(5_000)
      assert.deepStrictEqual(diary.ticks, ["0 anew", "25000 anew"])
    })
  )
})
