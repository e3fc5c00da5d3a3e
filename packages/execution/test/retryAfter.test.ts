import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { longestRetryAfterMs, retryAfterMs } from "../src/attempts/recordAttempt.ts"

// Sun, 06 Nov 1994 08:49:37 GMT, the date of RFC 9110.
const then = 784_111_777_000
const asked = (value: string, now = then) => retryAfterMs({ "retry-after": value }, now)

describe("Retry-After", () => {
  it("counts in seconds", () => {
    assert.strictEqual(asked("0"), 0)
    assert.strictEqual(asked("120"), 120_000)
    assert.strictEqual(asked(" 1.5 "), 1_500)
  })

  it("reads all three forms of a date", () => {
    for (const date of [
      "Sun, 06 Nov 1994 08:49:37 GMT",
      "Sunday, 06-Nov-94 08:49:37 GMT",
      "Sun Nov  6 08:49:37 1994"
    ]) {
      assert.strictEqual(asked(date, then - 30_000), 30_000)
      assert.strictEqual(asked(date, then), 0)
      assert.strictEqual(asked(date, then + 30_000), 0)
    }
  })

  it("is never more than a day", () => {
    assert.strictEqual(asked("999999999999"), longestRetryAfterMs)
    assert.strictEqual(asked("Fri, 31 Dec 9999 23:59:59 GMT"), longestRetryAfterMs)
  })

  it("gives way to RateLimit-Reset when it is missing or unreadable, unless requests remain", () => {
    assert.strictEqual(retryAfterMs({ "ratelimit-reset": "9" }, then), 9_000)
    assert.strictEqual(retryAfterMs({ "ratelimit-reset": "9", "ratelimit-remaining": "0" }, then), 9_000)
    assert.isNull(retryAfterMs({ "ratelimit-reset": "9", "ratelimit-remaining": "3" }, then))
    assert.strictEqual(retryAfterMs({ "retry-after": "soon", "ratelimit-reset": "9" }, then), 9_000)
    assert.strictEqual(retryAfterMs({ "retry-after": "1", "ratelimit-reset": "9" }, then), 1_000)
  })

  const nothing = [
    "",
    "soon",
    "-1",
    "1e9",
    "0x10",
    "06 Nov 1994",
    "2026-01-01T00:00:00Z",
    "Sat, 06 Foo 1994 08:49:37 GMT"
  ]

  it.each(nothing)("takes %o for nothing", (value) => assert.isNull(asked(value)))

  it.prop(
    "is a whole number of milliseconds between nothing and a day, or null, whatever is said",
    [Schema.String],
    ([value]) => {
      const wait = asked(value)
      assert.isTrue(wait === null || (Number.isInteger(wait) && wait >= 0 && wait <= longestRetryAfterMs))
    }
  )
})
