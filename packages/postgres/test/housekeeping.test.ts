/** What is forgotten in time. */
import { Persistence } from "@dueline/contracts/ports/Persistence"
import * as Sample from "@dueline/port-contracts/Sample"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import { forgetExpired } from "@dueline/postgres/write/Receipts"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"

const layer = PostgresPersistence.layer.pipe(Layer.provideMerge(TestDatabase.layer))

it.layer(layer, { excludeTestServices: true, timeout: "60 seconds" })("housekeeping", (it) => {
  it.effect("expired receipts are forgotten a bounded number at a time, living ones never", () =>
    Effect.gen(function* () {
      const store = yield* Persistence
      const calls = Array.from({ length: 25 }, () => Sample.target())
      const expiry = (index: number) => Sample.now + (index < 20 ? 0 : 1)
      yield* store.commit(
        calls.map((call, index) =>
          Sample.commit(call, { receipts: [{ ...Sample.receipt(call, "key"), expiresAt: expiry(index) }] })
        )
      )
      const rounds = [15, 15, 15].map((limit) => forgetExpired({ now: Sample.now, limit }))
      assert.deepStrictEqual(yield* Effect.all(rounds), [15, 5, 0])
      const slices = yield* store.load(calls.map((call) => Sample.loadRequest(call, { receiptKey: "key" })))
      assert.deepStrictEqual(
        slices.map(({ receipt }) => receipt !== null),
        calls.map((_, index) => index >= 20)
      )
    })
  )
})
