/** What tenants say of what is struck out: asked and written beside the aggregates, with the entry of the audit log. */
import type { AuditEntry } from "@dueline/contracts/ports/AuditTrail"
import {
  type ChangedRules,
  redactionAction,
  type RedactionRule,
  RedactionRules,
  redactionWords
} from "@dueline/contracts/ports/TenantRules"
import { noRedaction } from "@dueline/contracts/redaction"
import { Effect, Layer } from "effect"
import { Database } from "../Database.ts"
import { asking } from "../SqlFailure.ts"
import { written } from "./PostgresAuditTrail.ts"

export const layer: Layer.Layer<RedactionRules, never, Database> = Layer.effect(
  RedactionRules,
  Effect.map(Database, ({ intake }) =>
    RedactionRules.of({
      of: (tenantId) =>
        intake
          .unsafe<{ readonly rule: RedactionRule | null }>("select dueline.redaction_rule($1::uuid) as rule", [
            tenantId
          ])
          .pipe(
            Effect.map(([row]) => row?.rule ?? null),
            asking("read what a tenant has struck out")
          ),
      changed: (after) =>
        intake
          .unsafe<{ readonly found: ChangedRules }>("select dueline.redaction_rules_since($1::text) as found", [after])
          .pipe(
            Effect.map(([row]) => row?.found ?? { rules: [], next: after }),
            asking("read what tenants have struck out")
          ),
      set: ({ actor, at, correlationId, rule, tenantId }) => {
        const entry: AuditEntry = {
          tenantId,
          at,
          actor,
          action: redactionAction,
          resource: redactionWords(rule),
          outcome: "done",
          code: null,
          correlationId,
          count: 1
        }
        const { failedRequests, patterns } = rule ?? noRedaction
        return intake
          .unsafe(
            `select dueline.set_redaction_rule($1::uuid, $2::boolean, array(select json_array_elements_text($3::text::json)), $4::boolean,
              $5::float8::bigint, $6::text, $7::text::json)`,
            [
              tenantId,
              rule !== null,
              JSON.stringify(patterns),
              failedRequests === "keep",
              at,
              actor.id.slice(0, 1_000),
              JSON.stringify(written(entry))
            ]
          )
          .pipe(Effect.asVoid, asking("write what a tenant has struck out"))
      }
    })
  )
)
