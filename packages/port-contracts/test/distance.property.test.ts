/** Distances on the sphere, held against the way there. */
import { distanceMetres, earthRadiusMetres } from "@dueline/contracts/bin/Bin"
import { Centre, destination } from "@dueline/port-contracts/queries/BinsNearContract"
import { propertyRuns } from "@dueline/port-contracts/propertyRuns"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"

const halfAround = Math.PI * earthRadiusMetres
const Bearing = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 360 }))
const Metres = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 10_000_000 }))
const options = { arbitrary: propertyRuns }

describe("the distance between two places", () => {
  it.prop(
    "is how far one went to get from one to the other",
    [Centre, Bearing, Metres],
    ([from, bearing, metres]) =>
      assert.approximately(distanceMetres(from, destination(from, bearing, metres)), metres, 0.01),
    options
  )

  it.prop(
    "is the same both ways, nothing to the place itself, and never more than half around",
    [Centre, Centre],
    ([a, b]) => {
      assert.approximately(distanceMetres(a, b), distanceMetres(b, a), 0.2)
      assert.strictEqual(distanceMetres(a, a), 0)
      assert.isAtMost(distanceMetres(a, b), halfAround)
    },
    options
  )

  it("is known for some: a quarter around, half around, across the antimeridian", () => {
    assert.approximately(distanceMetres({ lat: 90, lon: 12 }, { lat: 0, lon: -70 }), halfAround / 2, 0.001)
    assert.approximately(distanceMetres({ lat: 0, lon: -180 }, { lat: 0, lon: 0 }), halfAround, 0.1)
    assert.isBelow(distanceMetres({ lat: 10, lon: 180 }, { lat: 10, lon: -180 }), 0.001)
  })
})
