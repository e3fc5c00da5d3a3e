/** The week of the calendar, where days have 23 and 25 hours. */
import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { addDays, beginningOf, blocksOf, mondayOf, type Stretch } from "../src/orders/week.ts"

const zones = fc.constantFrom("UTC", "Europe/Prague", "America/Sao_Paulo", "Australia/Lord_Howe")
const dates = fc.integer({ min: 0, max: 4_000 }).map((days) => addDays("2017-01-01", days))
const hour = 3_600_000

const stretches = (from: number): fc.Arbitrary<ReadonlyArray<Stretch>> =>
  fc
    .array(fc.tuple(fc.integer({ min: -30, max: 30 }), fc.integer({ min: 1, max: 40 })), { maxLength: 12 })
    .map((list) =>
      list.map(([start, length], n) => ({
        id: String(n),
        from: from + start * hour,
        to: from + (start + length) * hour
      }))
    )

describe("a week", () => {
  it("begins on a Monday, and its days follow each other without a gap", () => {
    fc.assert(
      fc.property(zones, dates, (zone, date) => {
        const monday = mondayOf(date)
        assert.strictEqual(new Date(`${monday}T00:00:00Z`).getUTCDay(), 1)
        for (let n = 0; n < 7; n += 1) {
          const length = beginningOf(addDays(monday, n + 1), zone) - beginningOf(addDays(monday, n), zone)
          assert.isTrue([22.5, 23, 23.5, 24, 24.5, 25].includes(length / hour), `${length / hour} h`)
        }
      })
    )
  })

  it("has 23 hours on the day on which clocks are set forward, and noon lies before the middle", () => {
    const from = beginningOf("2026-03-29", "Europe/Prague")
    const to = beginningOf("2026-03-30", "Europe/Prague")
    assert.strictEqual((to - from) / hour, 23)
    const noon = Date.parse("2026-03-29T10:00:00Z")
    const [block] = blocksOf([{ id: "a", from: noon, to: noon + hour }], from, to)
    assert.closeTo(block?.top ?? 0, 11 / 23, 1e-9)
  })

  it("shows of each day all that lies on it, side by side where it overlaps", () => {
    const from = beginningOf("2026-10-25", "Europe/Prague")
    const to = beginningOf("2026-10-26", "Europe/Prague")
    fc.assert(
      fc.property(stretches(from), (list) => {
        const blocks = blocksOf(list, from, to)
        assert.strictEqual(blocks.length, list.filter((one) => one.from < to && one.to > from).length)
        for (const a of blocks) {
          assert.isTrue(a.top >= 0 && a.bottom <= 1 && a.top < a.bottom && a.lane < a.lanes)
          for (const b of blocks) {
            if (a !== b && a.lane === b.lane) assert.isTrue(a.bottom <= b.top || b.bottom <= a.top)
          }
        }
      })
    )
  })
})
