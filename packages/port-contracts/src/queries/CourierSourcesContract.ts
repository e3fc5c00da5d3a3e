/** What all CourierSources do. They read what is committed, so they want the Persistence that writes it. */
import { CourierSourceId } from "@dueline/contracts/courierSource/CourierSource"
import { CourierSources } from "@dueline/contracts/ports/CourierSources"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import * as OpsSample from "./OpsSample.ts"
import { type Harness, judge } from "../Harness.ts"
import { probes } from "./OpsListProbe.ts"
import * as Sample from "../Sample.ts"

const source = () => probes["courier-source"].row(Sample.tenantId(), {})

export const suite = (name: string, harness: Harness<CourierSources | Persistence>): void =>
  judge("CourierSources", name, harness, (it) => {
    it.effect("a source is found by its id alone, with its tenant and what is sealed of it", () =>
      Effect.gen(function* () {
        const [one, other] = [source(), source()]
        yield* (yield* Persistence).commit([
          OpsSample.commit(one, { sealed: { _tag: "set", value: "a:v1.key.text,b:v1.key.other" } }),
          OpsSample.commit(other)
        ])
        const sources = yield* CourierSources
        const found = yield* sources.find(one.courierSourceId)
        assert.deepStrictEqual(found, { row: one, sealed: "a:v1.key.text,b:v1.key.other" })
        assert.deepStrictEqual(yield* sources.find(other.courierSourceId), { row: other, sealed: null })
      })
    )

    it.effect("an id that no source has is answered with null, be it one of another kind", () =>
      Effect.gen(function* () {
        const customer = OpsSample.customer(Sample.tenantId())
        yield* (yield* Persistence).commit([OpsSample.commit(customer)])
        const sources = yield* CourierSources
        assert.isNull(yield* sources.find(CourierSourceId.make(Sample.uuid())))
        assert.isNull(yield* sources.find(CourierSourceId.make(customer.customerId)))
      })
    )
  })
