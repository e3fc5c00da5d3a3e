/** What tenants want struck out, in memory. */
import type { TenantId } from "@dueline/contracts/Ids"
import type { AuditTrail } from "@dueline/contracts/ports/AuditTrail"
import {
  type RedactionRule,
  type RedactionRules,
  redactionAction,
  ruleWords
} from "@dueline/contracts/ports/RedactionRules"
import { noRedaction } from "@dueline/contracts/redaction"
import { Effect } from "effect"

export const make = ({ append }: AuditTrail["Service"]): RedactionRules["Service"] => {
  const rules = new Map<TenantId, RedactionRule | null>()
  /** Tenants in the order of their changes. */
  const changes: Array<TenantId> = []
  return {
    of: (tenantId) => Effect.sync(() => rules.get(tenantId) ?? null),
    changed: (after) =>
      Effect.sync(() => ({
        rules: [...new Set(changes.slice(Number(after)))].map((tenantId) => {
          const { failedRequests, patterns } = rules.get(tenantId) ?? noRedaction
          return { tenantId, patterns, failedRequests }
        }),
        next: `${changes.length}`
      })),
    set: ({ actor, at, correlationId, rule, tenantId }) =>
      Effect.suspend(() => {
        const before = rules.get(tenantId) ?? null
        const said = (one: typeof rule) => (one === null ? "" : JSON.stringify([one.patterns, one.failedRequests]))
        if (said(before) === said(rule)) return Effect.void
        rules.set(tenantId, rule === null ? null : { ...rule, at, by: actor.id })
        changes.push(tenantId)
        const what = { tenantId, at, actor, action: redactionAction, resource: ruleWords(rule) }
        return append([{ ...what, outcome: "done", code: null, correlationId, count: 1 }])
      })
  }
}
