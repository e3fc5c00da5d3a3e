/** What all RedactionRules do. Changes are told by the AuditTrail that stands beside them. */
import { EpochMillis, type TenantId } from "@dueline/contracts/Ids"
import { AuditTrail } from "@dueline/contracts/ports/AuditTrail"
import { RedactionRules } from "@dueline/contracts/ports/RedactionRules"
import { noRedaction, type Redaction } from "@dueline/contracts/redaction"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { type Harness, judge } from "../Harness.ts"
import * as Sample from "../Sample.ts"

const set = (tenantId: TenantId, rule: Redaction | null, at = Sample.now) =>
  Effect.flatMap(RedactionRules, (rules) =>
    rules.set({ tenantId, rule, at: EpochMillis.make(at), actor: { kind: "user", id: "somebody" }, correlationId: "c" })
  )

const strict: Redaction = { patterns: ["field:memberNo", 'a "b", {c}\\*'], failedRequests: "drop" }

export const suite = (name: string, harness: Harness<RedactionRules | AuditTrail>): void =>
  judge("RedactionRules", name, harness, (it) => {
    it.effect("a tenant says nothing until it does, and its last word holds until it is taken away", () =>
      Effect.gen(function* () {
        const [tenantId, other] = [Sample.tenantId(), Sample.tenantId()]
        const { of } = yield* RedactionRules
        assert.isNull(yield* of(tenantId))
        yield* set(tenantId, { ...noRedaction, patterns: ["one"] })
        yield* set(tenantId, strict, Sample.now + 1)
        assert.deepStrictEqual(yield* of(tenantId), { ...strict, at: Sample.now + 1, by: "somebody" })
        assert.isNull(yield* of(other))
        yield* set(tenantId, null)
        assert.isNull(yield* of(tenantId))
      })
    )

    it.effect("whoever asks for what has changed gets the last word of each, also that it was taken away", () =>
      Effect.gen(function* () {
        const [tenantId, other] = [Sample.tenantId(), Sample.tenantId()]
        const { changed } = yield* RedactionRules
        const { next } = yield* changed("0")
        yield* set(tenantId, { ...noRedaction, patterns: ["one"] })
        yield* set(tenantId, strict)
        yield* set(other, strict)
        const said = (all: ReadonlyArray<Redaction & { readonly tenantId: TenantId }>) =>
          all.filter((one) => one.tenantId === tenantId || one.tenantId === other)
        const first = yield* changed(next)
        assert.sameDeepMembers(said(first.rules), [
          { tenantId, ...strict },
          { tenantId: other, ...strict }
        ])
        yield* set(tenantId, null)
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
          yield* set(tenantId, null)
          yield* set(tenantId, strict)
          yield* set(tenantId, strict, Sample.now + 1)
          yield* set(tenantId, null)
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
