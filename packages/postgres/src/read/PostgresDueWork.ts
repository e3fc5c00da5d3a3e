/** What has to be looked at, of all tenants, along the index of its times: schedules, payloads that are due, orders that changed. */
import {
  type ChangedOrder,
  ChangedOrders,
  type DueIngestion,
  DueIngestions,
  type DueSchedule,
  DueSchedules
} from "@dueline/contracts/ports/DueWork"
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

export const layerDueSchedules: Layer.Layer<DueSchedules, never, Database> = Layer.effect(
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

/** Payloads that are due, read along the index of their times. */
const unended = "select dueline.unended_events($1::float8::bigint, $2::int4) as due"
const dueIngestionsStatement = "select dueline.due_ingestions($1::float8::bigint, $2::int4, $3::int4) as due"

export const layerDueIngestions: Layer.Layer<DueIngestions, never, Database> = Layer.effect(
  DueIngestions,
  Effect.map(Database, ({ worker }) =>
    DueIngestions.of({
      due: ({ before, each, limit }) =>
        worker.unsafe<{ readonly due: DueIngestion }>(dueIngestionsStatement, [before, each, limit]).pipe(
          Effect.map((rows) => rows.map(({ due }) => due)),
          asking("read which payloads are due")
        ),
      unended: ({ before, limit }) =>
        worker.unsafe<{ readonly due: DueIngestion }>(unended, [before, limit]).pipe(
          Effect.map((rows) => rows.map(({ due }) => due)),
          asking("read which events have not ended")
        )
    })
  )
)

/** Orders that changed, read along the index of their times. */
const changedStatement =
  "select dueline.changed_orders($1::float8::bigint, $2::uuid, $3::float8::bigint, $4::int4) as found"

export const layerChangedOrders: Layer.Layer<ChangedOrders, never, Database> = Layer.effect(
  ChangedOrders,
  Effect.map(Database, ({ worker }) =>
    ChangedOrders.of({
      changed: ({ after, before, limit }) =>
        worker
          .unsafe<{ readonly found: ChangedOrder }>(changedStatement, [after.updatedAt, after.orderId, before, limit])
          .pipe(
            Effect.map((rows) => rows.map(({ found }) => found)),
            asking("read which orders changed")
          )
    })
  )
)
