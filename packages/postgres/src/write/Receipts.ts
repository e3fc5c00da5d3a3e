/** Forgets the answers to old commands, a bounded number at a time. */
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { Effect } from "effect"
import { Database } from "../Database.ts"
import { asking } from "../SqlFailure.ts"

/** Deletes at most `limit` receipts that expired at or before `now` (epoch ms), and says how many: fewer means there are no more. */
export const forgetExpired = (options: {
  readonly now: number
  readonly limit: number
}): Effect.Effect<number, StoreUnavailable, Database> =>
  Effect.flatMap(Database, ({ worker }) =>
    worker
      .unsafe<{ readonly forgotten: number }>(
        "select dueline.forget_receipts($1::float8::bigint, $2::int4) as forgotten",
        [options.now, options.limit]
      )
      .pipe(
        Effect.map(([row]) => row?.forgotten ?? 0),
        asking("forget receipts")
      )
  )
