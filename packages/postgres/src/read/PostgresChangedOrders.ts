/** Orders that changed, read along the index of their times. */
import { type ChangedOrder, ChangedOrders } from "@dueline/contracts/ports/DueWork"
import { Effect, Layer } from "effect"
import { Database } from "../Database.ts"
import { asking } from "../SqlFailure.ts"

const statement = "select dueline.changed_orders($1::float8::bigint, $2::uuid, $3::float8::bigint, $4::int4) as found"

export const layer: Layer.Layer<ChangedOrders, never, Database> = Layer.effect(
  ChangedOrders,
  Effect.map(Database, ({ worker }) =>
    ChangedOrders.of({
      changed: ({ after, before, limit }) =>
        worker
          .unsafe<{ readonly found: ChangedOrder }>(statement, [after.updatedAt, after.orderId, before, limit])
          .pipe(
            Effect.map((rows) => rows.map(({ found }) => found)),
            asking("read which orders changed")
          )
    })
  )
)
