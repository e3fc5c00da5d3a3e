import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { clustersOf, tilesOf } from "../src/bins/mapGeometry.ts"

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

describe("tiles of the map", () => {
  it("cover what of the world the picture shows, each once and none beside it, and are never many", () => {
    const size = { width: 960, height: 420 }
    const place = fc.record({
      scale: fc.double({ min: 50, max: 5_000_000, noNaN: true }),
      // Where the middle of the picture lies in the world, from its north-western corner.
      right: fc.double({ min: 0.2, max: 0.8, noNaN: true }),
      down: fc.double({ min: 0.2, max: 0.8, noNaN: true })
    })
    fc.assert(
      fc.property(place, ({ down, right, scale }) => {
        const world = 2 * Math.PI * scale
        const [west, north] = [size.width / 2 - right * world, size.height / 2 - down * world]
        const tiles = tilesOf("{z}/{x}/{y}", scale, [west + world / 2, north + world / 2], size)
        assert.isAtMost(tiles.length, 64)
        assert.strictEqual(new Set(tiles.map(({ href }) => href)).size, tiles.length)
        const shown = (low: number, high: number, limit: number) => Math.min(high, limit) - Math.max(low, 0)
        const covered = tiles
          .map((tile) => shown(tile.x, tile.x + tile.size, size.width) * shown(tile.y, tile.y + tile.size, size.height))
          .reduce((sum, area) => sum + area, 0)
        const whole = shown(west, west + world, size.width) * shown(north, north + world, size.height)
        // Beyond the deepest tiles there are, few of them cover much.
        assert.closeTo(covered, whole, whole * 1e-6 + 1e-3)
      })
    )
  })
})
