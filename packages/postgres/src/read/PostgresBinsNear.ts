/**
 * Which bins are near a place, nearest first: ring by ring outwards, each twice as wide as the one before, until there are enough.
 *
 * So the cost follows the area that had to be looked at for one page, never the bins beyond it nor those of other tenants. How the bins
 * of a ring are found is the database's affair (`dueline.bins_within`); which of them the tenant may see, and which the filter asks for,
 * is decided on the rows themselves, under row-level security.
 */
import type { Near, OpsQueries } from "@dueline/contracts/ports/Queries"
import { Effect } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { asTenant } from "./fieldLists.ts"
import { fieldColumns } from "../schema/rowTables.ts"
import { reading } from "../SqlFailure.ts"
import { specificationSql } from "./specificationSql.ts"

/** Where the first ring ends, in metres. */
const firstRingMetres = 2_000

/** A row is found by its id or not at all: with the fence nobody plans a walk through all of a tenant's bins. */
const statement = (condition: string): string => `with recursive ring (reached, found, hits) as (
    select $4::float8, 0, '[]'::json
    union all
    select next.edge, ring.found + part.found, part.hits
    from ring
    cross join lateral (select least($5::float8, greatest(ring.reached * 2, ${firstRingMetres})) as edge) next
    cross join lateral (
      select count(*)::integer as found,
        coalesce(json_agg(json_build_object('bin', n.bin, 'distanceMetres', n.distance) order by n.distance, n.bin_id), '[]') as hits
      from (
        select c.distance, c.bin_id, r.row as bin
        from dueline.bins_within($2::float8, $3::float8, ring.reached, next.edge) c
        cross join lateral (
          select * from dueline.bin_rows b where b.tenant_id = $1::uuid and b.id = c.bin_id offset 0
        ) r
        where (c.distance, c.bin_id) > ($6::float8, $7::uuid) and ${condition}
        order by c.distance, c.bin_id limit $8::integer - ring.found
      ) n
    ) part
    where ring.reached < $5::float8 and ring.found < $8::integer
  )
  select hits from ring order by reached`

/** Before every bin. A ring begins beyond where it is told to, so it is told a little less than the distance of the last bin. */
const fromTheCentre = { distanceMetres: -1, binId: "00000000-0000-0000-0000-000000000000" }
const aLittle = 0.001

export const binsNear =
  (sql: SqlClient): OpsQueries["Service"]["near"] =>
  ({ after, centre, filter, limit, radiusMetres, tenantId }) => {
    const mark = after ?? fromTheCentre
    const parameters: Array<unknown> = [
      tenantId,
      centre.lat,
      centre.lon,
      mark.distanceMetres - aLittle,
      radiusMetres,
      mark.distanceMetres,
      mark.binId,
      limit
    ]
    const condition = specificationSql(fieldColumns("bin", "r"), filter, parameters)
    const read = sql.unsafe<{ readonly hits: ReadonlyArray<Near> }>(statement(condition), parameters).unprepared
    return asTenant(sql, tenantId, read).pipe(
      Effect.map((rings) => rings.flatMap(({ hits }) => hits)),
      reading("find bins near a place")
    )
  }
