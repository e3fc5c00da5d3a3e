/** What every Persistence does with a commit that requires something of other aggregates, and with one that breaks a rule. */
import { binFits, type BinRow } from "@dueline/contracts/bin/Bin"
import { customerActive } from "@dueline/contracts/customer/Customer"
import { type CustomerId, ServiceCallId } from "@dueline/contracts/Ids"
import { binFree, customerFree } from "@dueline/contracts/order/Order"
import type { Outbox } from "@dueline/contracts/ports/Outbox"
import type { Commit, Persistence } from "@dueline/contracts/ports/Persistence"
import type { Requirement, StoreRule } from "@dueline/contracts/StoreRule"
import { assert, type Vitest } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as OpsSample from "../queries/OpsSample.ts"
import { commit, conflictOf, held, holdNothing, load, outboxOf, ruleOf } from "./PersistenceProbe.ts"
import * as PersistenceRulesModel from "./PersistenceRulesModel.ts"
import { propertyRuns } from "../propertyRuns.ts"
import * as Sample from "../Sample.ts"

type It = Vitest.MethodsNonLive<Persistence>

const { hours } = OpsSample
type Case = readonly [sentence: string, rule: StoreRule | null, of: (at: Held) => Requirement]
type Held = Effect.Success<ReturnType<typeof held>>

const itsCustomerFree = ({ customer }: Held): Requirement => customerFree(customer.customerId)
const itsBinFree = ({ bin }: Held, except: CustomerId | null = null): Requirement => binFree(bin.binId, except)

/** What is required by a commit that has nothing else to do with it. */
const requiring = ({ tenantId }: Held, ...requires: ReadonlyArray<Requirement>): Commit =>
  OpsSample.commit(OpsSample.customer(tenantId), { requires })

const stranger = OpsSample.customerId()

const whileHeld: ReadonlyArray<Case> = [
  ["a customer with an active order is in use", "customer_in_use", itsCustomerFree],
  ["a customer nobody orders for is not in use", null, () => customerFree(OpsSample.customerId())],
  ["a bin with an active order is in use", "bin_in_use", (at) => itsBinFree(at)],
  [
    "a bin whose orders are all of one customer is free apart from that one",
    null,
    (at) => itsBinFree(at, at.customer.customerId)
  ],
  ["a bin with an order of somebody else is in use", "bin_in_use", (at) => itsBinFree(at, stranger)],
  ["a bin that nobody ordered is free", null, () => binFree(OpsSample.binId(), null)]
]

const inUse = (it: It) => {
  it.effect.each(whileHeld)("%s", ([, rule, of]) =>
    Effect.gen(function* () {
      const at = yield* held()
      const asked = requiring(at, of(at))
      if (rule === null) yield* commit(asked)
      else assert.strictEqual(yield* ruleOf(asked), rule)
    })
  )

  it.effect.each(holdNothing)("orders that are %s keep neither bin nor customer in use", (status) =>
    Effect.gen(function* () {
      const at = yield* held({ status })
      yield* commit(requiring(at, itsCustomerFree(at), itsBinFree(at)))
    })
  )

  it.effect("another tenant's orders keep nothing in use, even under the same ids", () =>
    Effect.gen(function* () {
      const at = yield* held()
      const foreign = { ...at, tenantId: Sample.tenantId() }
      yield* commit(requiring(foreign, itsCustomerFree(at), itsBinFree(at)))
    })
  )
}

const unfit: ReadonlyArray<readonly [rule: StoreRule, changes: Partial<BinRow>]> = [
  ["bin_retired", { status: "Retired" }],
  ["bin_in_maintenance", { status: "Maintenance" }],
  ["bin_of_another_customer", { customerId: stranger }]
]

const fitting = (it: It) => {
  it.effect.each(unfit)(
    "%s: an order for such a bin is refused, and one for a bin that fits is not",
    ([rule, changes]) =>
      Effect.gen(function* () {
        const { bin, customer } = OpsSample.yard()
        yield* commit(OpsSample.commit(customer), OpsSample.commit(bin))
        const order = OpsSample.order(bin, customer.customerId)
        yield* commit(OpsSample.placed({ ...order, window: hours(6, 8) }))
        const changed = OpsSample.next(bin, changes)
        yield* commit(OpsSample.commit(changed))
        const later = OpsSample.order(bin, customer.customerId)
        assert.strictEqual(yield* ruleOf(OpsSample.placed(later)), rule)
        const again = OpsSample.next(changed, { status: "Active", customerId: customer.customerId })
        yield* commit(OpsSample.commit(again))
        yield* commit(OpsSample.placed(later))
      })
  )

  it.effect("an order for a customer who was erased is refused", () =>
    Effect.gen(function* () {
      const { bin, customer } = OpsSample.yard()
      yield* commit(OpsSample.commit(customer), OpsSample.commit(bin))
      yield* commit(OpsSample.commit(OpsSample.next(customer, { status: "Erased" })))
      assert.strictEqual(yield* ruleOf(OpsSample.placed(OpsSample.order(bin, customer.customerId))), "customer_erased")
    })
  )

  it.effect("what is not there, or is another tenant's, is missing", () =>
    Effect.gen(function* () {
      const { bin, customer } = OpsSample.yard()
      const foreign = { ...customer, tenantId: Sample.tenantId() }
      yield* commit(OpsSample.commit(foreign), OpsSample.commit({ ...bin, tenantId: foreign.tenantId }))
      const order = OpsSample.order(bin, customer.customerId)
      assert.strictEqual(yield* ruleOf(OpsSample.placed(order)), "customer_missing")
      yield* commit(OpsSample.commit(customer))
      assert.strictEqual(yield* ruleOf(OpsSample.placed(order)), "bin_missing")
      yield* commit(OpsSample.commit(bin))
      const stray = OpsSample.order(bin, OpsSample.customerId(), { window: hours(10, 12) })
      assert.strictEqual(
        yield* ruleOf(OpsSample.placed(order), OpsSample.placed(stray)),
        "customer_missing",
        "one of two in a batch"
      )
      yield* commit(OpsSample.placed(order))
    })
  )

  it.effect("what the batch itself brings counts: it makes an order possible, or impossible", () =>
    Effect.gen(function* () {
      const { bin, customer } = OpsSample.yard()
      const order = OpsSample.placed(OpsSample.order(bin, customer.customerId))
      const retired = OpsSample.commit({ ...bin, status: "Retired" })
      assert.strictEqual(yield* ruleOf(order, OpsSample.commit(customer), retired), "bin_retired")
      yield* commit(order, OpsSample.commit(customer), OpsSample.commit(bin))
    })
  )

  it.effect("an id of another kind of aggregate is neither a customer nor a bin", () =>
    Effect.gen(function* () {
      const { bin, customer, tenantId } = OpsSample.yard()
      yield* commit(OpsSample.commit(customer), OpsSample.commit(bin))
      const asCustomer = { ...customer, customerId: bin.binId as string as typeof customer.customerId }
      const asBin = { ...bin, binId: customer.customerId as string as typeof bin.binId }
      const of = (requires: Requirement) => OpsSample.commit(OpsSample.customer(tenantId), { requires: [requires] })
      assert.strictEqual(yield* ruleOf(of(customerActive(asCustomer.customerId))), "customer_missing")
      assert.strictEqual(yield* ruleOf(of(binFits(asBin.binId, customer.customerId))), "bin_missing")
    })
  )
}

/** A commit with everything that a store keeps, which breaks a rule. */
const broken = (of: Held, key: string, expectedVersion = 0): Commit => {
  const row = OpsSample.customer(of.tenantId, { version: expectedVersion + 1 })
  return OpsSample.commit(row, {
    requires: [itsBinFree(of)],
    sealed: { _tag: "set", value: "key.profile" },
    snapshot: { version: 1, form: 1, state: {} },
    outbox: [Sample.message()],
    receipts: [Sample.receipt({ tenantId: of.tenantId, callId: Sample.callId() }, key)]
  })
}

const refusing = (it: Vitest.MethodsNonLive<Persistence | Outbox>) => {
  it.effect("a batch that breaks a rule leaves nothing behind, neither of who broke it nor of its companions", () =>
    Effect.gen(function* () {
      const at = yield* held()
      const [before, after] = [OpsSample.bin(at.tenantId), OpsSample.order(at.bin, at.customer.customerId)]
      const changed = OpsSample.next(at.bin, { serialNumber: "another" })
      const call = Sample.target(at.tenantId)
      const refused = broken(at, "key")
      const receipts = [Sample.receipt(call, "key-of-the-call")]
      const of = { tenantId: at.tenantId, callId: ServiceCallId.make(refused.streamId) }
      assert.strictEqual(
        yield* ruleOf(
          OpsSample.commit(before),
          OpsSample.commit(changed),
          refused,
          OpsSample.placed({ ...after, window: hours(10, 12) }),
          Sample.commit(call, { receipts, sealed: { _tag: "set", value: "sealed" } })
        ),
        "bin_in_use"
      )
      const nothing = { version: 0, snapshot: null, events: [], sealed: null, receipt: null }
      assert.deepStrictEqual(yield* load(of, { receiptKey: "key", snapshotForm: 1 }), nothing)
      assert.deepStrictEqual(yield* load(call, { receiptKey: "key-of-the-call" }), nothing)
      for (const row of [before, after]) assert.deepStrictEqual(yield* load(OpsSample.target(row)), nothing)
      assert.strictEqual((yield* load(OpsSample.target(at.bin))).version, 1)
      assert.deepStrictEqual(yield* outboxOf(at.tenantId), [])
      // Its serial number and its window are as free as before.
      yield* commit(OpsSample.commit(OpsSample.bin(at.tenantId, { serialNumber: before.serialNumber })))
      assert.strictEqual(
        yield* ruleOf(OpsSample.commit(OpsSample.bin(at.tenantId, { serialNumber: at.bin.serialNumber }))),
        "serial_taken"
      )
      yield* commit(at.another({ window: hours(10, 12) }))
    })
  )

  it.effect("a version or a receipt in the way comes before any rule", () =>
    Effect.gen(function* () {
      const at = yield* held()
      const taken = Sample.target(at.tenantId)
      yield* commit(Sample.commit(taken, { receipts: [Sample.receipt(taken, "taken")] }))
      assert.strictEqual(yield* conflictOf(broken(at, "key", 3)), "version")
      assert.strictEqual(yield* conflictOf(broken(at, "taken")), "receipt")
      assert.strictEqual(yield* conflictOf(broken(at, "key"), Sample.commit(taken, { expectedVersion: 7 })), "version")
      const twin = OpsSample.bin(at.tenantId, { serialNumber: at.bin.serialNumber, version: 3 })
      assert.strictEqual(yield* conflictOf(OpsSample.commit(twin)), "version", "and a serial number")
      const receipts = [Sample.receipt(taken, "taken")]
      const late = { ...at.another(), receipts }
      assert.strictEqual(yield* conflictOf(late), "receipt", "and a window")
      assert.strictEqual(yield* ruleOf(broken(at, "key")), "bin_in_use")
    })
  )
}

export const requirements = (it: Vitest.MethodsNonLive<Persistence | Outbox>): void => {
  inUse(it)
  fitting(it)
  refusing(it)
  it.effect.prop(
    "whatever is asked of bins, orders and customers, the same is accepted and refused as by the model, for the same reason",
    { steps: PersistenceRulesModel.Steps, prepared: Schema.Boolean },
    ({ prepared, steps }) =>
      Effect.map(PersistenceRulesModel.agrees(steps, prepared), (model) =>
        assert.deepStrictEqual(PersistenceRulesModel.overlapping(model), [])
      ),
    { arbitrary: propertyRuns, timeout: 60_000 }
  )
}
