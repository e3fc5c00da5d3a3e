/** What an overview shows, from what is counted of the log and from the first entries of indexes. */
import {
  behindBudget,
  type OverviewFacts,
  Overviews,
  overdueBudget,
  overviewBudget,
  type WorkBehind
} from "@dueline/contracts/ports/Overviews"
import { Effect, Layer } from "effect"
import { Database } from "../Database.ts"
import { asking, reading } from "../SqlFailure.ts"

const all = "00000000-0000-0000-0000-000000000000"

export const layer: Layer.Layer<Overviews, never, Database> = Layer.effect(
  Overviews,
  Effect.map(Database, ({ worker }) =>
    Overviews.of({
      of: (tenantId, now) =>
        worker
          .unsafe<{ readonly overview: OverviewFacts }>(
            "select dueline.overview($1::uuid, $2::float8::bigint, $3::int4, $4::int4) as overview",
            [tenantId ?? all, now, overviewBudget, overdueBudget]
          )
          .pipe(
            Effect.flatMap(([row]) =>
              row === undefined ? Effect.die("an overview is one row") : Effect.succeed(row.overview)
            ),
            reading("read an overview")
          ),
      behind: worker
        .unsafe<{ readonly behind: WorkBehind }>("select dueline.work_behind($1::int4) as behind", [behindBudget])
        .pipe(
          Effect.flatMap(([row]) =>
            row === undefined ? Effect.die("what is behind is one row") : Effect.succeed(row.behind)
          ),
          reading("read how far sealing and counting are behind")
        ),
      count: (limit) =>
        worker
          .unsafe<{ readonly counted: number | null }>("select dueline.count_calls($1::int4) as counted", [limit])
          .pipe(
            Effect.map(([row]) => row?.counted ?? null),
            asking("count what has happened to calls")
          )
    })
  )
)
