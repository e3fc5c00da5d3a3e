import { assert, describe, it } from "@effect/vitest"
import { afterEach, beforeEach, vi } from "vitest"
import { RunningTime } from "../src/wire/RunningTime.ts"

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

  it("costs nothing while nobody waits", () => {
    const time = new RunningTime(now, 250)
    time.after(100, () => undefined)
    vi.advanceTimersByTime(1_000)
    assert.strictEqual(vi.getTimerCount(), 0)
  })
})
