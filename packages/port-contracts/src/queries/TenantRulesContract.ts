/** What all RedactionRules and RetentionRules do. Changes are told by the AuditTrail that stands beside them. */
import { EpochMillis, type TenantId } from "@dueline/contracts/Ids"
import { AuditTrail } from "@dueline/contracts/ports/AuditTrail"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import { RedactionRules, type RetentionChange, RetentionRules } from "@dueline/contracts/ports/TenantRules"
import { noRedaction, type Redaction } from "@dueline/contracts/redaction"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { type Harness, judge } from "../Harness.ts"
import * as Sample from "../Sample.ts"

const setRedaction = (tenantId: TenantId, rule: Redaction | null, at = Sample.now) =>
  Effect.flatMap(RedactionRules, (rules) =>
    rules.set({ tenantId, rule, at: EpochMillis.make(at), actor: { kind: "user", id: "somebody" }, correlationId: "c" })
  )

const strict: Redaction = { patterns: ["field:memberNo", 'a "b", {c}\\*'], failedRequests: "drop" }

export const redactionRules = (name: string, harness: Harness<RedactionRules | AuditTrail>): void =>
  judge("RedactionRules", name, harness, (it) => {
    it.effect("a tenant says nothing until it does, and its last word holds until it is taken away", () =>
      Effect.gen(function* () {
        const [tenantId, other] = [Sample.tenantId(), Sample.tenantId()]
        const { of } = yield* RedactionRules
        assert.isNull(yield* of(tenantId))
        yield* setRedaction(tenantId, { ...noRedaction, patterns: ["one"] })
        yield* setRedaction(tenantId, strict, Sample.now + 1)
        assert.deepStrictEqual(yield* of(tenantId), { ...strict, at: Sample.now + 1, by: "somebody" })
        assert.isNull(yield* of(other))
        yield* setRedaction(tenantId, null)
        assert.isNull(yield* of(tenantId))
      })
    )

    it.effect("whoever asks for what has changed gets the last word of each, also that it was taken away", () =>
      Effect.gen(function* () {
        const [tenantId, other] = [Sample.tenantId(), Sample.tenantId()]
        const { changed } = yield* RedactionRules
        const { next } = yield* changed("0")
        yield* setRedaction(tenantId, { ...noRedaction, patterns: ["one"] })
        yield* setRedaction(tenantId, strict)
        yield* setRedaction(other, strict)
        const said = (all: ReadonlyArray<Redaction & { readonly tenantId: TenantId }>) =>
          all.filter((one) => one.tenantId === tenantId || one.tenantId === other)
        const first = yield* changed(next)
        assert.sameDeepMembers(said(first.rules), [
          { tenantId, ...strict },
          { tenantId: other, ...strict }
        ])
        yield* setRedaction(tenantId, null)
        const then = yield* changed(first.next)
        assert.deepInclude(then.rules, { tenantId, ...noRedaction })
        assert.deepInclude((yield* changed("0")).rules, { tenantId: other, ...strict })
      })
    )

    it.effect(
      "each change is in the audit log of its tenant without the patterns, and what changes nothing is not",
      () =>
        Effect.gen(function* () {
          const tenantId = Sample.tenantId()
          yield* setRedaction(tenantId, null)
          yield* setRedaction(tenantId, strict)
          yield* setRedaction(tenantId, strict, Sample.now + 1)
          yield* setRedaction(tenantId, null)
          const { list } = yield* AuditTrail
          const { items } = yield* list({ tenantId, after: null, limit: 10 })
          assert.deepStrictEqual(
            items.map(({ action, actor, resource }) => `${action} ${resource} ${actor.id}`),
            [
              "redaction.set nothing of its own somebody",
              "redaction.set 2 patterns, requests of failed calls dropped somebody"
            ]
          )
        })
    )
  })

/** What all RetentionRules do. Changes are told by the AuditTrail that stands beside them. */
const setRetention = (tenantId: TenantId, rule: RetentionChange["rule"], at = Sample.now) =>
  Effect.flatMap(RetentionRules, (rules) =>
    rules.set({ tenantId, rule, at: EpochMillis.make(at), actor: { kind: "user", id: "somebody" }, correlationId: "c" })
  )

const told = (tenantId: TenantId) =>
  Effect.flatMap(AuditTrail, ({ list }) =>
    Effect.map(list({ tenantId, after: null, limit: 10 }), ({ items }) =>
      items.map(({ action, actor, resource }) => `${action} ${resource} ${actor.id}`)
    )
  )

export const retentionRules = (name: string, harness: Harness<RetentionRules | AuditTrail | Persistence>): void =>
  judge("RetentionRules", name, harness, (it) => {
    it.effect("a tenant says nothing until it does, and its last word holds until it is taken away", () =>
      Effect.gen(function* () {
        const [tenantId, other] = [Sample.tenantId(), Sample.tenantId()]
        const { of } = yield* RetentionRules
        assert.isNull(yield* of(tenantId))
        yield* setRetention(tenantId, { days: 30 })
        yield* setRetention(tenantId, { days: null }, Sample.now + 1)
        assert.deepStrictEqual(yield* of(tenantId), { days: null, at: Sample.now + 1, by: "somebody" })
        assert.isNull(yield* of(other))
        yield* setRetention(tenantId, null)
        assert.isNull(yield* of(tenantId))
      })
    )

    it.effect("each change is in the audit log of its tenant, and what changes nothing is not", () =>
      Effect.gen(function* () {
        const tenantId = Sample.tenantId()
        yield* setRetention(tenantId, null)
        yield* setRetention(tenantId, { days: 30 })
        yield* setRetention(tenantId, { days: 30 }, Sample.now + 1)
        yield* setRetention(tenantId, { days: null })
        yield* setRetention(tenantId, null)
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
