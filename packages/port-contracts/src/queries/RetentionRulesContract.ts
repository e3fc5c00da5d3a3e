/** What all RetentionRules do. Changes are told by the AuditTrail that stands beside them. */
import { EpochMillis, type TenantId } from "@dueline/contracts/Ids"
import { AuditTrail } from "@dueline/contracts/ports/AuditTrail"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import { type RetentionChange, RetentionRules } from "@dueline/contracts/ports/RetentionRules"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { type Harness, judge } from "../Harness.ts"
import * as Sample from "../Sample.ts"

const set = (tenantId: TenantId, rule: RetentionChange["rule"], at = Sample.now) =>
  Effect.flatMap(RetentionRules, (rules) =>
    rules.set({ tenantId, rule, at: EpochMillis.make(at), actor: { kind: "user", id: "somebody" }, correlationId: "c" })
  )

const told = (tenantId: TenantId) =>
  Effect.flatMap(AuditTrail, ({ list }) =>
    Effect.map(list({ tenantId, after: null, limit: 10 }), ({ items }) =>
      items.map(({ action, actor, resource }) => `${action} ${resource} ${actor.id}`)
    )
  )

export const suite = (name: string, harness: Harness<RetentionRules | AuditTrail | Persistence>): void =>
  judge("RetentionRules", name, harness, (it) => {
    it.effect("a tenant says nothing until it does, and its last word holds until it is taken away", () =>
      Effect.gen(function* () {
        const [tenantId, other] = [Sample.tenantId(), Sample.tenantId()]
        const { of } = yield* RetentionRules
        assert.isNull(yield* of(tenantId))
        yield* set(tenantId, { days: 30 })
        yield* set(tenantId, { days: null }, Sample.now + 1)
        assert.deepStrictEqual(yield* of(tenantId), { days: null, at: Sample.now + 1, by: "somebody" })
        assert.isNull(yield* of(other))
        yield* set(tenantId, null)
        assert.isNull(yield* of(tenantId))
      })
    )

    it.effect("each change is in the audit log of its tenant, and what changes nothing is not", () =>
      Effect.gen(function* () {
        const tenantId = Sample.tenantId()
        yield* set(tenantId, null)
        yield* set(tenantId, { days: 30 })
        yield* set(tenantId, { days: 30 }, Sample.now + 1)
        yield* set(tenantId, { days: null })
        yield* set(tenantId, null)
        assert.deepStrictEqual(yield* told(tenantId), [
          "retention.set as the installation somebody",
          "retention.set forever somebody",
          "retention.set 30 days somebody"
        ])
      })
    )

    it.effect("of what has ended before, and of nothing else, it is counted what would be removed", () =>
      Effect.gen(function* () {
        const tenantId = Sample.tenantId()
        const { commit } = yield* Persistence
        const ended = (createdAt: number, endedAt: number | null) =>
          commit([
            Sample.commit(Sample.target(tenantId), {
              row: {
                createdAt: EpochMillis.make(createdAt),
                status: endedAt === null ? "Scheduled" : "Succeeded",
                endedAt: endedAt === null ? null : EpochMillis.make(endedAt),
                ...(endedAt === null ? {} : { wakeAt: null })
              }
            })
          ])
        yield* ended(100, 200)
        yield* ended(100, 900)
        yield* ended(100, null)
        yield* ended(600, 700)
        const { outlived } = yield* RetentionRules
        assert.deepStrictEqual(yield* outlived(tenantId, 500), { calls: 1, ingestions: 0, more: false })
        assert.deepStrictEqual(yield* outlived(tenantId, 901), { calls: 3, ingestions: 0, more: false })
        assert.deepStrictEqual(yield* outlived(Sample.tenantId(), 901), { calls: 0, ingestions: 0, more: false })
      })
    )
  })
