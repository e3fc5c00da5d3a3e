/** What every Persistence keeps true between aggregates of one kind: what the kind declares, such as serial numbers and the windows of a bin. */
import { kinds, opsCategories, rulesOf } from "@dueline/contracts/kinds"
import type { Persistence } from "@dueline/contracts/ports/Persistence"
import type { Rules } from "@dueline/contracts/Rules"
import { assert, type Vitest } from "@effect/vitest"
import { Effect } from "effect"
import * as FieldSample from "./FieldSample.ts"
import { probes } from "./OpsListProbe.ts"
import { commit, held, holdNothing, ruleOf } from "./PersistenceProbe.ts"
import * as Sample from "./Sample.ts"

type It = Vitest.MethodsNonLive<Persistence>

const { hours } = FieldSample

/** Whatever a kind declares as unique or apart, a row and its copy under another id have in common. */
const twins = (it: It) => {
  for (const kind of opsCategories) {
    const { apart, unique }: Rules = rulesOf(kind)
    const [rule = null] = [...unique, ...apart].map(({ rule }) => rule)
    it.effect(`a copy of one of the ${kinds[kind].plural} under another id breaks ${rule ?? "no rule"}`, () =>
      Effect.gen(function* () {
        const row = probes[kind].row(Sample.tenantId(), {})
        const twin = { ...row, [kinds[kind].id]: Sample.uuid() }
        yield* commit(FieldSample.commit(row))
        if (rule === null) yield* commit(FieldSample.commit(twin))
        else assert.strictEqual(yield* ruleOf(FieldSample.commit(twin)), rule)
        yield* commit(FieldSample.commit({ ...twin, tenantId: Sample.tenantId() }))
      })
    )
  }
}

const serials = (it: It) => {
  it.effect("a serial number that another bin of the tenant has is taken, whatever has become of that bin", () =>
    Effect.gen(function* () {
      const [first, second] = [FieldSample.yard(), FieldSample.yard()]
      const twin = FieldSample.bin(first.tenantId, { serialNumber: first.bin.serialNumber })
      yield* commit(FieldSample.commit(first.bin))
      assert.strictEqual(yield* ruleOf(FieldSample.commit(twin)), "serial_taken")
      yield* commit(FieldSample.commit(FieldSample.next(first.bin, { status: "Retired" })))
      assert.strictEqual(yield* ruleOf(FieldSample.commit(twin)), "serial_taken")
      yield* commit(FieldSample.commit({ ...twin, tenantId: second.tenantId }))
    })
  )

  it.effect(
    "a bin keeps its serial number from version to version, and leaves it to others when it takes another",
    () =>
      Effect.gen(function* () {
        const { bin, tenantId } = FieldSample.yard()
        yield* commit(FieldSample.commit(bin))
        const kept = FieldSample.next(bin, { sizeLitres: 2_000 })
        yield* commit(FieldSample.commit(kept))
        yield* commit(FieldSample.commit(FieldSample.next(kept, { serialNumber: `${bin.serialNumber}-b` })))
        yield* commit(FieldSample.commit(FieldSample.bin(tenantId, { serialNumber: bin.serialNumber })))
      })
  )

  it.effect("in one batch two bins may swap their serial numbers, and may not both have one", () =>
    Effect.gen(function* () {
      const [one, two] = [FieldSample.yard().bin, FieldSample.yard().bin]
      const other = { ...two, tenantId: one.tenantId }
      const twice = { ...other, serialNumber: one.serialNumber }
      assert.strictEqual(yield* ruleOf(FieldSample.commit(one), FieldSample.commit(twice)), "serial_taken")
      yield* commit(FieldSample.commit(one), FieldSample.commit(other))
      yield* commit(
        FieldSample.commit(FieldSample.next(one, { serialNumber: other.serialNumber })),
        FieldSample.commit(FieldSample.next(other, { serialNumber: one.serialNumber }))
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
      yield* commit(FieldSample.commit(FieldSample.next(order, { status })))
      yield* commit(another())
    })
  )

  it.effect("an order that moves may overlap its own old window, which others can have then", () =>
    Effect.gen(function* () {
      const { another, order } = yield* held()
      yield* commit(FieldSample.commit(FieldSample.next(order, { window: hours(9, 11) })))
      assert.strictEqual(yield* ruleOf(another()), "window_taken")
      yield* commit(another({ window: hours(8, 9) }))
    })
  )

  it.effect("a draft is refused the moment it wants what is held", () =>
    Effect.gen(function* () {
      const { another, bin, customer } = yield* held()
      const draft = FieldSample.order(bin, customer.customerId, { status: "Draft" })
      yield* commit(FieldSample.commit(draft))
      assert.strictEqual(
        yield* ruleOf(FieldSample.commit(FieldSample.next(draft, { status: "Scheduled" }))),
        "window_taken"
      )
      yield* commit(another({ window: hours(10, 12) }))
    })
  )

  it.effect("the same window of another bin, or of the bin with the same id in another tenant, is free", () =>
    Effect.gen(function* () {
      const { bin, customer, tenantId } = yield* held()
      const [beside, foreign] = [FieldSample.bin(tenantId), { ...bin, tenantId: Sample.tenantId() }]
      yield* commit(FieldSample.commit(beside), FieldSample.commit(foreign))
      yield* commit(FieldSample.commit(FieldSample.order(beside, customer.customerId)))
      yield* commit(FieldSample.commit(FieldSample.order(foreign, customer.customerId)))
    })
  )

  it.effect("in one batch two orders may swap their windows, and may not overlap", () =>
    Effect.gen(function* () {
      const { another, bin, customer, order } = yield* held()
      const later = FieldSample.order(bin, customer.customerId, { window: hours(12, 14) })
      assert.strictEqual(
        yield* ruleOf(FieldSample.placed(later), another({ window: hours(13, 15) })),
        "window_taken",
        "two of the batch"
      )
      yield* commit(FieldSample.placed(later))
      yield* commit(
        FieldSample.placed(FieldSample.next(order, { window: later.window })),
        FieldSample.placed(FieldSample.next(later, { window: order.window }))
      )
    })
  )
}

export const constraints = (it: It): void => {
  twins(it)
  serials(it)
  windows(it)
}
