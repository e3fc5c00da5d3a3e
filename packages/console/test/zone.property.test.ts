/** Times as they are typed and shown, in zones whose clocks are changed. */
import { describe, it } from "vitest"
import fc from "fast-check"
import { instantOf, typedTime } from "../src/time/zone.ts"

const zones = fc.constantFrom("UTC", "Europe/Prague", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
const minutes = fc.integer({ min: 0, max: 10 * 366 * 24 * 60 }).map((n) => Date.UTC(2020, 0) + n * 60_000)

describe("a time typed in a zone", () => {
  it("is the instant that was shown, or the first of the two that are shown alike", () => {
    fc.assert(
      fc.property(zones, minutes, (zone, at) => {
        const read = instantOf(typedTime(at, zone), zone)
        return read === at || (read < at && typedTime(read, zone) === typedTime(at, zone))
      })
    )
  })

  it("that no clock shows is read as the time after the gap", () => {
    const read = instantOf("2026-03-29T02:30", "Europe/Prague")
    if (typedTime(read, "Europe/Prague") !== "2026-03-29T03:30") throw new Error(typedTime(read, "Europe/Prague"))
  })
})
