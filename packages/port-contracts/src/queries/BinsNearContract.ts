/** What every search for bins near a place does, held against a model that measures each bin. */
import type { TenantId } from "@dueline/contracts/Ids"
import {
  binFields,
  type BinRow,
  distanceMetres,
  earthRadiusMetres,
  type Location,
  nearRadiusMetres
} from "@dueline/contracts/bin/Bin"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import { type Near, type NearOptions, OpsQueries } from "@dueline/contracts/ports/Queries"
import { everything, satisfies, type Specification } from "@dueline/contracts/specification/Specification"
import { assert, type Vitest } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { type Harness, judge } from "../Harness.ts"
import * as Sample from "../Sample.ts"
import { propertyRuns } from "../propertyRuns.ts"
import * as OpsSample from "./OpsSample.ts"

type Ports = OpsQueries | Persistence
type It = Vitest.MethodsNonLive<Ports>

const commit = (bins: ReadonlyArray<BinRow>) =>
  Effect.flatMap(Persistence, (store) => store.commit(bins.map((bin) => OpsSample.commit(bin))))

/** All pages of so many, one after the other. */
const walk = Effect.fnUntraced(function* (question: Question, limit = 50) {
  const { near } = yield* OpsQueries
  const found: Array<Near> = []
  let after: NearOptions["after"] = null
  for (let pages = 0; pages < 1_000; pages += 1) {
    const page: ReadonlyArray<Near> = yield* near({ ...question, after, limit })
    assert.isAtMost(page.length, limit)
    found.push(...page)
    const last = page.at(-1)
    if (last === undefined) return found
    after = { distanceMetres: last.distanceMetres, binId: last.bin.binId }
  }
  return assert.fail("the search does not end")
})

const asked = (tenantId: TenantId, changes: Partial<Question> = {}): Question => ({
  tenantId,
  centre: { lat: 50.0875, lon: 14.4213 },
  radiusMetres: 1_000,
  filter: everything,
  ...changes
})

const skips: Specification = { _tag: "Equals", field: "category", value: "skip" }

const likeTheModel = (it: It) =>
  it.effect.prop(
    "those within the radius are found, nearest first and page after page, and no others",
    {
      centre: Centre,
      radiusMetres: Radius,
      places: Schema.Array(Placed).check(Schema.isMaxLength(25)),
      limit: Schema.Literals([1, 3, 7, 50]),
      onlySkips: Schema.Boolean
    },
    ({ centre, limit, onlySkips, places, radiusMetres }) =>
      Effect.gen(function* () {
        const tenantId = Sample.tenantId()
        const bins = places.map((placed, n) =>
          OpsSample.bin(tenantId, {
            location: placeOf(placed, centre, radiusMetres),
            category: n % 3 === 0 ? "tank" : "skip"
          })
        )
        yield* commit(bins)
        const question = asked(tenantId, { centre, radiusMetres, filter: onlySkips ? skips : everything })
        agree(yield* walk(question, limit), bins, question)
      }),
    { arbitrary: propertyRuns, tags: ["ADR-0017.1"], timeout: 120_000 }
  )

const atTheEdges = (it: It) => {
  it.effect(
    "a search across the antimeridian finds both sides, and both names of it",
    () =>
      Effect.gen(function* () {
        const tenantId = Sample.tenantId()
        const lons = [179.999, 180, -180, -179.999, 179.9, 0]
        const bins = lons.map((lon) => OpsSample.bin(tenantId, { location: { lat: -17, lon } }))
        yield* commit(bins)
        for (const lon of [180, -180, 179.9995, -179.9995]) {
          const question = asked(tenantId, { centre: { lat: -17, lon }, radiusMetres: 500 })
          const found = yield* walk(question)
          assert.lengthOf(found, 4)
          agree(found, bins, question)
        }
      }),
    { tags: ["ADR-0017.1"] }
  )

  it.effect(
    "at a pole every longitude is the same place",
    () =>
      Effect.gen(function* () {
        const tenantId = Sample.tenantId()
        const lons = [-180, -90, 0, 33, 180]
        const bins = lons.map((lon) => OpsSample.bin(tenantId, { location: { lat: 90, lon } }))
        const beside = lons.map((lon) => OpsSample.bin(tenantId, { location: { lat: 89.9999, lon } }))
        yield* commit([...bins, ...beside])
        const found = yield* walk(asked(tenantId, { centre: { lat: 90, lon: 77 }, radiusMetres: 1 }))
        assert.lengthOf(found, 5)
        const around = yield* walk(asked(tenantId, { centre: { lat: 89.9999, lon: 77 }, radiusMetres: 100 }))
        assert.lengthOf(around, 10)
      }),
    { tags: ["ADR-0017.1"] }
  )
}

const amongOthers = (it: It) => {
  it.effect("bins at one place come in order of their ids, at distance zero, and turning pages loses none", () =>
    Effect.gen(function* () {
      const tenantId = Sample.tenantId()
      const bins = Array.from({ length: 7 }, () => OpsSample.bin(tenantId))
      yield* commit(bins)
      const found = yield* walk(asked(tenantId, { radiusMetres: 1 }), 2)
      assert.deepStrictEqual(
        found.map(({ bin }) => bin.binId),
        bins.map(({ binId }) => binId).sort()
      )
      assert.deepStrictEqual([...new Set(found.map(({ distanceMetres }) => distanceMetres))], [0])
    })
  )

  it.effect("a bin that is nowhere, or another tenant's, is not found", () =>
    Effect.gen(function* () {
      const [tenantId, stranger] = [Sample.tenantId(), Sample.tenantId()]
      const nowhere = OpsSample.bin(tenantId, { location: null })
      yield* commit([nowhere, OpsSample.bin(stranger)])
      assert.deepStrictEqual(yield* walk(asked(tenantId)), [])
      assert.lengthOf(yield* walk(asked(stranger)), 1)
    })
  )

  it.effect("a bin that was moved is found where it is now, and only there", () =>
    Effect.gen(function* () {
      const tenantId = Sample.tenantId()
      const bin = OpsSample.bin(tenantId)
      yield* commit([bin])
      yield* commit([OpsSample.next(bin, { location: { lat: -50, lon: -60 } })])
      assert.deepStrictEqual(yield* walk(asked(tenantId)), [])
      assert.lengthOf(yield* walk(asked(tenantId, { centre: { lat: -50, lon: -60 } })), 1)
    })
  )
}

export const suite = (name: string, harness: Harness<Ports>): void =>
  judge("Bins near a place", name, harness, (it) => {
    likeTheModel(it)
    atTheEdges(it)
    amongOthers(it)
  })

/** Places that are hard to find, and what a search for bins near them has to answer: each bin measured, the far ones left out. */
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
