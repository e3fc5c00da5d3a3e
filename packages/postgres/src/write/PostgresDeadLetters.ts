/** Dead letters of consumer groups, in the table where the outbox keeps its own. */
import { bounded, storableReason } from "@dueline/contracts/deadLetter"
import { DeadLetters, type TakenLetter } from "@dueline/contracts/ports/DeadLetters"
import { PgTypes } from "@effect/sql-pg"
import { Clock, Effect, Layer, Result } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { Database } from "../Database.ts"
import { asking } from "../SqlFailure.ts"

type Letters = DeadLetters["Service"]

const keepStatement = `select dueline.keep_dead_letter($1::uuid, $2::uuid, $3::text, $4::uuid, $5::text, $6::text, $7::text[], $8::int4,
  $9::float8::bigint, $10::int4)`

const keep = (sql: SqlClient): Letters["keep"] =>
  Effect.fnUntraced(function* (letter) {
    const { group, message, reasons } = bounded(letter)
    const { eventId, payload, streamId, tenantId, topic } = message
    yield* sql
      .unsafe(keepStatement, [
        tenantId,
        eventId,
        group,
        streamId,
        topic,
        JSON.stringify(payload),
        Result.getOrThrow(PgTypes.array(reasons, PgTypes.OID.text)),
        letter.reasons.length,
        yield* Clock.currentTimeMillis,
        message.redelivery?.replay ?? 0
      ])
      .pipe(asking("keep a dead letter"))
  })

const takeStatement = "select dueline.take_dead_letter($1::uuid, $2::uuid, $3::uuid, $4::float8::bigint) as taken"

const take =
  (sql: SqlClient): Letters["take"] =>
  ({ before, id, job, tenantId }) =>
    sql.unsafe<{ readonly taken: TakenLetter | null }>(takeStatement, [tenantId, id, job, before]).pipe(
      Effect.map(([row]) => row?.taken ?? null),
      asking("take a dead letter")
    )

const settleStatement = "select dueline.settle_dead_letter($1::uuid, $2::uuid, $3::uuid, $4::text, $5::float8::bigint)"

const settle = (sql: SqlClient): Letters["settle"] =>
  Effect.fnUntraced(function* ({ error, id, job, tenantId }) {
    const at = yield* Clock.currentTimeMillis
    yield* sql
      .unsafe(settleStatement, [tenantId, id, job, error === null ? null : storableReason(error), at])
      .pipe(asking("settle a dead letter"))
  })

export const layer: Layer.Layer<DeadLetters, never, Database> = Layer.effect(
  DeadLetters,
  Effect.map(Database, ({ worker }) =>
    DeadLetters.of({ keep: keep(worker), take: take(worker), settle: settle(worker) })
  )
)
