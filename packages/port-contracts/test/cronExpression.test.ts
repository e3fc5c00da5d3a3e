/** What is read as a cron expression, and what is refused with its place. */
import { parseCron, type Timing } from "@dueline/contracts/schedule/Timing"
import { occurrencesOf } from "@dueline/contracts/schedule/occurrences"
import { canonicalZone, formatLocal } from "@dueline/contracts/schedule/zone"
import type { EpochMillis } from "@dueline/contracts/Ids"
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"

const cron = (expression: string, zone = "UTC"): Timing => ({
  _tag: "Cron",
  expression,
  zone,
  missingHour: "shift",
  repeatedHour: "auto"
})

const nextOf = (timing: Timing, after: string): string | null => {
  const found = Result.getOrThrow(occurrencesOf(timing)).next(Date.parse(after))
  return found === null ? null : new Date(found.at).toISOString()
}

describe("a cron expression", () => {
  it.each([
    ["0 9 * * MON-FRI", "2026-01-02T10:00:00.000Z", "2026-01-05T09:00:00.000Z"],
    ["*/20 30 9 * * *", "2026-01-02T09:30:20.000Z", "2026-01-02T09:30:40.000Z"],
    ["@daily", "2026-01-02T10:00:00.000Z", "2026-01-03T00:00:00.000Z"],
    ["0 0 29 2 *", "2097-01-01T00:00:00.000Z", "2104-02-29T00:00:00.000Z"],
    ["0 0 1 JAN 7", "2026-01-02T00:00:00.000Z", "2026-01-04T00:00:00.000Z"]
  ])("%s after %s comes at %s", (expression, after, expected) =>
    assert.strictEqual(nextOf(cron(expression), after), expected)
  )

  it("that names a day which is in no calendar never comes", () =>
    assert.isNull(nextOf(cron("0 0 30 2 *"), "2026-01-01T00:00:00.000Z")))

  it.each([
    ["0 0 L * *", 3, "`L`"],
    ["0 0 * * MON#1", 5, "`#`"],
    ["0 0 ? * *", 3, "`?`"],
    ["0 0 15W * *", 3, "`W`"],
    ["61 * * * *", 1, "between 0 and 59"],
    ["0 61 * * * *", 2, "between 0 and 59"],
    ["0 22-4 * * *", 2, "range"],
    ["*/0 * * * *", 1, "step"],
    ["0 0 * * * * *", 0, "7 fields"],
    ["@reboot", 0, "@daily"],
    ["", 0, "fields"]
  ])("%s is refused at its place", (expression, field, said) => {
    const parsed = parseCron(expression)
    if (Result.isSuccess(parsed)) return assert.fail("it was read")
    assert.strictEqual(parsed.failure.field, field)
    assert.include(parsed.failure.message, said)
  })
})

describe("an interval", () => {
  const timing: Timing = { _tag: "Every", everyMs: 90_000, anchor: 1_000_000 as EpochMillis, zone: "UTC" }
  const { next, previous } = Result.getOrThrow(occurrencesOf(timing))

  it("begins at its anchor and goes on from there", () => {
    assert.strictEqual(next(0)?.at, 1_000_000)
    assert.strictEqual(next(1_000_000)?.at, 1_090_000)
    assert.strictEqual(next(1_089_999)?.at, 1_090_000)
    assert.strictEqual(previous(1_090_000)?.at, 1_000_000)
    assert.isNull(previous(1_000_000))
  })
})

describe("a zone", () => {
  it("has one name, and an offset is none", () => {
    assert.strictEqual(canonicalZone("us/pacific"), "America/Los_Angeles")
    assert.strictEqual(canonicalZone("Europe/Prague"), "Europe/Prague")
    for (const wrong of ["+02:00", "GMT+2", "Mars/Base", "", "Europe/Prague "]) assert.isNull(canonicalZone(wrong))
  })

  it("shows a time with its offset", () => {
    assert.strictEqual(formatLocal("Europe/Prague", Date.parse("2026-03-29T01:00:00Z")), "2026-03-29T03:00:00+02:00")
    assert.strictEqual(
      formatLocal("Africa/Monrovia", Date.parse("1971-01-01T00:00:00Z")),
      "1970-12-31T23:15:30-00:44:30"
    )
  })
})
