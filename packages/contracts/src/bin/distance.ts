/** How far two places are apart, the same everywhere: the shorter way over a sphere with the Earth's mean radius. */
import type { Location } from "./Bin.ts"

/** Mean radius of the Earth (IUGG), in metres. */
export const earthRadiusMetres = 6_371_008.8

/** What a search for bins around a place may ask for, in metres. */
export const nearRadiusMetres = { minimum: 1, maximum: 500_000 } as const

const radians = (degrees: number): number => degrees * (Math.PI / 180)

/** In radians; differences below some nanometres are none, so that no number becomes too small to be squared. */
const between = (from: number, to: number): number => radians(to - from + 360 - 360)

const cosine = (latitude: number): number => Math.sin(radians(90 - Math.abs(latitude)))

/** By the haversine formula, exact to less than a millimetre up to some thousand kilometres, to a decimetre at the antipodes. */
export const distanceMetres = (a: Location, b: Location): number => {
  const north = Math.sin(between(a.lat, b.lat) / 2)
  const east = Math.sin(between(a.lon, b.lon) / 2)
  const half = north * north + cosine(a.lat) * cosine(b.lat) * (east * east)
  return 2 * earthRadiusMetres * Math.asin(Math.min(1, Math.sqrt(half)))
}
