/** What a bin answers, and whom it asks before it changes hands. */
import { assert, describe, it } from "@effect/vitest"
import { type BinCommand, BinIdTaken, BinIsRetired, BinNotFound, CapacityAboveSize } from "@dueline/contracts/bin/Bin"
import { customerActive } from "@dueline/contracts/customer/Customer"
import { binFree } from "@dueline/contracts/order/Order"
import { Bin } from "../src/aggregates/Bin.ts"
import { AggregateUnderTest } from "./AggregateUnderTest.ts"
import * as Field from "./FieldSample.ts"
import { given } from "./given.ts"

const { binCreated, binId, binRetired, binUpdated, customerId } = Field
const gone = [binCreated, binRetired]

describe("a bin", () => {
  it("may hold as much as its size unless less is said, and never more", () => {
    const whole = { ...binCreated, capacityLitres: 1_100 }
    given(Bin, [])
      .when(Field.createBin({ capacityLitres: null }))
      .then([whole])
    given(Bin, []).when(Field.createBin()).then([binCreated])
    given(Bin, [])
      .when(Field.createBin({ capacityLitres: 1_101 }))
      .thenRejected(new CapacityAboveSize({ binId, capacityLitres: 1_101, sizeLitres: 1_100 }))
  })

  it("is created once, under an id that is its own", () => {
    given(Bin, [binCreated]).when(Field.createBin()).then([])
    given(Bin, [binCreated])
      .when(Field.createBin({ fingerprint: "f2" }))
      .thenRejected(new BinIdTaken({ binId }))
  })

  it("is told apart from one that never was", () => {
    for (const command of [Field.updateBin({}), Field.updateCapacity(1), Field.retire()]) {
      given(Bin, []).when(command).thenRejected(new BinNotFound({ binId }))
    }
  })

  it("says which of what was asked is different, and only that", () => {
    const changes = { category: "skip", serialNumber: "SN-2", location: { lat: 50.08, lon: 14.43 } } as const
    given(Bin, [binCreated])
      .when(Field.updateBin(changes))
      .then([binUpdated(["serialNumber"], { serialNumber: "SN-2" })])
    given(Bin, [binCreated])
      .when(Field.updateBin({ category: "skip", status: "Active" }))
      .then([])
  })

  it("can lose its place, and gets another one", () => {
    const [somewhere, elsewhere] = [
      { lat: 50.08, lon: 14.43 },
      { lat: 1, lon: 14.43 }
    ]
    given(Bin, [binCreated])
      .when(Field.updateBin({ location: null }))
      .then([binUpdated(["location"], { location: null })])
    given(Bin, [binCreated])
      .when(Field.updateBin({ location: somewhere }))
      .then([])
    given(Bin, [binCreated])
      .when(Field.updateBin({ location: elsewhere }))
      .then([binUpdated(["location"], { location: elsewhere })])
  })

  it("stays out of service until it is said to be back", () => {
    const away = binUpdated(["status"], {}, "Maintenance")
    given(Bin, [binCreated])
      .when(Field.updateBin({ status: "Maintenance" }))
      .then([away])
    given(Bin, [binCreated, away])
      .when(Field.updateBin({ category: "tank" }))
      .then([binUpdated(["category"], { category: "tank" }, "Maintenance")])
    given(Bin, [binCreated, away])
      .when(Field.updateBin({ status: "Active" }))
      .then([binUpdated(["status"])])
  })

  it("does not become smaller than what it may hold", () =>
    given(Bin, [binCreated])
      .when(Field.updateBin({ sizeLitres: 899 }))
      .thenRejected(new CapacityAboveSize({ binId, capacityLitres: 900, sizeLitres: 899 })))

  it("says what it could hold before", () => {
    given(Bin, [binCreated])
      .when(Field.updateCapacity(1_000))
      .then([{ _tag: "BinCapacityUpdated", capacityLitres: 1_000, previousLitres: 900 }])
    given(Bin, [binCreated]).when(Field.updateCapacity(900)).then([])
  })

  it("is retired for good", () => {
    given(Bin, [binCreated]).when(Field.retire()).then([binRetired])
    given(Bin, gone).when(Field.retire()).then([])
    given(Bin, gone).when(Field.createBin()).then([])
    for (const command of [Field.updateBin({ status: "Active" }), Field.updateCapacity(1)]) {
      given(Bin, gone).when(command).thenRejected(new BinIsRetired({ binId }))
    }
  })
})

/** What is asked of others before the last of these becomes true. */
const asked = (...commands: ReadonlyArray<BinCommand>) => {
  const on = new AggregateUnderTest(Bin, (command) => Field.envelope(command))
  for (const command of commands) on.ask(command)
  return on.turns.at(-1)?.commit?.requires
}

describe("whom a bin is kept for", () => {
  const active = customerActive(customerId)

  it("must be there", () => {
    assert.deepStrictEqual(asked(Field.createBin()), [])
    assert.deepStrictEqual<unknown>(asked(Field.createBin({ bin: Field.description({ customerId }) })), [active])
  })

  it("takes it over only when nobody else counts on it, and gives it back whenever", () => {
    const kept = Field.updateBin({ customerId })
    const free = binFree(binId, customerId)
    assert.deepStrictEqual<unknown>(asked(Field.createBin(), kept), [active, free])
    assert.deepStrictEqual(asked(Field.createBin(), kept, Field.updateBin({ customerId, category: "tank" })), [])
    assert.deepStrictEqual(asked(Field.createBin(), kept, Field.updateBin({ customerId: null })), [])
  })

  it("has no say in its retirement but by an order", () =>
    assert.deepStrictEqual(asked(Field.createBin(), Field.retire()), [binFree(binId, null)]))
})
