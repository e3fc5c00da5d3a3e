/** Whatever is asked of customers, bins, orders and calls at once, and of however many writers: the rules between them hold. */
import { assert, it } from "@effect/vitest"
import { type Command, streamIdOf } from "@dueline/contracts/kinds"
import { OrderWindowTaken } from "@dueline/contracts/order/Order"
import { propertyRunsTimes } from "@dueline/port-contracts/propertyRuns"
import { Effect, Schema } from "effect"
import { FaultyStore } from "./FaultyStore.ts"
import * as Field from "./FieldSample.ts"
import { envelope } from "./FieldSample.ts"
import * as Call from "./ServiceCallSample.ts"
import { askAll, assertRules, overlap, rowsIn, said, type Told, writersOn } from "./WritersUnderTest.ts"
import { streamsIn } from "./WriterUnderTest.ts"

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))
const batchLimit = Schema.Literals([1, 3, 256])

const Window = Schema.Struct({ from: between(0, 40), length: between(1, 6) })
const Windows = Schema.Array(Window).check(Schema.isMinLength(2), Schema.isMaxLength(100))

it.effect.prop(
  "of orders for overlapping windows of one bin no two are accepted, and none is refused without a reason",
  { windows: Windows, batchLimit },
  ({ batchLimit, windows }) =>
    Effect.gen(function* () {
      const store = new FaultyStore()
      const writers = yield* writersOn(store, { batchLimit })
      yield* askAll(writers, [envelope(Field.register()), envelope(Field.createBin())])
      const wanted = windows.map(({ from, length }, i) => {
        const window = Field.hours(from, from + length)
        return envelope(Field.createOrder({ orderId: Field.order(i + 1), window, schedule: true }))
      })
      const told = yield* askAll(writers, wanted)
      assertRules(store)
      const held = rowsIn(store).orders.flatMap(({ window }) => window ?? [])
      for (const [i, { command }] of wanted.entries()) {
        if (command._tag !== "CreateOrder" || command.window === null) continue
        const answer = told[i] ?? null
        if (said(answer) === "OrderAccepted 2") continue
        const { orderId, window } = command
        assert.deepStrictEqual<unknown>(answer, new OrderWindowTaken({ orderId, binId: Field.binId, window }))
        assert.isTrue(
          held.some((other) => overlap(window, other)),
          "somebody holds a part of it"
        )
      }
      assert.lengthOf(held, told.filter((answer) => said(answer) === "OrderAccepted 2").length)
    }),
  { arbitrary: { ...propertyRunsTimes(0.3), size: 100 } }
)

/** Two customers, two bins, four orders, two calls; most of what is asked meets a state it does not fit. */
const Ask = Schema.Struct({
  what: between(0, 17),
  n: between(1, 2),
  m: between(1, 2),
  from: between(8, 11),
  order: between(1, 4)
})
const Asks = Schema.Array(Ask).check(Schema.isMinLength(1), Schema.isMaxLength(40))

const commandOf = ({ from, m, n, order, what }: typeof Ask.Type): Command => {
  const [customerId, binId, orderId] = [Field.customer(n), Field.bin(m), Field.order(order)]
  const window = Field.hours(from, from + 2)
  const terms = Field.terms({ customerId, binId })
  const bin = Field.description({ serialNumber: `S-${n}`, customerId: from === 8 ? customerId : null })
  const kinds: ReadonlyArray<() => Command> = [
    () => Field.register({ customerId }),
    () => Field.register({ customerId }),
    () => Field.updateCustomer({ customerId }),
    () => (from === 8 ? Field.erase({ customerId }) : Field.register({ customerId })),
    () => Field.createBin({ binId, bin }),
    () => Field.createBin({ binId, bin }),
    () => Field.updateBin({ customerId, serialNumber: `S-${n}` }, { binId }),
    () => Field.updateBin({ status: from === 8 ? "Maintenance" : "Active", customerId: null }, { binId }),
    () => (from === 8 ? Field.retire({ binId }) : Field.updateBin({ customerId: null }, { binId })),
    () => Field.createOrder({ orderId, terms, window, schedule: true }),
    () => Field.createOrder({ orderId, terms, window, schedule: true }),
    () => Field.createOrder({ orderId, terms, window }),
    () => ({ ...Field.schedule(from === 8 ? null : window), orderId }),
    () => Field.move(window, { orderId }),
    () => (from < 10 ? Field.cancelOrder({ orderId }) : { ...Field.confirm, orderId }),
    () => ({ ...Field.complete, orderId }),
    () => Call.submit({ callId: Call.call(n) }),
    () => Call.cancel({ callId: Call.call(n) })
  ]
  return (kinds[what] ?? kinds[0] ?? Field.register)()
}

it.effect.prop(
  "commands of every kind, asked of one writer or two at once, leave every rule whole and everybody answered",
  { asks: Asks, batchLimit, two: Schema.Boolean },
  ({ asks, batchLimit, two }) =>
    Effect.gen(function* () {
      const store = new FaultyStore()
      const [one, other] = [yield* writersOn(store, { batchLimit }), yield* writersOn(store, { cacheLimit: 1 })]
      const envelopes = asks.map((one, i) => envelope(commandOf(one), i % 3 === 0 ? { key: `k${i}` } : {}))
      const shares = [0, 1].map((turn) =>
        envelopes.filter((_, i) => !two || i % 2 === turn).slice(two || turn === 0 ? 0 : Infinity)
      )
      const told = yield* Effect.forEach(shares, (share, i) => askAll(i === 0 ? one : other, share), {
        concurrency: 2
      })
      streamsIn(store)
      assertRules(store)
      const heard = told.flat().map((answer) => said(answer))
      assert.notInclude(heard, "defect")
      assert.notInclude(heard, "StoreUnavailable")
      assertDurable(store, shares.flat(), told.flat())
    }),
  { arbitrary: { ...propertyRunsTimes(1), size: 100 } }
)

/** Who was accepted finds it in the store, and a refusal has left nothing under its key. */
const assertDurable = (
  store: FaultyStore,
  envelopes: ReadonlyArray<ReturnType<typeof envelope>>,
  told: ReadonlyArray<Told>
): void => {
  const streams = streamsIn(store)
  const keys = new Set(store.memory.dump().receipts.map(({ receipt }) => receipt.key))
  for (const [i, { command, idempotency }] of envelopes.entries()) {
    const answer = told[i] ?? null
    const accepted = answer !== null && "outcome" in answer
    if (accepted) assert.isAtLeast(streams[streamIdOf(command)]?.length ?? 0, answer.version)
    if (idempotency !== null) assert.strictEqual(keys.has(idempotency.key), accepted)
  }
}
