/** Payloads that are due, read along the index of their times. */
import { type DueIngestion, DueIngestions } from "@dueline/contracts/ports/DueWork"
import { Effect, Layer } from "effect"
import { Database } from "../Database.ts"
import { asking } from "../SqlFailure.ts"

const unended = "select dueline.unended_events($1::float8::bigint, $2::int4) as due"
const statement = "select dueline.due_ingestions($1::float8::bigint, $2::int4, $3::int4) as due"

export const layer: Layer.Layer<DueIngestions, never, Database> = Layer.effect(
  DueIngestions,
  Effect.map(Database, ({ worker }) =>
    DueIngestions.of({
      due: ({ before, each, limit }) =>
        worker.unsafe<{ readonly due: DueIngestion }>(statement, [before, each, limit]).pipe(
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
