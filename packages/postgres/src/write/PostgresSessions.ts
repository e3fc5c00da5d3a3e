/** Sessions of people, and the digests of what they are held by. */
import { type Exchanged, Sessions } from "@dueline/contracts/ports/Sessions"
import {
  maxExchanges,
  refreshGraceMs,
  rememberedSecrets,
  type Session,
  shownMs
} from "@dueline/contracts/session/Session"
import { PgTypes } from "@effect/sql-pg"
import { Effect, Layer, Result } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { Database } from "../Database.ts"
import { asking, reading } from "../SqlFailure.ts"

type Port = Sessions["Service"]

const { float8, uuid } = PgTypes.OID
const list = (values: ReadonlyArray<unknown>, oid: number) => Result.getOrThrow(PgTypes.array(values, oid))

const makeStatement = `select dueline.make_session($1::uuid, $2::uuid, $3::text, $4::text, $5::float8::bigint, $6::float8::bigint,
  $7::float8::bigint, $8::text, $9::text, $10::float8::bigint, $11::float8::bigint)`

const make =
  (sql: SqlClient): Port["make"] =>
  ({ createdAt, expiresAt, idleMs, roles, scopes, sessionId, subject, tenantId, tenants, way }, secret, codeUntil) =>
    sql
      .unsafe(makeStatement, [
        tenantId,
        sessionId,
        subject,
        JSON.stringify({ tenants, roles, scopes, way }),
        createdAt,
        expiresAt,
        idleMs,
        secret.kind,
        secret.digest,
        codeUntil,
        createdAt - shownMs
      ])
      .pipe(Effect.asVoid, asking("make a session"))

const exchangeStatement = `select dueline.exchange_session_secret($1::uuid, $2::uuid, $3::text, $4::text, $5::text, $6::text,
  $7::float8::bigint, $8::float8::bigint, $9::int4, $10::int4) as exchanged`

const exchange =
  (sql: SqlClient): Port["exchange"] =>
  ({ at, given, next, sessionId, tenantId }) =>
    sql
      .unsafe<{ readonly exchanged: Exchanged }>(exchangeStatement, [
        tenantId,
        sessionId,
        given.kind,
        given.digest,
        next.kind,
        next.digest,
        at,
        refreshGraceMs,
        maxExchanges,
        rememberedSecrets
      ])
      .pipe(
        Effect.map(([row]): Exchanged => row?.exchanged ?? { _tag: "Refused" }),
        asking("exchange what holds a session")
      )

interface Found {
  readonly found: Session | null
}

const one = ([row]: ReadonlyArray<Found>): Session | null => row?.found ?? null

export const layer: Layer.Layer<Sessions, never, Database> = Layer.effect(
  Sessions,
  Effect.map(Database, ({ edge, intake }) =>
    Sessions.of({
      make: make(intake),
      exchange: exchange(intake),
      find: ({ sessionId, tenantId }, secret) =>
        edge
          .unsafe<Found>("select dueline.find_session($1::uuid, $2::uuid, $3::text, $4::text) as found", [
            tenantId,
            sessionId,
            secret?.kind ?? null,
            secret?.digest ?? null
          ])
          .pipe(Effect.map(one), reading("find a session")),
      end: ({ sessionId, tenantId }, by, at) =>
        intake
          .unsafe<Found>("select dueline.end_session($1::uuid, $2::uuid, $3::text, $4::float8::bigint) as found", [
            tenantId,
            sessionId,
            by,
            at
          ])
          .pipe(Effect.map(one), asking("end a session")),
      used: (uses) =>
        intake
          .unsafe("select dueline.note_session_uses($1, $2, $3)", [
            list(
              uses.map(({ tenantId }) => tenantId),
              uuid
            ),
            list(
              uses.map(({ sessionId }) => sessionId),
              uuid
            ),
            list(
              uses.map(({ at }) => at),
              float8
            )
          ])
          .pipe(Effect.asVoid, asking("note uses of sessions")),
      list: ({ after, limit, subject, tenantId }) =>
        edge
          .unsafe<{ readonly found: ReadonlyArray<Session> }>(
            "select dueline.list_sessions($1::uuid, $2::text, $3::float8::bigint, $4::uuid, $5::int4) as found",
            [tenantId, subject, after?.createdAt ?? Number.MAX_SAFE_INTEGER, after?.id ?? tenantId, limit + 1]
          )
          .pipe(
            Effect.map(([row]) => {
              const found = row?.found ?? []
              const sessions = found.slice(0, limit)
              const last = sessions.at(-1)
              const next =
                found.length > limit && last !== undefined ? { createdAt: last.createdAt, id: last.sessionId } : null
              return { sessions, next }
            }),
            reading("list sessions")
          )
    })
  )
)
