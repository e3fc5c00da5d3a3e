/** What tenants say of what is kept of theirs, in memory: what is struck out, and for how long the rest stays. */
import type { TenantId } from "@dueline/contracts/Ids"
import type { AuditTrail } from "@dueline/contracts/ports/AuditTrail"
import {
  outlivedBudget,
  redactionAction,
  type RedactionRule,
  type RedactionRules,
  redactionWords,
  retentionAction,
  type RetentionRule,
  type RetentionRules,
  retentionWords
} from "@dueline/contracts/ports/TenantRules"
import { noRedaction } from "@dueline/contracts/redaction"
import { Effect } from "effect"
import { type MemoryState, rowsOf } from "./MemoryState.ts"

export const redactionRules = ({ append }: AuditTrail["Service"]): RedactionRules["Service"] => {
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
        const what = { tenantId, at, actor, action: redactionAction, resource: redactionWords(rule) }
        return append([{ ...what, outcome: "done", code: null, correlationId, count: 1 }])
      })
  }
}

/** Rules of tenants in memory, and counts over the rows of the state. */
export const retentionRules = (state: MemoryState, { append }: AuditTrail["Service"]): RetentionRules["Service"] => {
  const rules = new Map<TenantId, RetentionRule>()
  return {
    of: (tenantId) => Effect.sync(() => rules.get(tenantId) ?? null),
    set: ({ actor, at, correlationId, rule, tenantId }) =>
      Effect.suspend(() => {
        const before = rules.get(tenantId) ?? null
        if (before === null ? rule === null : before.days === rule?.days) return Effect.void
        if (rule === null) rules.delete(tenantId)
        else rules.set(tenantId, { days: rule.days, at, by: actor.id })
        const what = { tenantId, at, actor, action: retentionAction, resource: retentionWords(rule) }
        return append([{ ...what, outcome: "done", code: null, correlationId, count: 1 }])
      }),
    outlived: (tenantId, before) =>
      Effect.sync(() => {
        const old = rowsOf(state, "service-call").filter((row) => row.tenantId === tenantId && row.createdAt < before)
        const calls = old.filter(({ endedAt }) => endedAt !== null && endedAt < before).length
        return { calls, ingestions: 0, more: old.length >= outlivedBudget }
      })
  }
}
