import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { afterEach, beforeEach, vi } from "vitest"
import { RunningTime } from "../src/egress/RunningTime.ts"

describe("running time", () => {
  let stopped = 0
  const now = () => performance.now() + stopped

  beforeEach(() => {
    stopped = 0
    vi.useFakeTimers({
      toFake: [
        "setTimeout",
        "clearTimeout",
        "setInterval",
        "clearInterval",
        "setImmediate",
        "clearImmediate",
        "performance"
      ]
    })
  })
  afterEach(() => void vi.useRealTimers())

  it("passes as time does, and counts a stop as two slices at the most", () => {
    const time = new RunningTime(now, 250)
    const from = time.elapsed()
    vi.advanceTimersByTime(400)
    assert.strictEqual(time.elapsed() - from, 400)
    stopped += 3_600_000
    assert.strictEqual(time.elapsed() - from, 900)
    stopped += 100
    assert.strictEqual(time.elapsed() - from, 1_000)
  })

  it("never runs backwards", () => {
    const time = new RunningTime(now, 250)
    const from = time.elapsed()
    stopped -= 50
    assert.strictEqual(time.elapsed(), from)
  })

  it("lets a deadline expire once, when its time has run and not before", () => {
    const time = new RunningTime(now, 250)
    let expired = 0
    time.after(30_000, () => expired++)
    vi.advanceTimersByTime(29_999)
    assert.strictEqual(expired, 0)
    vi.advanceTimersByTime(1)
    vi.advanceTimersByTime(1)
    assert.strictEqual(expired, 1)
    vi.advanceTimersByTime(60_000)
    assert.strictEqual(expired, 1)
  })

  it("leaves a deadline what was left of it before a stop, but for two slices", () => {
    const time = new RunningTime(now, 250)
    let expired = 0
    time.after(10_000, () => expired++)
    vi.advanceTimersByTime(4_000)
    stopped += 3_600_000
    vi.advanceTimersByTime(5_499)
    assert.strictEqual(expired, 0)
    vi.advanceTimersByTime(502)
    assert.strictEqual(expired, 1)
  })

  it("lets a deadline wait on when its timer fires before its time has run", () => {
    const time = new RunningTime(now, 250)
    let expired = 0
    time.after(1_000, () => expired++)
    stopped -= 100
    vi.advanceTimersByTime(1_098)
    assert.strictEqual(expired, 0)
    vi.advanceTimersByTime(3)
    assert.strictEqual(expired, 1)
  })

  it("does not let a deadline expire that was cancelled, be it at the last moment", () => {
    const time = new RunningTime(now, 250)
    let expired = 0
    const early = time.after(100, () => expired++)
    early.cancel()
    early.cancel()
    const late = time.after(100, () => expired++)
    // The timer has fired, and what the sockets hold is being read.
    vi.advanceTimersByTime(100)
    late.cancel()
    vi.advanceTimersByTime(1_000)
    assert.strictEqual(expired, 0)
  })

  it("has one timer for all deadlines of a length, and few for lengths that nobody waits for", () => {
    const time = new RunningTime(now, 250)
    for (let n = 0; n < 1_000; n++) time.after(30_000, () => undefined)
    // The other one tells time from a stop.
    assert.strictEqual(vi.getTimerCount(), 2)
    for (let ms = 1_000; ms < 2_000; ms++) time.after(ms, () => undefined).cancel()
    assert.isAtMost(vi.getTimerCount(), 70)
  })

  it.prop(
    "expires what was not cancelled, in the order of its time, whatever was asked for in whatever order",
    { lengths: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 40 }))) },
    ({ lengths }) => {
      const time = new RunningTime(now, 250)
      const from = performance.now()
      const expired: Array<readonly [length: number, after: number]> = []
      const deadlines = lengths.map((ms) => time.after(ms * 10, () => expired.push([ms, performance.now() - from])))
      for (const [index, deadline] of deadlines.entries()) if (index % 3 === 0) deadline.cancel()
      vi.advanceTimersByTime(1_000)
      const expected = lengths.filter((_, index) => index % 3 !== 0).sort((a, b) => a - b)
      assert.deepStrictEqual(
        expired.map(([ms]) => ms),
        expected
      )
      for (const [ms, after] of expired) assert.isTrue(after >= ms * 10 && after <= ms * 10 + 2, `${ms}: ${after}`)
    }
  )

  it("costs nothing while nobody waits", () => {
    const time = new RunningTime(now, 250)
    time.after(100, () => undefined)
    vi.advanceTimersByTime(1_000)
    assert.strictEqual(vi.getTimerCount(), 0)
  })
})
