import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { clustersOf } from "../src/bins/clusters.ts"

const coordinate = fc.double({ min: 0, max: 1_000, noNaN: true })

describe("clusters on the map", () => {
  it("hold every point once, and lie among their points", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(coordinate, coordinate), { maxLength: 200 }), (places) => {
        const points = places.map(([x, y], item) => ({ x, y, item }))
        const clusters = clustersOf(points, 40)
        assert.deepStrictEqual(
          clusters.flatMap(({ items }) => items).toSorted((a, b) => a - b),
          points.map(({ item }) => item)
        )
        for (const { items, x, y } of clusters) {
          for (const item of items) {
            const [px = 0, py = 0] = places[item] ?? []
            assert.isTrue(Math.abs(px - x) <= 40 && Math.abs(py - y) <= 40)
          }
        }
      })
    )
  })
})
