/** The search for bins near a place with PostGIS: the same answers, at the same kind of price; and coming to it later, or never. */
import { distanceMetres } from "@dueline/contracts/bin/Bin"
import { everything } from "@dueline/contracts/specification/Specification"
import * as BinsNearContract from "@dueline/port-contracts/queries/BinsNearContract"
import { Centre } from "@dueline/port-contracts/queries/BinsNearContract"
import { propertyRuns } from "@dueline/port-contracts/propertyRuns"
import * as Sample from "@dueline/port-contracts/Sample"
import * as Database from "@dueline/postgres/Database"
import { binsNear } from "@dueline/postgres/read/PostgresOpsQueries"
import { missing } from "@dueline/test-servers/sharedServers"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { costsTheSame, looksAround, plant } from "./GeographyCost.ts"
import { PostgisDatabase, session, store } from "./GeographyWorld.ts"
import { login, redacted, server } from "./UrlWorld.ts"

const options = { excludeTestServices: true, timeout: "60 seconds" } as const
const absent = (await missing("postgres")) !== undefined

const word = (sql: SqlClient, asked: string) =>
  Effect.map(sql.unsafe<{ readonly word: string }>(`select dueline.${asked}() as word`), ([row]) => row?.word)

interface Measured {
  readonly postgis: number
  readonly ours: number
}

const measure = `select st_distance(st_point(lon1, lat1)::geography, st_point(lon2, lat2)::geography, false) as postgis,
    dueline.distance_metres(lat1, lon1, lat2, lon2) as ours
  from json_to_recordset($1::text::json) as p (lat1 float8, lon1 float8, lat2 float8, lon2 float8)`

describe.skipIf(absent)("with PostGIS", () => {
  BinsNearContract.suite("PostgreSQL with PostGIS", { layer: store, realTime: true })

  it.layer(PostgisDatabase.layer, options)("a database that has it", (it) => {
    it.effect.prop(
      "measures on the sphere what we do, to a metre",
      { pairs: Schema.Array(Schema.Tuple([Centre, Centre])).check(Schema.isMaxLength(50)) },
      ({ pairs }) =>
        Effect.gen(function* () {
          const rows = pairs.map(([a, b]) => ({ lat1: a.lat, lon1: a.lon, lat2: b.lat, lon2: b.lon }))
          const measured = yield* session(yield* PostgisDatabase, (sql) =>
            sql.unsafe<Measured>(measure, [JSON.stringify(rows)])
          )
          for (const [n, [a, b]] of pairs.entries()) {
            assert.approximately(measured[n]?.postgis ?? Number.NaN, distanceMetres(a, b), 1)
            assert.approximately(measured[n]?.ours ?? Number.NaN, distanceMetres(a, b), 0.2)
          }
        }),
      { arbitrary: propertyRuns, tags: ["ADR-0017.1"] }
    )

    it.effect(
      "touches no more blocks for other tenants' bins around, for its own far away, or for those beyond the page",
      () =>
        Effect.gen(function* () {
          const url = yield* PostgisDatabase
          assert.strictEqual(yield* session(url, (sql) => word(sql, "geography")), "postgis")
          yield* session(url, (sql) => costsTheSame(sql, "bin_rows_geography"))
          yield* session(url, looksAround)
        }),
      { tags: ["ADR-0017.2"] }
    )
  })
})

/** The nearest hundred of what was planted around, over the whole of it. */
const search = (sql: SqlClient, tenantId: ReturnType<typeof Sample.tenantId>) =>
  binsNear(sql)({
    tenantId,
    centre: { lat: 50, lon: 14 },
    radiusMetres: 20_000,
    filter: everything,
    after: null,
    limit: 100
  })

describe.skipIf(absent)("a database whose owner may not create PostGIS", () => {
  it.live(
    "migrates all the same, is switched over by somebody who may, and back; the answers do not change by a bit",
    () =>
      Effect.gen(function* () {
        const { url: admin } = yield* server
        const { url } = yield* login(admin, "createrole")
        assert.include(yield* Database.migrateUrl(redacted(url)), "geography")
        const superuser = new URL(admin)
        superuser.pathname = url.pathname
        const tenant = Sample.tenantId()
        const asAdmin = <A, E>(use: (sql: SqlClient) => Effect.Effect<A, E>) => session(superuser.href, use)
        yield* asAdmin((sql) => plant(sql, tenant, { lat: 49.9, lon: 13.9, step: 0.002, count: 10_000 }))
        assert.strictEqual(yield* asAdmin((sql) => word(sql, "geography")), "plain")
        assert.match(
          (yield* session(url.href, (sql) => word(sql, "use_postgis"))) ?? "",
          /^plain: permission denied to create extension/u
        )
        const plain = yield* asAdmin((sql) => search(sql, tenant))
        assert.lengthOf(plain, 100)
        assert.strictEqual(yield* asAdmin((sql) => word(sql, "use_postgis")), "postgis")
        assert.strictEqual(yield* session(url.href, (sql) => word(sql, "geography")), "postgis")
        assert.deepStrictEqual(yield* asAdmin((sql) => search(sql, tenant)), plain)
        // Once it is there, its owner may do so too.
        assert.strictEqual(yield* session(url.href, (sql) => word(sql, "use_plain_geography")), "plain")
        assert.deepStrictEqual(yield* asAdmin((sql) => search(sql, tenant)), plain)
        assert.strictEqual(yield* session(url.href, (sql) => word(sql, "use_postgis")), "postgis")
        assert.deepStrictEqual(yield* asAdmin((sql) => search(sql, tenant)), plain)
      }).pipe(Effect.scoped),
    { tags: ["ADR-0017.3"] }
  )
})
