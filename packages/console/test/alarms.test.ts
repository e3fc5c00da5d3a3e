/** What the overview calls for somebody to look at. */
import { describe, expect, it } from "vitest"
import { alarmsOf } from "../src/overview/alarms.ts"

type Seen = Parameters<typeof alarmsOf>[0]

const seen = ({ failed = 0, still = 0, lateMs = 0 }) =>
  ({
    calls: { Scheduled: 0, Running: 0, Succeeded: 9, Failed: still, Cancelled: 0 },
    circuits: [],
    deadLetters: { count: 0, more: false, oldestAt: null },
    dependencies: [],
    lastHour: { submitted: 9, succeeded: 9, failed, cancelled: 0, attemptsFailed: failed, minutes: [], failures: [] },
    overdue: { count: lateMs > 0 ? 1 : 0, more: false, oldest: lateMs > 0 ? { lateMs } : null }
  }) as unknown as Seen

describe("the alarms of the overview", () => {
  it("are none once all that failed has been run again with success", () => {
    expect(alarmsOf(seen({ failed: 400, still: 400 }))).toEqual(["400 failed"])
    expect(alarmsOf(seen({ failed: 400, still: 3 }))).toEqual(["3 failed"])
    expect(alarmsOf(seen({ failed: 400, still: 0 }))).toEqual([])
  })

  it("are not of what failed long ago, nor of a call that is on its way", () => {
    expect(alarmsOf(seen({ failed: 0, still: 50 }))).toEqual([])
    expect(alarmsOf(seen({ lateMs: 4_000 }))).toEqual([])
    expect(alarmsOf(seen({ lateMs: 6_000 }))).toEqual(["1 overdue"])
  })
})
