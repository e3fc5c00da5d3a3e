/** The rules between aggregates, small enough to be obviously right, and the steps that are taken on them and on a real store. */
import type { BinRow } from "@dueline/contracts/bin/Bin"
import type { CustomerRow } from "@dueline/contracts/customer/Customer"
import { binFree, customerFree, type OrderRow } from "@dueline/contracts/order/Order"
import { type Commit, Persistence } from "@dueline/contracts/ports/Persistence"
import type { StoreRule } from "@dueline/contracts/StoreRule"
import { assert } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import * as OpsSample from "../queries/OpsSample.ts"
import * as Sample from "../Sample.ts"

const index = (count: number) => Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: count - 1 }))
const [customers, bins, orders] = [2, 2, 6]

const CustomerStep = Schema.TaggedStruct("Customer", {
  customer: index(customers),
  status: Schema.Literals(["Active", "Active", "Active", "Erased"])
})
const BinStep = Schema.TaggedStruct("Bin", {
  bin: index(bins),
  status: Schema.Literals(["Active", "Active", "Active", "Active", "Maintenance", "Retired"]),
  keptFor: Schema.NullOr(index(customers)),
  serial: index(3)
})
const OrderStep = Schema.TaggedStruct("Order", {
  order: index(orders),
  status: Schema.Literals(["Scheduled", "Scheduled", "Confirmed", "Draft", "Cancelled", "Completed"]),
  from: index(8),
  length: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 3 }))
})

/** Few of everything, a short day and mostly orders, so that nearly every step meets something. */
export const Steps = Schema.Array(
  Schema.Union([OrderStep, OrderStep, OrderStep, OrderStep, BinStep, CustomerStep])
).check(Schema.isMinLength(10), Schema.isMaxLength(40))
type Step = (typeof Steps.Type)[number]

interface Model {
  readonly customers: Map<string, CustomerRow>
  readonly bins: Map<string, BinRow>
  readonly orders: Map<string, OrderRow>
}

const isActive = ({ status }: OrderRow): boolean => status === "Scheduled" || status === "Confirmed"

const overlaps = (a: OrderRow, b: OrderRow): boolean =>
  a.window !== null && b.window !== null && a.window.from < b.window.to && b.window.from < a.window.to

const ruleOfOrder = (model: Model, row: OrderRow): StoreRule | null => {
  const others = [...model.orders.values()].filter(({ orderId }) => orderId !== row.orderId)
  const taken = others.some((other) => other.binId === row.binId && isActive(other) && overlaps(other, row))
  if (isActive(row) && taken) return "window_taken"
  const [customer, bin] = [model.customers.get(row.customerId), model.bins.get(row.binId)]
  if (customer === undefined) return "customer_missing"
  if (customer.status === "Erased") return "customer_erased"
  if (bin === undefined) return "bin_missing"
  if (bin.status === "Retired") return "bin_retired"
  if (bin.status === "Maintenance") return "bin_in_maintenance"
  return bin.customerId === null || bin.customerId === row.customerId ? null : "bin_of_another_customer"
}

/** A bin that retires must be free; one that is given to a customer, free of the orders of others. */
const ruleOfBin = (model: Model, row: BinRow): StoreRule | null => {
  const others = [...model.bins.values()].filter(({ binId }) => binId !== row.binId)
  if (others.some(({ serialNumber }) => serialNumber === row.serialNumber)) return "serial_taken"
  const holding = [...model.orders.values()].filter((order) => order.binId === row.binId && isActive(order))
  if (row.status === "Retired") return holding.length > 0 ? "bin_in_use" : null
  const foreign = holding.some(({ customerId }) => customerId !== row.customerId)
  return row.customerId !== null && foreign ? "bin_in_use" : null
}

const ruleOfCustomer = (model: Model, row: CustomerRow): StoreRule | null => {
  const ordering = [...model.orders.values()].some((order) => order.customerId === row.customerId && isActive(order))
  return row.status === "Erased" && ordering ? "customer_in_use" : null
}

interface Move {
  readonly commit: Commit
  readonly rule: StoreRule | null
  readonly keep: () => void
}

/** The ids that the steps of one run are about; order n is of customer n % 2 and bin n % 2, or crosswise from the fifth on. */
const cast = () => {
  const tenantId = Sample.tenantId()
  const yard = {
    customers: Array.from({ length: customers }, () => OpsSample.customer(tenantId)),
    bins: Array.from({ length: bins }, () => OpsSample.bin(tenantId))
  }
  const at = <A>(all: ReadonlyArray<A>, n: number): A => all[n % all.length] ?? assert.fail("nobody in the cast")
  const orderOf = (n: number) => OpsSample.order(at(yard.bins, n), at(yard.customers, n < 4 ? n : n + 1).customerId)
  const ordered = Array.from({ length: orders }, (_, n) => orderOf(n))
  return {
    tenantId,
    customer: (n: number) => at(yard.customers, n),
    bin: (n: number) => at(yard.bins, n),
    order: (n: number) => at(ordered, n)
  }
}

const versionOf = (row: { readonly version: number } | undefined) => ({ version: (row?.version ?? 0) + 1 })

const moveOf = (model: Model, actors: ReturnType<typeof cast>, step: Step): Move => {
  switch (step._tag) {
    case "Customer": {
      const { customerId } = actors.customer(step.customer)
      const changes = { ...versionOf(model.customers.get(customerId)), status: step.status }
      const row: CustomerRow = { ...actors.customer(step.customer), ...changes }
      const requires = row.status === "Erased" ? [customerFree(customerId)] : []
      const keep = () => void model.customers.set(customerId, row)
      return { commit: OpsSample.commit(row, { requires }), rule: ruleOfCustomer(model, row), keep }
    }
    case "Bin": {
      const { binId } = actors.bin(step.bin)
      const customerId = step.keptFor === null ? null : actors.customer(step.keptFor).customerId
      const serialNumber = `SN-${step.serial}`
      const changes = { ...versionOf(model.bins.get(binId)), status: step.status, customerId, serialNumber }
      const row: BinRow = { ...actors.bin(step.bin), ...changes }
      const except = row.status === "Retired" ? null : customerId
      const judged = row.status === "Retired" || customerId !== null
      const requires = judged ? [binFree(binId, except)] : []
      const keep = () => void model.bins.set(binId, row)
      return { commit: OpsSample.commit(row, { requires }), rule: ruleOfBin(model, row), keep }
    }
    case "Order": {
      const { orderId } = actors.order(step.order)
      const window = OpsSample.hours(step.from, step.from + step.length)
      const changes = { ...versionOf(model.orders.get(orderId)), status: step.status, window }
      const row: OrderRow = { ...actors.order(step.order), ...changes }
      const keep = () => void model.orders.set(orderId, row)
      return { commit: OpsSample.placed(row), rule: ruleOfOrder(model, row), keep }
    }
  }
}

const answerOf = (commit: Commit) =>
  Effect.flatMap(Persistence, (store) => store.commit([commit])).pipe(
    Effect.result,
    Effect.map((result) =>
      Result.isSuccess(result) ? null : result.failure._tag === "RuleBroken" ? result.failure.rule : result.failure._tag
    )
  )

const all: ReadonlyArray<Step> = [
  { _tag: "Customer", customer: 0, status: "Active" },
  { _tag: "Customer", customer: 1, status: "Active" },
  { _tag: "Bin", bin: 0, status: "Active", keptFor: null, serial: 0 },
  { _tag: "Bin", bin: 1, status: "Active", keptFor: null, serial: 1 }
]

/** Takes every step on the model and on the store; both accept the same ones, and give the same reason for the others. */
export const agrees = Effect.fnUntraced(function* (steps: ReadonlyArray<Step>, prepared: boolean) {
  const actors = cast()
  const model: Model = { customers: new Map(), bins: new Map(), orders: new Map() }
  for (const step of prepared ? [...all, ...steps] : steps) {
    const { commit, keep, rule } = moveOf(model, actors, step)
    assert.strictEqual(yield* answerOf(commit), rule, JSON.stringify(step))
    if (rule === null) keep()
  }
  return model
})

/** Accepted orders of one bin never overlap. */
export const overlapping = ({ orders }: Model): ReadonlyArray<OrderRow> => {
  const holding = [...orders.values()].filter(isActive)
  return holding.filter((one) =>
    holding.some((other) => one.orderId < other.orderId && one.binId === other.binId && overlaps(one, other))
  )
}
