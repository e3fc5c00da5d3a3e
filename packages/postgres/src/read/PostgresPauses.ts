/** The pauses that hold now, along the index of those that do. */
import { type PauseInForce, Pauses } from "@dueline/contracts/ports/Directories"
import { Effect, Layer } from "effect"
import { Database } from "../Database.ts"
import { asking } from "../SqlFailure.ts"

const statement = "select dueline.pauses_in_force($1::float8::bigint, $2::int4) as pause"

export const layer: Layer.Layer<Pauses, never, Database> = Layer.effect(
  Pauses,
  Effect.map(Database, ({ worker }) =>
    Pauses.of({
      inForce: ({ limit, resumedAfter }) =>
        worker.unsafe<{ readonly pause: PauseInForce }>(statement, [resumedAfter, limit]).pipe(
          Effect.map((rows) => rows.map(({ pause }) => pause)),
          asking("read which pauses hold")
        )
    })
  )
)
