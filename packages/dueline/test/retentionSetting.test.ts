/** The setting of how long things are kept: what it means, and what is said of one that means nothing. */
import { TenantId } from "@dueline/contracts/Ids"
import { isWithin } from "@dueline/contracts/retention"
import { read } from "@dueline/dueline/Configuration"
import { retentionLimits } from "@dueline/dueline/listSettings"
import { derivedTenantId } from "@dueline/identity/derivedId"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { beforeOf } from "../src/work/Retention.ts"

const id = TenantId.make("11111111-1111-4111-8111-111111111111")
const settings = { DUELINE_RETENTION: "90", DUELINE_RETENTION_LEAST: 1, DUELINE_RECEIPT_HOURS: 168 }
const dayMs = 86_400_000

describe("DUELINE_RETENTION", () => {
  it("is days or forever, with exceptions for tenants by name or id", () => {
    const limitsOf = retentionLimits({ ...settings, DUELINE_RETENTION: `90, acme=forever, ${id}=7` })
    assert.strictEqual(limitsOf(derivedTenantId("other")).most, 90)
    assert.isNull(limitsOf(derivedTenantId("acme")).most)
    assert.strictEqual(limitsOf(id).most, 7)
    assert.isNull(retentionLimits({ ...settings, DUELINE_RETENTION: "forever" })(id).most)
  })

  it("is the most that a tenant may say; the least is longer than answers to commands are kept", () => {
    const limits = (least: number) => retentionLimits({ ...settings, DUELINE_RETENTION_LEAST: least })(id)
    assert.deepStrictEqual(limits(1), { least: 8, most: 90 })
    assert.deepStrictEqual(limits(30), { least: 30, most: 90 })
    assert.deepStrictEqual(limits(365), { least: 90, most: 90 })
    assert.isTrue(isWithin(limits(30), 30))
    assert.isFalse(isWithin(limits(30), 29))
    assert.isFalse(isWithin(limits(30), 91))
    assert.isFalse(isWithin(limits(30), null))
    assert.isTrue(isWithin({ least: 30, most: null }, null))
  })

  it("keeps what ended for a day longer than answers to commands", () => {
    const now = 1_000 * dayMs
    assert.strictEqual(beforeOf(90, 168, now), now - 90 * dayMs)
    assert.strictEqual(beforeOf(1, 168, now), now - 8 * dayMs)
    assert.isNull(beforeOf(null, 168, now))
  })

  it.effect(
    "is refused at the start with what to write instead",
    () =>
      Effect.gen(function* () {
        for (const wrong of [
          "0",
          "-1",
          "1.5",
          "ninety",
          "36501",
          "90, acme",
          "90, acme=",
          "90, =30",
          "90, acme=30=40"
        ]) {
          const { message } = yield* Effect.flip(read({ DUELINE_RETENTION: wrong }))
          assert.include(message, "DUELINE_RETENTION", wrong)
        }
        assert.strictEqual((yield* read({})).DUELINE_RETENTION, "90")
      }),
    { tags: ["ADR-0046.4"] }
  )
})
