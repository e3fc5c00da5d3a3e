/** What all ApiKeys do. They read what is committed, so they want the Persistence that writes it. */
import { ApiKeyId } from "@dueline/contracts/apiKey/ApiKey"
import type { EpochMillis } from "@dueline/contracts/Ids"
import { ApiKeys } from "@dueline/contracts/ports/ApiKeys"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import * as OpsSample from "./OpsSample.ts"
import { type Harness, judge } from "../Harness.ts"
import { probes } from "./OpsListProbe.ts"
import * as Sample from "../Sample.ts"

const keyOf = (tenantId = Sample.tenantId()) => probes["api-key"].row(tenantId, {})
const at = (millis: number) => (Sample.now + millis) as EpochMillis

export const suite = (name: string, harness: Harness<ApiKeys | Persistence>): void =>
  judge("ApiKeys", name, harness, (it) => {
    it.effect("a key is found by its id alone, with its tenant; an id that no key has is answered with null", () =>
      Effect.gen(function* () {
        const [one, other] = [keyOf(), keyOf()]
        const customer = OpsSample.customer(Sample.tenantId())
        yield* (yield* Persistence).commit([one, other, customer].map((row) => OpsSample.commit(row)))
        const keys = yield* ApiKeys
        assert.deepStrictEqual(yield* keys.find(one.apiKeyId), one)
        assert.deepStrictEqual(yield* keys.find(other.apiKeyId), other)
        assert.isNull(yield* keys.find(ApiKeyId.make(Sample.uuid())))
        assert.isNull(yield* keys.find(ApiKeyId.make(customer.customerId)))
      })
    )

    it.effect("the latest use of a key is kept, whatever order uses are told in, and shown to its tenant alone", () =>
      Effect.gen(function* () {
        const [one, other] = [keyOf(), keyOf()]
        const unused = keyOf(one.tenantId)
        yield* (yield* Persistence).commit([one, other, unused].map((row) => OpsSample.commit(row)))
        const keys = yield* ApiKeys
        const use = ({ apiKeyId, tenantId }: typeof one, millis: number) => ({ apiKeyId, tenantId, at: at(millis) })
        yield* keys.used([use(one, 5), use(other, 1), use(one, 9), use(one, 7)])
        yield* keys.used([use(one, 8), use(other, 3)])
        const ids = [one, other, unused].map(({ apiKeyId }) => apiKeyId)
        assert.deepStrictEqual(yield* keys.lastUses(one.tenantId, ids), new Map([[one.apiKeyId, at(9)]]))
        assert.deepStrictEqual(yield* keys.lastUses(other.tenantId, ids), new Map([[other.apiKeyId, at(3)]]))
      })
    )

    it.effect("a use of a key that its tenant does not have is dropped", () =>
      Effect.gen(function* () {
        const one = keyOf()
        const stranger = Sample.tenantId()
        yield* (yield* Persistence).commit([OpsSample.commit(one)])
        const keys = yield* ApiKeys
        yield* keys.used([{ tenantId: stranger, apiKeyId: one.apiKeyId, at: at(1) }])
        assert.deepStrictEqual(yield* keys.lastUses(stranger, [one.apiKeyId]), new Map())
      })
    )
  })
