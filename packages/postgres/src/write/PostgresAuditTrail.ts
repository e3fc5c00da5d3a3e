/** The audit log: entries through one function, on the connections of what is written beside the aggregates; pages of entries and events. */
import {
  type AuditEntry,
  type AuditMark,
  AuditTrail,
  boundedEntry,
  type ListedEntry,
  type SignedStretch
} from "@dueline/contracts/ports/AuditTrail"
import { Effect, Layer } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { Database } from "../Database.ts"
import { asking, reading } from "../SqlFailure.ts"

type Trail = AuditTrail["Service"]

export const written = (entry: AuditEntry) => {
  const { action, actor, at, code, correlationId, count, outcome, resource, tenantId } = boundedEntry(entry)
  const who = { actor_kind: actor.kind, actor_id: actor.id }
  return { tenant: tenantId, at, ...who, action, resource, outcome, code, correlation: correlationId, count }
}

const append =
  (sql: SqlClient): Trail["append"] =>
  (entries) =>
    entries.length === 0
      ? Effect.void
      : sql
          .unsafe("select dueline.append_audit($1::text::json)", [JSON.stringify(entries.map(written))])
          .pipe(Effect.asVoid, asking("write audit entries"))

/** Rows of the log, of all tenants, that one page may look at. */
const scanBudget = 10_000

const listStatement =
  "select dueline.list_audit($1::uuid, $2::text, $3::float8, $4::int4, $5::text, $6::text, $7::text, $8::text, $9::float8, $10::float8, " +
  "$11::int4, $12::int4, $13::bool) as page"

interface Page {
  readonly items: ReadonlyArray<ListedEntry>
  readonly next: AuditMark | null
}

const list =
  (sql: SqlClient): Trail["list"] =>
  ({ actor, after, correlationId, from, limit, order, outcome, resource, tenantId, to }) =>
    sql
      .unsafe<{ readonly page: Page }>(listStatement, [
        tenantId,
        after?.transaction ?? null,
        after?.position ?? null,
        after?.kind ?? null,
        outcome ?? null,
        actor ?? null,
        resource ?? null,
        correlationId ?? null,
        from ?? null,
        to ?? null,
        limit,
        scanBudget,
        order === "asc"
      ])
      .pipe(
        Effect.map(([row]) => row?.page ?? { items: [], next: null }),
        reading("list audit entries")
      )

const stretch =
  (sql: SqlClient): Trail["stretch"] =>
  ({ from: { at, entries, events }, limit, tenantId }) =>
    sql
      .unsafe<{ readonly stretch: SignedStretch }>(
        "select dueline.signed_stretch($1::uuid, $2::float8, $3::text, $4::float8, $5::text, $6::float8, $7::int4) as stretch",
        [tenantId, at, events.transaction, events.position, entries.transaction, entries.position, limit]
      )
      .pipe(
        Effect.flatMap(([row]) => (row === undefined ? Effect.die("no stretch") : Effect.succeed(row.stretch))),
        reading("read what was signed")
      )

export const layer: Layer.Layer<AuditTrail, never, Database> = Layer.effect(
  AuditTrail,
  Effect.map(Database, ({ edge, intake }) =>
    AuditTrail.of({ append: append(intake), list: list(edge), stretch: stretch(edge) })
  )
)
