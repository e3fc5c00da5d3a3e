/** Schedules that have to be looked at, along the index of their times. */
import { type DueSchedule, DueSchedules } from "@dueline/contracts/ports/DueSchedules"
import { Effect, Layer } from "effect"
import { Database } from "../Database.ts"
import { asking } from "../SqlFailure.ts"

const statement = "select dueline.due_schedules($1::float8::bigint, $2::float8::bigint, $3::uuid, $4::int4) as schedule"

const beforeAll = { wakeAt: Number.MIN_SAFE_INTEGER, scheduleId: "00000000-0000-0000-0000-000000000000" }

export const layer: Layer.Layer<DueSchedules, never, Database> = Layer.effect(
  DueSchedules,
  Effect.map(Database, ({ worker }) =>
    DueSchedules.of({
      due: ({ after, before, limit }) => {
        const { scheduleId, wakeAt } = after ?? beforeAll
        return worker.unsafe<{ readonly schedule: DueSchedule }>(statement, [before, wakeAt, scheduleId, limit]).pipe(
          Effect.map((rows) => rows.map(({ schedule }) => schedule)),
          asking("read which schedules are due")
        )
      }
    })
  )
)
