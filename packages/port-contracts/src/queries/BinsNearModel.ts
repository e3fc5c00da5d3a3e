/** Places that are hard to find, and what a search for bins near them has to answer: each bin measured, the far ones left out. */
import { distanceMetres, earthRadiusMetres, nearRadiusMetres } from "@dueline/contracts/bin/distance"
import { binFields, type BinRow, type Location } from "@dueline/contracts/bin/Bin"
import type { Near, NearOptions } from "@dueline/contracts/ports/OpsQueries"
import { satisfies } from "@dueline/contracts/specification/satisfies"
import { assert } from "@effect/vitest"
import { Schema } from "effect"

const between = (minimum: number, maximum: number) => Schema.Finite.check(Schema.isBetween({ minimum, maximum }))

/** Anywhere, and where a search that takes the globe for a map goes wrong. */
export const Centre = Schema.Union([
  Schema.Struct({ lat: between(-90, 90), lon: between(-180, 180) }),
  Schema.Struct({
    lat: Schema.Literals([90, -90, 89.99, -89.97, 0, 50]),
    lon: Schema.Literals([0, 180, -180, 179.999])
  })
])

/** A bin of a test: so far from the centre, as a part of the radius, in that direction; or somewhere else altogether. */
export const Placed = Schema.Union([
  Schema.Struct({ bearing: between(0, 360), radii: between(0, 1.5) }),
  Schema.Struct({ bearing: Schema.Literals([0, 90, 180, 270]), radii: Schema.Literals([0, 0.999_9, 1.000_1]) }),
  Centre
])

/** Beyond which radius the API does not go; and a little more than half around the globe, where a box is the whole of it. */
export const Radius = Schema.Union([
  between(1, 2_000),
  between(2_000, nearRadiusMetres.maximum),
  Schema.Literals([1, 500_000, 20_100_000])
])

const radians = Math.PI / 180

/** Where one comes to from a place in a direction, on the sphere. By arctangents: an arcsine loses centimetres beside the poles. */
export const destination = ({ lat, lon }: Location, bearing: number, metres: number): Location => {
  const [north, angle, course] = [lat * radians, metres / earthRadiusMetres, bearing * radians]
  const up = Math.sin(north) * Math.cos(angle) + Math.cos(north) * Math.sin(angle) * Math.cos(course)
  const ahead = Math.cos(north) * Math.cos(angle) - Math.sin(north) * Math.sin(angle) * Math.cos(course)
  const aside = Math.sin(angle) * Math.sin(course)
  const turned = lon + Math.atan2(aside, ahead) / radians
  const clamped = Math.min(90, Math.max(-90, Math.atan2(up, Math.hypot(ahead, aside)) / radians))
  return { lat: clamped, lon: turned > 180 ? turned - 360 : turned < -180 ? turned + 360 : turned }
}

/** Without minus zero, which JSON does not keep. */
export const placeOf = (placed: typeof Placed.Type, centre: Location, radius: number): Location => {
  const { lat, lon } = "lat" in placed ? placed : destination(centre, placed.bearing, placed.radii * radius)
  return { lat: lat + 0, lon: lon + 0 }
}

export type Question = Omit<NearOptions, "after" | "limit">

const inOrder = (a: Near, b: Near): boolean =>
  a.distanceMetres < b.distanceMetres || (a.distanceMetres === b.distanceMetres && a.bin.binId < b.bin.binId)

/** Bins less than a metre from the edge may be in or out; all others must be what and where the model says. */
export const agree = (
  found: ReadonlyArray<Near>,
  bins: ReadonlyArray<BinRow>,
  { centre, filter, radiusMetres }: Question
) => {
  const distances = new Map(
    bins.flatMap((bin) =>
      bin.location !== null && satisfies(binFields, filter, bin)
        ? [[bin.binId, distanceMetres(centre, bin.location)] as const]
        : []
    )
  )
  for (const [at, near] of found.entries()) {
    const next = found[at + 1]
    if (next !== undefined) assert.isTrue(inOrder(near, next), "out of order, or twice")
    assert.approximately(near.distanceMetres, distances.get(near.bin.binId) ?? Number.NaN, 1)
    assert.isAtMost(near.distanceMetres, radiusMetres)
    assert.deepStrictEqual(
      near.bin,
      bins.find(({ binId }) => binId === near.bin.binId)
    )
  }
  const ids = new Set(found.map(({ bin }) => bin.binId))
  const missing = [...distances].filter(([id, distance]) => distance < radiusMetres - 1 && !ids.has(id))
  assert.deepStrictEqual(missing, [])
}
