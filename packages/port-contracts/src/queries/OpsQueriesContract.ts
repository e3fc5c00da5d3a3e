/** What all OpsQueries do, but for distances. They read rows, so they want the Persistence that writes them. */
import { EpochMillis } from "@dueline/contracts/Ids"
import { opsCategories } from "@dueline/contracts/kinds"
import { OrderStatus } from "@dueline/contracts/order/Order"
import { OpsQueries } from "@dueline/contracts/ports/Queries"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import { ScheduleId } from "@dueline/contracts/schedule/Schedule"
import { assert, type Vitest } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as OpsSample from "./OpsSample.ts"
import { type Harness, judge } from "../Harness.ts"
import { probes, scheduleRow } from "./OpsListProbe.ts"
import { lists } from "./OpsListSentences.ts"
import { propertyRunsTimes } from "../propertyRuns.ts"
import * as Sample from "../Sample.ts"

type Ports = OpsQueries | Persistence
type It = Vitest.MethodsNonLive<Ports>

const commit = (...batch: Parameters<Persistence["Service"]["commit"]>[0]) =>
  Effect.flatMap(Persistence, (store) => store.commit(batch))

const finding = (it: It) => {
  it.effect("what is not there is null in what is found, and so is what does not exist", () =>
    Effect.gen(function* () {
      const { bin, customer, tenantId } = OpsSample.yard()
      const bare = OpsSample.bin(tenantId, { location: null, customerId: customer.customerId })
      const draft = OpsSample.order(bin, customer.customerId, { status: "Draft", window: null, items: [] })
      yield* commit(OpsSample.commit(bare), OpsSample.commit(draft))
      const queries = yield* OpsQueries
      assert.deepStrictEqual(yield* queries.find("bin", tenantId, bare.binId), bare)
      assert.deepStrictEqual(yield* queries.find("order", tenantId, draft.orderId), draft)
      assert.isNull(yield* queries.find("customer", tenantId, customer.customerId))
      assert.isNull(yield* queries.find("bin", tenantId, bin.binId))
      assert.isNull(yield* queries.find("order", tenantId, OpsSample.orderId()))
    })
  )

  it.effect("a schedule is read with its sealed request, by its tenant only, and without one once it is deleted", () =>
    Effect.gen(function* () {
      const row = scheduleRow(Sample.tenantId())
      yield* commit(OpsSample.commit(row, { sealed: { _tag: "set", value: "key.request" } }))
      const other = { ...scheduleRow(row.tenantId), scheduleId: ScheduleId.make(Sample.callId()) }
      yield* commit(OpsSample.commit(other, { sealed: { _tag: "set", value: "key.a-longer-request" } }))
      const { scheduleRequests } = yield* OpsQueries
      const asked = { ids: [other.scheduleId, ScheduleId.make(Sample.callId()), row.scheduleId], longest: null }
      const { tenantId } = row
      assert.deepStrictEqual(yield* scheduleRequests({ ...asked, tenantId }), [
        { row: other, sealed: "key.a-longer-request" },
        { row, sealed: "key.request" }
      ])
      assert.deepStrictEqual(yield* scheduleRequests({ ...asked, tenantId, longest: 12 }), [
        { row, sealed: "key.request" }
      ])
      assert.deepStrictEqual(yield* scheduleRequests({ ...asked, tenantId: Sample.tenantId() }), [])
      const deleted = OpsSample.next(row, { status: "Deleted", wakeAt: null })
      yield* commit(OpsSample.commit(deleted, { sealed: { _tag: "erase" } }))
      assert.deepStrictEqual(yield* scheduleRequests({ tenantId, ids: [row.scheduleId], longest: 12 }), [
        { row: deleted, sealed: null }
      ])
    })
  )

  it.effect("a profile is read as it was sealed, by its tenant only, until it is erased", () =>
    Effect.gen(function* () {
      const customer = OpsSample.customer(Sample.tenantId())
      const bare = OpsSample.customer(customer.tenantId)
      yield* commit(OpsSample.commit(customer, { sealed: { _tag: "set", value: "key.profile" } }))
      yield* commit(OpsSample.commit(bare))
      const queries = yield* OpsQueries
      assert.strictEqual(yield* queries.sealed("customer", customer.tenantId, customer.customerId), "key.profile")
      assert.isNull(yield* queries.sealed("customer", Sample.tenantId(), customer.customerId))
      assert.isNull(yield* queries.sealed("customer", customer.tenantId, bare.customerId))
      const erased = OpsSample.next(customer, { status: "Erased", erasedAt: EpochMillis.make(Sample.now) })
      yield* commit(OpsSample.commit(erased, { sealed: { _tag: "erase" } }))
      assert.isNull(yield* queries.sealed("customer", customer.tenantId, customer.customerId))
      assert.deepStrictEqual(yield* queries.find("customer", customer.tenantId, customer.customerId), erased)
    })
  )
}

/** Three orders one after the other on one bin: eight to ten, ten to twelve, fourteen to sixteen. */
const threeHeld = Effect.fnUntraced(function* () {
  const { bin, customer, tenantId } = OpsSample.yard()
  const held = [OpsSample.hours(8, 10), OpsSample.hours(10, 12), OpsSample.hours(14, 16)].map((window) =>
    OpsSample.order(bin, customer.customerId, { window })
  )
  yield* commit(...held.toReversed().map((order) => OpsSample.commit(order)))
  const holding = (from: number, to: number, limit = 10, of = { tenantId, binId: bin.binId }) =>
    Effect.flatMap(OpsQueries, (queries) => queries.holding({ ...of, window: OpsSample.hours(from, to), limit }))
  return { bin, customer, held, holding, tenantId }
})

const holding = (it: It) => {
  it.effect("orders that hold a bin in a window come by their beginning, and windows that only touch are apart", () =>
    Effect.gen(function* () {
      const { held, holding } = yield* threeHeld()
      assert.deepStrictEqual(yield* holding(0, 24), held)
      assert.deepStrictEqual(yield* holding(9, 15), held)
      assert.deepStrictEqual(yield* holding(9, 10), held.slice(0, 1))
      assert.deepStrictEqual(yield* holding(10, 14), held.slice(1, 2))
      assert.deepStrictEqual(yield* holding(12, 14), [])
      assert.deepStrictEqual(yield* holding(0, 8), [])
      assert.deepStrictEqual(yield* holding(16, 20), [])
      assert.deepStrictEqual(yield* holding(0, 24, 2), held.slice(0, 2))
    })
  )

  it.effect("another bin, or the same id of another tenant, is held by none of them", () =>
    Effect.gen(function* () {
      const { bin, holding, tenantId } = yield* threeHeld()
      assert.deepStrictEqual(yield* holding(0, 24, 10, { tenantId, binId: OpsSample.binId() }), [])
      assert.deepStrictEqual(yield* holding(0, 24, 10, { tenantId: Sample.tenantId(), binId: bin.binId }), [])
    })
  )

  it.effect.prop(
    "of orders side by side exactly the scheduled and confirmed ones in the window hold the bin",
    {
      orders: Schema.Array(Schema.Struct({ status: OrderStatus, hours: Schema.Literals([1, 2, 5]) })).check(
        Schema.isMaxLength(10)
      ),
      from: Schema.Int.check(Schema.isBetween({ minimum: -2, maximum: 30 })),
      length: Schema.Literals([1, 2, 3, 10])
    },
    Effect.fnUntraced(function* ({ from, length, orders }) {
      const { bin, customer, tenantId } = OpsSample.yard()
      let hour = 0
      const rows = orders.map(({ hours, status }) => {
        hour += hours
        return OpsSample.order(bin, customer.customerId, { status, window: OpsSample.hours(hour - hours, hour) })
      })
      for (const row of rows) yield* commit(OpsSample.commit(row))
      const window = OpsSample.hours(from, from + length)
      const found = yield* (yield* OpsQueries).holding({ tenantId, binId: bin.binId, window, limit: 100 })
      const expected = rows.filter(
        (row) =>
          ["Scheduled", "Confirmed"].includes(row.status) &&
          row.window !== null &&
          row.window.from < window.to &&
          window.from < row.window.to
      )
      assert.deepStrictEqual(found, expected)
    }),
    { arbitrary: propertyRunsTimes(0.3), timeout: 60_000 }
  )
}

export const suite = (name: string, harness: Harness<Ports>): void =>
  judge("OpsQueries", name, harness, (it) => {
    finding(it)
    for (const kind of opsCategories) lists(it, probes[kind])
    holding(it)
  })
