/** What customers, bins and orders forbid each other, asked of all writers at once: somebody wins, and everybody else is told why not. */
import { assert, describe, it } from "@effect/vitest"
import { OrderWindowTaken } from "@dueline/contracts/order/Order"
import { Effect } from "effect"
import { FaultyStore } from "./FaultyStore.ts"
import * as Field from "./FieldSample.ts"
import { envelope, hours } from "./FieldSample.ts"
import { askAll, askOne, assertRules, rowsIn, said, writersOn } from "./WritersUnderTest.ts"

/** A customer and a bin that fit each other, and the writers that know them. */
const begin = Effect.fnUntraced(function* (options: Parameters<typeof writersOn>[1] = {}) {
  const store = new FaultyStore()
  const writers = yield* writersOn(store, options)
  const there = [Field.register(), Field.createBin()].map((command) => envelope(command))
  assert.deepStrictEqual((yield* askAll(writers, there)).map(said), ["CustomerAccepted 1", "BinAccepted 1"])
  return { store, writers }
})

const order = (n: number, window = hours(8, 10)) =>
  Field.createOrder({ orderId: Field.order(n), window, schedule: true })

describe("of those who want the same", () => {
  for (const batchLimit of [1, 256]) {
    it.effect(`one gets the window and the others are told which it was, in batches of ${batchLimit}`, () =>
      Effect.gen(function* () {
        const { store, writers } = yield* begin({ batchLimit })
        const told = yield* askAll(
          writers,
          Array.from({ length: 100 }, (_, i) => envelope(order(i + 1)))
        )
        assert.strictEqual(said(told[0] ?? null), "OrderAccepted 2")
        const losers = told.slice(1).map((answer, i) => [answer, i + 2] as const)
        for (const [answer, n] of losers) {
          const { binId } = Field
          const taken = new OrderWindowTaken({ orderId: Field.order(n), binId, window: hours(8, 10) })
          assert.deepStrictEqual<unknown>(answer, taken)
        }
        assert.lengthOf(rowsIn(store).orders, 1)
        assert.lengthOf(store.memory.dump().events, 4, "nothing is stored of those who came too late")
      })
    )
  }

  it.effect("one gets the serial number, also when it was that of a retired bin", () =>
    Effect.gen(function* () {
      const { store, writers } = yield* begin()
      const bins = [2, 3].map((n) =>
        Field.createBin({ binId: Field.bin(n), bin: Field.description({ serialNumber: "S" }) })
      )
      const told = yield* askAll(writers, [...bins.map((command) => envelope(command)), envelope(Field.retire())])
      assert.deepStrictEqual(told.map(said), ["BinAccepted 1", "SerialNumberTaken", "BinAccepted 2"])
      const renamed = { binId: Field.bin(2) }
      assert.strictEqual(
        said(yield* askOne(writers, envelope(Field.updateBin({ serialNumber: "SN-1" }, renamed)))),
        "SerialNumberTaken",
        "a retired bin keeps its number"
      )
      assert.strictEqual(
        said(yield* askOne(writers, envelope(Field.updateBin({ sizeLitres: 1_000 }, renamed)))),
        "BinAccepted 2"
      )
      assertRules(store)
    })
  )

  it.effect("either the order is made or the customer is erased, and the other is told", () =>
    Effect.gen(function* () {
      const { store, writers } = yield* begin()
      const [made, erased] = yield* askAll(writers, [envelope(order(1)), envelope(Field.erase())])
      const outcomes = [said(made ?? null), said(erased ?? null)]
      assert.include(
        [
          ["OrderAccepted 2", "CustomerInUse"],
          ["OrderCustomerUnfit", "CustomerAccepted 2"]
        ].map(String),
        String(outcomes)
      )
      assertRules(store)
      yield* askOne(writers, envelope(Field.cancelOrder({ orderId: Field.order(1) })))
      yield* askOne(writers, envelope(Field.erase()))
      assert.deepInclude(yield* askOne(writers, envelope(order(2))), { _tag: "OrderCustomerUnfit", reason: "erased" })
      assert.deepStrictEqual(store.memory.dump().sealed, {}, "nothing is left of the profile")
    })
  )

  it.effect("either the order is made or the bin is retired, and the other is told", () =>
    Effect.gen(function* () {
      const { store, writers } = yield* begin()
      const told = yield* askAll(writers, [envelope(order(1)), envelope(Field.retire())])
      assert.include(["OrderAccepted 2,BinInUse", "OrderBinUnfit,BinAccepted 2"], told.map(said).join())
      assertRules(store)
      yield* askOne(writers, envelope(Field.cancelOrder({ orderId: Field.order(1) })))
      yield* askOne(writers, envelope(Field.retire()))
      assert.deepInclude(yield* askOne(writers, envelope(order(2))), { _tag: "OrderBinUnfit", reason: "retired" })
    })
  )
})

describe("an order", () => {
  it.effect("needs a customer and a bin that are there, in service, and for each other", () =>
    Effect.gen(function* () {
      const { writers } = yield* begin()
      const other = Field.customer(2)
      const terms = [
        Field.terms({ customerId: Field.customer(9) }),
        Field.terms({ binId: Field.bin(9) }),
        Field.terms({ customerId: other })
      ]
      yield* askAll(writers, [
        envelope(Field.register({ customerId: other })),
        envelope(Field.updateBin({ customerId: Field.customerId }))
      ])
      const reasons: Array<unknown> = []
      for (const [i, wanted] of terms.entries()) {
        const told = yield* askOne(writers, envelope(Field.createOrder({ orderId: Field.order(i + 1), terms: wanted })))
        reasons.push(told !== null && "reason" in told ? told.reason : told)
      }
      assert.deepStrictEqual(reasons, ["not_found", "not_found", "of_another_customer"])
      yield* askOne(writers, envelope(Field.updateBin({ status: "Maintenance" })))
      const told = yield* askOne(writers, envelope(Field.createOrder()))
      assert.deepInclude(told, { _tag: "OrderBinUnfit", reason: "in_maintenance" })
    })
  )

  it.effect("gives its window back when it is moved, cancelled or completed, and not when it is confirmed", () =>
    Effect.gen(function* () {
      const { store, writers } = yield* begin()
      const heard: Array<string> = []
      const asks = [
        ...[order(1), Field.confirm, order(2), Field.move(hours(10, 12)), order(2), order(3, hours(11, 12))],
        ...[{ ...Field.complete }, order(3, hours(11, 12)), Field.cancelOrder({ orderId: Field.order(2) }), order(4)]
      ]
      for (const command of asks) heard.push(said(yield* askOne(writers, envelope(command))))
      assert.deepStrictEqual(heard, [
        ...["OrderAccepted 2", "OrderAccepted 3", "OrderWindowTaken", "OrderAccepted 4", "OrderAccepted 2"],
        ...["OrderWindowTaken", "OrderAccepted 6", "OrderAccepted 2", "OrderAccepted 3", "OrderAccepted 2"]
      ])
      assertRules(store)
    })
  )

  it.effect("that is cancelled in the same instant was never scheduled for a window that was taken", () =>
    Effect.gen(function* () {
      const { store, writers } = yield* begin()
      yield* askOne(writers, envelope(order(1)))
      const asks = [order(2), Field.cancelOrder({ orderId: Field.order(2) })].map((command) => envelope(command))
      assert.deepStrictEqual((yield* askAll(writers, asks)).map(said), ["OrderWindowTaken", "OrderNotFound"])
      const there = [order(3, hours(12, 13)), Field.move(hours(9, 11), { orderId: Field.order(3) })]
      const back = Field.move(hours(12, 14), { orderId: Field.order(3) })
      const told = yield* askAll(
        writers,
        [...there, back].map((command) => envelope(command))
      )
      assert.deepStrictEqual(told.map(said), ["OrderAccepted 2", "OrderWindowTaken", "OrderAccepted 3"])
      assertRules(store)
    })
  )

  it.effect("whose acknowledgement was lost does not stand in its own way", () =>
    Effect.gen(function* () {
      const { store, writers } = yield* begin()
      store.commitFaults.push("after")
      assert.strictEqual(said(yield* askOne(writers, envelope(order(1)))), "OrderAccepted 2")
      store.commitFaults.push("after")
      assert.strictEqual(
        said(yield* askOne(writers, envelope(order(2, hours(10, 11)), { key: "k" }))),
        "OrderAccepted 2 replayed"
      )
    })
  )
})

describe("a rule that is broken", () => {
  it.effect(
    "burns no key: the same request succeeds once the way is free, and is then answered again",
    () =>
      Effect.gen(function* () {
        const { store, writers } = yield* begin()
        yield* askOne(writers, envelope(order(1)))
        const wanted = () => askOne(writers, envelope(order(2), { key: "k1" }))
        assert.strictEqual(said(yield* wanted()), "OrderWindowTaken")
        assert.strictEqual(said(yield* wanted()), "OrderWindowTaken")
        assert.deepStrictEqual(store.memory.dump().receipts, [])
        yield* askOne(writers, envelope(Field.cancelOrder({ orderId: Field.order(1) })))
        assert.strictEqual(said(yield* wanted()), "OrderAccepted 2")
        assert.strictEqual(said(yield* wanted()), "OrderAccepted 2 replayed")
        assert.strictEqual(said(yield* askOne(writers, envelope(order(3), { key: "k1" }))), "IdempotencyKeyReused")
      }),
    { tags: ["ADR-0006.1", "ADR-0006.2"] }
  )

  it.effect(
    "by one command of a batch does not sink its neighbours",
    () =>
      Effect.gen(function* () {
        const { store, writers } = yield* begin()
        const asks = [order(1), order(2), order(3, hours(10, 12)), order(4, hours(11, 13)), order(5, hours(13, 14))]
        const told = yield* askAll(
          writers,
          asks.map((command, i) => envelope(command, { key: `k${i}` }))
        )
        assert.deepStrictEqual(told.map(said), [
          ...["OrderAccepted 2", "OrderWindowTaken", "OrderAccepted 2", "OrderWindowTaken", "OrderAccepted 2"]
        ])
        assert.lengthOf(store.memory.dump().receipts, 3)
        assertRules(store)
      }),
    { tags: ["ADR-0021.3"] }
  )

  it.effect("costs those who come later no look at the store", () =>
    Effect.gen(function* () {
      const { store, writers } = yield* begin()
      for (const n of [1, 2]) yield* askOne(writers, envelope(order(n), { key: `k${n}` }))
      const { loads } = store
      yield* askOne(writers, envelope(order(3, hours(10, 11)), { key: "k3" }))
      assert.strictEqual(store.loads, loads)
    })
  )
})
