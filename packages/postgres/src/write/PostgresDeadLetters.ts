/** Dead letters of consumer groups, in the table where the outbox keeps its own. */
import { bounded } from "@dueline/contracts/deadLetter"
import { type DeadLetter, DeadLetters } from "@dueline/contracts/ports/DeadLetters"
import { PgTypes } from "@effect/sql-pg"
import { Clock, Effect, Layer, Result } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { Database } from "../Database.ts"
import { asking } from "../SqlFailure.ts"

const statement = `select dueline.keep_dead_letter($1::uuid, $2::uuid, $3::text, $4::uuid, $5::text, $6::text, $7::text[], $8::int4,
  $9::float8::bigint)`

const keep = (sql: SqlClient) =>
  Effect.fnUntraced(function* (letter: DeadLetter) {
    const { group, message, reasons } = bounded(letter)
    const { eventId, payload, streamId, tenantId, topic } = message
    yield* sql
      .unsafe(statement, [
        tenantId,
        eventId,
        group,
        streamId,
        topic,
        JSON.stringify(payload),
        Result.getOrThrow(PgTypes.array(reasons, PgTypes.OID.text)),
        letter.reasons.length,
        yield* Clock.currentTimeMillis
      ])
      .pipe(asking("keep a dead letter"))
  })

export const layer: Layer.Layer<DeadLetters, never, Database> = Layer.effect(
  DeadLetters,
  Effect.map(Database, ({ worker }) => DeadLetters.of({ keep: keep(worker) }))
)
