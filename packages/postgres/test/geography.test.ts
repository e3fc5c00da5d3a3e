/** The search for bins near a place without PostGIS: the answers, and what they cost. */
import * as BinsNearContract from "@dueline/port-contracts/queries/BinsNearContract"
import * as Sample from "@dueline/port-contracts/Sample"
import * as PostgresOpsQueries from "@dueline/postgres/read/PostgresOpsQueries"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { costsTheSame, looksAround } from "./GeographyCost.ts"

const layer = Layer.mergeAll(PostgresPersistence.layer, PostgresOpsQueries.layer).pipe(
  Layer.provideMerge(TestDatabase.layer)
)

BinsNearContract.suite("PostgreSQL without PostGIS", { layer, realTime: true })

it.layer(TestDatabase.layer, { excludeTestServices: true, timeout: "60 seconds" })("without PostGIS", (it) => {
  it.effect(
    "a search touches no more blocks for other tenants' bins around, nor for its own far away",
    () => TestDatabase.session((sql) => costsTheSame(sql, "bin_rows_near")),
    { tags: ["ADR-0017.2"] }
  )

  it.effect(
    "the nearest few of very many are found without looking at the others",
    () => TestDatabase.session(looksAround),
    { tags: ["ADR-0017.2"] }
  )

  it.effect(
    "the server has no PostGIS: the database says so, and a search works all the same",
    () =>
      TestDatabase.session((sql) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* sql.unsafe("select dueline.geography() as word"), [{ word: "plain" }])
          assert.deepStrictEqual(yield* sql.unsafe("select dueline.use_postgis() as word"), [
            { word: "plain: the server does not have PostGIS" }
          ])
          assert.deepStrictEqual(yield* sql.unsafe("select dueline.use_plain_geography() as word"), [{ word: "plain" }])
          yield* sql.unsafe("select set_config('app.current_tenant', $1, false)", [Sample.tenantId()])
          assert.deepStrictEqual(yield* sql.unsafe("select bin_id from dueline.bins_within(50, 14, -1, 1000)"), [])
        })
      ),
    { tags: ["ADR-0017.3"] }
  )
})
