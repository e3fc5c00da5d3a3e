/** What a search for bins near a place costs the server, counted in blocks, never in time. */
import { TenantId } from "@dueline/contracts/Ids"
import { everything } from "@dueline/contracts/specification/Specification"
import { binsNear } from "@dueline/postgres/read/PostgresOpsQueries"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { randomUUID } from "node:crypto"

/** As different as they are in life: to `btree_gist`, ids are one when they differ in their last digits only. */
const tenantId = (): TenantId => TenantId.make(randomUUID())

const insert = `insert into dueline.bin_rows (row)
  select json_build_object('tenantId', $1::uuid, 'binId', b, 'version', 1, 'serialNumber', b, 'category', 'skip', 'sizeLitres', 1, 'capacityLitres', 1,
    'status', 'Active', 'location', json_build_object('lat', $2::float8 + (i % 100) * $4::float8, 'lon', $3::float8 + (i / 100) * $4::float8),
    'createdAt', i, 'updatedAt', i) from (select i, gen_random_uuid() as b from generate_series(0, $5::int - 1) i) n`

interface Field {
  readonly lat: number
  readonly lon: number
  readonly step: number
  readonly count: number
}

/** So many bins in rows, from this corner on, a step of degrees apart. */
export const plant = (sql: SqlClient, tenant: TenantId, { count, lat, lon, step }: Field) =>
  sql.unsafe(insert, [tenant, lat, lon, step, count])

interface Explained {
  readonly Plan: { readonly "Shared Hit Blocks": number; readonly "Shared Read Blocks": number }
}

/** Asked as the edge, twice, so that neither catalogues nor plans count. */
const search = (sql: SqlClient, tenant: TenantId) =>
  sql.withTransaction(
    Effect.gen(function* () {
      yield* sql.unsafe("select set_config('role', 'dueline_edge', true), set_config('app.current_tenant', $1, true)", [
        tenant
      ])
      const [found] = yield* sql.unsafe<{ readonly count: number }>(
        "select count(*)::int as count from dueline.bins_within(50, 14, -1, 1000)"
      )
      const [row] = yield* sql.unsafe<{ readonly "QUERY PLAN": ReadonlyArray<Explained> }>(
        "explain (analyze, buffers, format json) select * from dueline.bins_within(50, 14, -1, 1000)"
      )
      const plan = row?.["QUERY PLAN"][0]?.Plan
      assert.isDefined(plan)
      return { count: found?.count ?? 0, blocks: plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] }
    })
  )

const scans = (sql: SqlClient, index: string) =>
  Effect.andThen(
    sql.unsafe("select pg_stat_force_next_flush()"),
    sql.unsafe<{ readonly scans: number; readonly walked: number }>(
      `select i.idx_scan::int as scans, t.seq_tup_read::int as walked from pg_stat_user_indexes i
        join pg_stat_user_tables t on t.relid = i.relid where i.indexrelname = $1`,
      [index]
    )
  )

/** A few hundred of some thousand bins are found, then again among many more: by that index, and as cheaply. */
export const costsTheSame = (sql: SqlClient, index: string) =>
  Effect.gen(function* () {
    const tenant = tenantId()
    yield* plant(sql, tenant, { lat: 49.97, lon: 13.95, step: 0.001, count: 6_000 })
    yield* sql.unsafe("vacuum analyze dueline.bin_rows")
    const before = yield* search(sql, tenant)
    for (let n = 0; n < 2; n += 1) {
      yield* plant(sql, tenantId(), { lat: 49.97, lon: 13.95, step: 0.001, count: 10_000 })
      yield* plant(sql, tenant, { lat: 49.97, lon: 20 + n * 20, step: 0.001, count: 10_000 })
      yield* plant(sql, tenant, { lat: -10 * n, lon: 14, step: 0.001, count: 10_000 })
    }
    yield* sql.unsafe("vacuum analyze dueline.bin_rows")
    const [earlier] = yield* scans(sql, index)
    const after = yield* search(sql, tenant)
    const [later] = yield* scans(sql, index)
    assert.strictEqual(after.count, before.count)
    assert.isAbove(after.count, 300)
    assert.isAtMost(after.blocks, before.blocks * 1.25)
    assert.isAbove((later?.scans ?? 0) - (earlier?.scans ?? 0), 0, `${index} was not asked`)
    assert.strictEqual(later?.walked, earlier?.walked, "bins were walked through")
  })

const fetched = (sql: SqlClient) =>
  Effect.andThen(
    sql.unsafe("select pg_stat_force_next_flush()"),
    sql.unsafe<{ readonly rows: number }>(
      "select idx_tup_fetch::int as rows from pg_stat_user_tables where relname = 'bin_rows' and schemaname = 'dueline'"
    )
  )

/** The nearest ten of ten thousand within the radius are had for the price of those around. */
export const looksAround = (sql: SqlClient) =>
  Effect.gen(function* () {
    const tenant = tenantId()
    yield* plant(sql, tenant, { lat: 49.5, lon: 13.5, step: 0.01, count: 10_000 })
    yield* sql.unsafe("vacuum analyze dueline.bin_rows")
    const [before] = yield* fetched(sql)
    const near = yield* binsNear(sql)({
      tenantId: tenant,
      centre: { lat: 50, lon: 14 },
      radiusMetres: 500_000,
      filter: everything,
      after: null,
      limit: 10
    })
    const [after] = yield* fetched(sql)
    assert.lengthOf(near, 10)
    assert.isAtMost((after?.rows ?? Infinity) - (before?.rows ?? 0), 200)
  })
