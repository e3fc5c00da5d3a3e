/** What every Persistence keeps true between aggregates of one kind: what the kind declares, such as serial numbers and the windows of a bin. */
import { kinds, opsCategories, rulesOf } from "@dueline/contracts/kinds"
import type { Persistence } from "@dueline/contracts/ports/Persistence"
import type { Rules } from "@dueline/contracts/Rules"
import { assert, type Vitest } from "@effect/vitest"
import { Effect } from "effect"
import * as OpsSample from "../queries/OpsSample.ts"
import { probes } from "../queries/OpsListProbe.ts"
import { commit, held, holdNothing, ruleOf } from "./PersistenceProbe.ts"
import * as Sample from "../Sample.ts"

type It = Vitest.MethodsNonLive<Persistence>

const { hours } = OpsSample

/** Whatever a kind declares as unique or apart, a row and its copy under another id have in common. */
const twins = (it: It) => {
  for (const kind of opsCategories) {
    const { apart, unique }: Rules = rulesOf(kind)
    const [rule = null] = [...unique, ...apart].map(({ rule }) => rule)
    it.effect(`a copy of one of the ${kinds[kind].plural} under another id breaks ${rule ?? "no rule"}`, () =>
      Effect.gen(function* () {
        const row = probes[kind].row(Sample.tenantId(), {})
        const twin = { ...row, [kinds[kind].id]: Sample.uuid() }
        yield* commit(OpsSample.commit(row))
        if (rule === null) yield* commit(OpsSample.commit(twin))
        else assert.strictEqual(yield* ruleOf(OpsSample.commit(twin)), rule)
        yield* commit(OpsSample.commit({ ...twin, tenantId: Sample.tenantId() }))
      })
    )
  }
}

const serials = (it: It) => {
  it.effect("a serial number that another bin of the tenant has is taken, whatever has become of that bin", () =>
    Effect.gen(function* () {
      const [first, second] = [OpsSample.yard(), OpsSample.yard()]
      const twin = OpsSample.bin(first.tenantId, { serialNumber: first.bin.serialNumber })
      yield* commit(OpsSample.commit(first.bin))
      assert.strictEqual(yield* ruleOf(OpsSample.commit(twin)), "serial_taken")
      yield* commit(OpsSample.commit(OpsSample.next(first.bin, { status: "Retired" })))
      assert.strictEqual(yield* ruleOf(OpsSample.commit(twin)), "serial_taken")
      yield* commit(OpsSample.commit({ ...twin, tenantId: second.tenantId }))
    })
  )

  it.effect(
    "a bin keeps its serial number from version to version, and leaves it to others when it takes another",
    () =>
      Effect.gen(function* () {
        const { bin, tenantId } = OpsSample.yard()
        yield* commit(OpsSample.commit(bin))
        const kept = OpsSample.next(bin, { sizeLitres: 2_000 })
        yield* commit(OpsSample.commit(kept))
        yield* commit(OpsSample.commit(OpsSample.next(kept, { serialNumber: `${bin.serialNumber}-b` })))
        yield* commit(OpsSample.commit(OpsSample.bin(tenantId, { serialNumber: bin.serialNumber })))
      })
  )

  it.effect("in one batch two bins may swap their serial numbers, and may not both have one", () =>
    Effect.gen(function* () {
      const [one, two] = [OpsSample.yard().bin, OpsSample.yard().bin]
      const other = { ...two, tenantId: one.tenantId }
      const twice = { ...other, serialNumber: one.serialNumber }
      assert.strictEqual(yield* ruleOf(OpsSample.commit(one), OpsSample.commit(twice)), "serial_taken")
      yield* commit(OpsSample.commit(one), OpsSample.commit(other))
      yield* commit(
        OpsSample.commit(OpsSample.next(one, { serialNumber: other.serialNumber })),
        OpsSample.commit(OpsSample.next(other, { serialNumber: one.serialNumber }))
      )
    })
  )
}

const windows = (it: It) => {
  it.effect.each([
    [8, 10],
    [7, 9],
    [9, 11],
    [7, 11],
    [8.5, 9.5],
    [9.999, 12]
  ] as const)("while a bin is held from 8 to 10 nobody else gets it from %s to %s", ([from, to]) =>
    Effect.gen(function* () {
      const { another } = yield* held()
      assert.strictEqual(yield* ruleOf(another({ window: hours(from, to) })), "window_taken")
      assert.strictEqual(
        yield* ruleOf(another({ window: hours(from, to), status: "Confirmed" })),
        "window_taken",
        "confirmed"
      )
    })
  )

  it.effect("windows that only touch do not overlap", () =>
    Effect.gen(function* () {
      const { another } = yield* held()
      yield* commit(another({ window: hours(6, 8) }))
      yield* commit(another({ window: hours(10, 12) }))
    })
  )

  it.effect.each(holdNothing)("an order that is %s neither holds a window nor needs a free one", (status) =>
    Effect.gen(function* () {
      const { another } = yield* held({ status })
      yield* commit(another())
      yield* commit(another({ status }))
      yield* commit(another({ status: "Draft", window: null }))
    })
  )

  it.effect.each(["Completed", "Cancelled"] as const)("an order that becomes %s frees its window", (status) =>
    Effect.gen(function* () {
      const { another, order } = yield* held({ status: "Confirmed" })
      assert.strictEqual(yield* ruleOf(another()), "window_taken")
      yield* commit(OpsSample.commit(OpsSample.next(order, { status })))
      yield* commit(another())
    })
  )

  it.effect("an order that moves may overlap its own old window, which others can have then", () =>
    Effect.gen(function* () {
      const { another, order } = yield* held()
      yield* commit(OpsSample.commit(OpsSample.next(order, { window: hours(9, 11) })))
      assert.strictEqual(yield* ruleOf(another()), "window_taken")
      yield* commit(another({ window: hours(8, 9) }))
    })
  )

  it.effect("a draft is refused the moment it wants what is held", () =>
    Effect.gen(function* () {
      const { another, bin, customer } = yield* held()
      const draft = OpsSample.order(bin, customer.customerId, { status: "Draft" })
      yield* commit(OpsSample.commit(draft))
      assert.strictEqual(
        yield* ruleOf(OpsSample.commit(OpsSample.next(draft, { status: "Scheduled" }))),
        "window_taken"
      )
      yield* commit(another({ window: hours(10, 12) }))
    })
  )

  it.effect("the same window of another bin, or of the bin with the same id in another tenant, is free", () =>
    Effect.gen(function* () {
      const { bin, customer, tenantId } = yield* held()
      const [beside, foreign] = [OpsSample.bin(tenantId), { ...bin, tenantId: Sample.tenantId() }]
      yield* commit(OpsSample.commit(beside), OpsSample.commit(foreign))
      yield* commit(OpsSample.commit(OpsSample.order(beside, customer.customerId)))
      yield* commit(OpsSample.commit(OpsSample.order(foreign, customer.customerId)))
    })
  )

  it.effect("in one batch two orders may swap their windows, and may not overlap", () =>
    Effect.gen(function* () {
      const { another, bin, customer, order } = yield* held()
      const later = OpsSample.order(bin, customer.customerId, { window: hours(12, 14) })
      assert.strictEqual(
        yield* ruleOf(OpsSample.placed(later), another({ window: hours(13, 15) })),
        "window_taken",
        "two of the batch"
      )
      yield* commit(OpsSample.placed(later))
      yield* commit(
        OpsSample.placed(OpsSample.next(order, { window: later.window })),
        OpsSample.placed(OpsSample.next(later, { window: order.window }))
      )
    })
  )
}

export const constraints = (it: It): void => {
  twins(it)
  serials(it)
  windows(it)
}
