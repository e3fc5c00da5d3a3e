/** Rules of tenants in memory, and counts over the rows of the state. */
import type { AuditTrail } from "@dueline/contracts/ports/AuditTrail"
import {
  outlivedBudget,
  type RetentionRule,
  type RetentionRules,
  retentionAction,
  ruleWords
} from "@dueline/contracts/ports/RetentionRules"
import type { TenantId } from "@dueline/contracts/Ids"
import { Effect } from "effect"
import { type MemoryState, rowsOf } from "./MemoryState.ts"

export const make = (state: MemoryState, { append }: AuditTrail["Service"]): RetentionRules["Service"] => {
  const rules = new Map<TenantId, RetentionRule>()
  return {
    of: (tenantId) => Effect.sync(() => rules.get(tenantId) ?? null),
    set: ({ actor, at, correlationId, rule, tenantId }) =>
      Effect.suspend(() => {
        const before = rules.get(tenantId) ?? null
        if (before === null ? rule === null : before.days === rule?.days) return Effect.void
        if (rule === null) rules.delete(tenantId)
        else rules.set(tenantId, { days: rule.days, at, by: actor.id })
        const what = { tenantId, at, actor, action: retentionAction, resource: ruleWords(rule) }
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
