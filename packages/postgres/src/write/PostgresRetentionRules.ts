/** What tenants say of how long their own is kept: asked and written beside the aggregates, with the entry of the audit log. */
import type { AuditEntry } from "@dueline/contracts/ports/AuditTrail"
import {
  outlivedBudget,
  type OutlivedCount,
  retentionAction,
  type RetentionRule,
  RetentionRules,
  retentionWords
} from "@dueline/contracts/ports/TenantRules"
import { Effect, Layer } from "effect"
import { Database } from "../Database.ts"
import { asking } from "../SqlFailure.ts"
import { written } from "./PostgresAuditTrail.ts"

export const layer: Layer.Layer<RetentionRules, never, Database> = Layer.effect(
  RetentionRules,
  Effect.map(Database, ({ intake }) =>
    RetentionRules.of({
      of: (tenantId) =>
        intake
          .unsafe<{ readonly rule: RetentionRule | null }>("select dueline.retention_rule($1::uuid) as rule", [
            tenantId
          ])
          .pipe(
            Effect.map(([row]) => row?.rule ?? null),
            asking("read how long a tenant keeps things")
          ),
      set: ({ actor, at, correlationId, rule, tenantId }) => {
        const entry: AuditEntry = {
          tenantId,
          at,
          actor,
          action: retentionAction,
          resource: retentionWords(rule),
          outcome: "done",
          code: null,
          correlationId,
          count: 1
        }
        return intake
          .unsafe(
            "select dueline.set_retention_rule($1::uuid, $2::boolean, $3::int4, $4::float8::bigint, $5::text, $6::text::json)",
            [tenantId, rule !== null, rule?.days ?? null, at, actor.id.slice(0, 1_000), JSON.stringify(written(entry))]
          )
          .pipe(Effect.asVoid, asking("write how long a tenant keeps things"))
      },
      outlived: (tenantId, before) =>
        intake
          .unsafe<{ readonly found: OutlivedCount }>(
            "select dueline.count_outlived($1::uuid, $2::float8::bigint, $3::int4) as found",
            [tenantId, before, outlivedBudget]
          )
          .pipe(
            Effect.map(([row]) => row?.found ?? { calls: 0, ingestions: 0, more: false }),
            asking("count what has been kept long enough")
          )
    })
  )
)
