/** Which of what one process at a time does has something to do, asked for all of it at once. */
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { Effect } from "effect"
import { Database } from "../Database.ts"
import { asking } from "../SqlFailure.ts"

/** Schedules that fire, bulk jobs that run, messages that go to subscriptions. */
export type LedWorkName = "schedules" | "jobs" | "deliveries"

/** `before`: a schedule that has to be looked at by then counts (epoch ms). */
export const workAtHand = (before: number): Effect.Effect<ReadonlySet<LedWorkName>, StoreUnavailable, Database> =>
  Effect.flatMap(Database, ({ worker }) =>
    worker
      .unsafe<{ readonly names: ReadonlyArray<LedWorkName> }>(
        "select dueline.work_at_hand($1::float8::bigint) as names",
        [before]
      )
      .pipe(
        Effect.map(([found]): ReadonlySet<LedWorkName> => new Set(found?.names)),
        asking("read what there is to do")
      )
  )
