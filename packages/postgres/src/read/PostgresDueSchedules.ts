/** Schedules that have to be looked at, along the index of their times. */
import { type DueSchedule, DueSchedules } from "@dueline/contracts/ports/DueWork"
import { Effect, Layer } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { Database } from "../Database.ts"
import { asking } from "../SqlFailure.ts"

const dueStatement =
  "select dueline.due_schedules($1::float8::bigint, $2::float8::bigint, $3::uuid, $4::int4) as schedule"

const olderStatement = "select dueline.schedules_of_older_zone_data($1::text, $2::text, $3::uuid, $4::int4) as schedule"

const noId = "00000000-0000-0000-0000-000000000000"
const beforeAll = { wakeAt: Number.MIN_SAFE_INTEGER, scheduleId: noId }

const ask = (sql: SqlClient, what: string, statement: string, parameters: ReadonlyArray<string | number>) =>
  sql.unsafe<{ readonly schedule: DueSchedule }>(statement, parameters).pipe(
    Effect.map((rows) => rows.map(({ schedule }) => schedule)),
    asking(what)
  )

export const layer: Layer.Layer<DueSchedules, never, Database> = Layer.effect(
  DueSchedules,
  Effect.map(Database, ({ worker }) =>
    DueSchedules.of({
      due: ({ after, before, limit }) => {
        const { scheduleId, wakeAt } = after ?? beforeAll
        return ask(worker, "read which schedules are due", dueStatement, [before, wakeAt, scheduleId, limit])
      },
      ofOlderZoneData: ({ after, limit, zoneData }) => {
        const mark = after ?? { zoneData: "", scheduleId: noId }
        const parameters = [zoneData, mark.zoneData, mark.scheduleId, limit]
        return ask(worker, "read which schedules follow older zone data", olderStatement, parameters)
      }
    })
  )
)
