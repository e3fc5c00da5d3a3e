import { assert, describe, it } from "@effect/vitest"
import { localInstant, relative, span, table } from "../src/cli/format.ts"

describe("times", () => {
  it.each([
    [0, "0 ms"],
    [999, "999 ms"],
    [2_100, "2.1 s"],
    [59_949, "59.9 s"],
    [59_950, "1 min"],
    [245_000, "4 min 5 s"],
    [9_000_000, "2 h 30 min"],
    [3_599_900, "1 h"],
    [273_600_000, "3 d 4 h"]
  ])("%i milliseconds are %s", (millis, words) => {
    assert.strictEqual(span(millis), words)
  })

  it("an instant is shown with the offset of its place, on either side of UTC", () => {
    assert.strictEqual(localInstant(0, 0), "1970-01-01T00:00:00.000Z")
    assert.strictEqual(localInstant(0, 330), "1970-01-01T05:30:00.000+05:30")
    assert.strictEqual(localInstant(0, -210), "1969-12-31T20:30:00.000-03:30")
  })

  it.each([-720, -210, -1, 0, 59, 330, 840])(
    "what is shown with %i minutes of offset is the same instant",
    (offset) => {
      for (const millis of [0, 1, 951_782_400_000, 1_764_000_000_123])
        assert.strictEqual(Date.parse(localInstant(millis, offset)), millis)
    }
  )

  it("what is to come is in, what has been is ago", () => {
    assert.deepStrictEqual([relative(2_100, 0), relative(0, 2_100), relative(5, 5)], ["in 2.1 s", "2.1 s ago", "now"])
  })
})

describe("tables", () => {
  it("columns stand under each other and nothing stands behind the last", () => {
    assert.strictEqual(
      table([
        ["a", "bb", "c"],
        ["aaa", "b", ""]
      ]),
      "a    bb  c\naaa  b"
    )
  })

  it("pages with the same least widths stay in line", () => {
    assert.strictEqual(table([["a", "b"]], { least: [4] }), "a     b")
  })
})
