/** What every Persistence does with snapshots: one for each stream, which stands in for the events up to it where it can be read. */
import { Persistence, type Snapshot } from "@dueline/contracts/ports/Persistence"
import { assert, type Vitest } from "@effect/vitest"
import { Effect } from "effect"
import * as OpsSample from "../queries/OpsSample.ts"
import { commit, load } from "./PersistenceProbe.ts"
import { Json } from "./PersistenceModel.ts"
import { propertyRunsTimes } from "../propertyRuns.ts"
import * as Sample from "../Sample.ts"

const snapshotAt = (version: number, form = 1, state: unknown = { at: version }): Snapshot => ({ version, form, state })

/** Adds so many events to a stream of so many, and this snapshot. */
const grow = (of: Sample.Target, from: number, count: number, snapshot: Snapshot | null = null) =>
  commit(
    Sample.commit(of, {
      expectedVersion: from,
      events: Array.from({ length: count }, (_, index) => Sample.event(from + index + 1)),
      snapshot
    })
  )

const seen = (of: Sample.Target, snapshotForm: number | null, wantEvents = true) =>
  Effect.map(load(of, { snapshotForm, wantEvents }), ({ events, snapshot, version }) => ({
    version,
    snapshot,
    events: events.map((event) => event.version)
  }))

const through = <A>(value: A): A => JSON.parse(JSON.stringify(value)) as A

const reading = (it: Vitest.MethodsNonLive<Persistence>) => {
  it.effect("a snapshot comes back as it was given, with only the events after it", () =>
    Effect.gen(function* () {
      const call = Sample.target()
      yield* grow(call, 0, 3, snapshotAt(3))
      assert.deepStrictEqual(yield* seen(call, 1), { version: 3, snapshot: snapshotAt(3), events: [] })
      yield* grow(call, 3, 2)
      assert.deepStrictEqual(yield* seen(call, 1), { version: 5, snapshot: snapshotAt(3), events: [4, 5] })
    })
  )

  it.effect("who can read another form, or none, gets all events and no snapshot", () =>
    Effect.gen(function* () {
      const call = Sample.target()
      yield* grow(call, 0, 3, snapshotAt(3, 2))
      yield* grow(call, 3, 1)
      const whole = { version: 4, snapshot: null, events: [1, 2, 3, 4] }
      for (const form of [null, 1, 3]) assert.deepStrictEqual(yield* seen(call, form), whole, `form ${form}`)
      assert.deepStrictEqual(yield* seen(call, 2), { version: 4, snapshot: snapshotAt(3, 2), events: [4] })
    })
  )

  it.effect("who wants no events gets no snapshot", () =>
    Effect.gen(function* () {
      const call = Sample.target()
      yield* grow(call, 0, 3, snapshotAt(3))
      assert.deepStrictEqual(yield* seen(call, 1, false), { version: 3, snapshot: null, events: [] })
    })
  )

  it.effect("requests of one load get each their own: with a snapshot, without one, and in another form", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      const [kept, plain, other] = [Sample.target(tenant), Sample.target(tenant), Sample.target(tenant)]
      yield* grow(kept, 0, 2, snapshotAt(2))
      yield* grow(plain, 0, 2)
      yield* grow(other, 0, 2, snapshotAt(2, 7))
      const requests = [plain, kept, other, kept].map((call) => Sample.loadRequest(call, { snapshotForm: 1 }))
      const found = yield* (yield* Persistence).load(requests)
      assert.deepStrictEqual(
        found.map(({ events, snapshot }) => [snapshot?.version, events.length]),
        [
          [undefined, 2],
          [2, 0],
          [undefined, 2],
          [2, 0]
        ]
      )
    })
  )

  it.effect("tenants do not see each other's snapshots, even under the same id", () =>
    Effect.gen(function* () {
      const mine = Sample.target()
      const theirs = { ...mine, tenantId: Sample.tenantId() }
      yield* grow(mine, 0, 2, snapshotAt(2))
      yield* grow(theirs, 0, 2)
      assert.deepStrictEqual(yield* seen(theirs, 1), { version: 2, snapshot: null, events: [1, 2] })
    })
  )
}

const keeping = (it: Vitest.MethodsNonLive<Persistence>) => {
  it.effect("the newest snapshot stands, whatever its form", () =>
    Effect.gen(function* () {
      const call = Sample.target()
      yield* grow(call, 0, 2, snapshotAt(2))
      yield* grow(call, 2, 2, snapshotAt(4))
      assert.deepStrictEqual(yield* seen(call, 1), { version: 4, snapshot: snapshotAt(4), events: [] })
      yield* grow(call, 4, 2, snapshotAt(6, 2))
      assert.deepStrictEqual(yield* seen(call, 2), { version: 6, snapshot: snapshotAt(6, 2), events: [] })
      assert.deepStrictEqual(yield* seen(call, 1), { version: 6, snapshot: null, events: [1, 2, 3, 4, 5, 6] })
    })
  )

  it.effect("customers, bins and orders have snapshots as calls do", () =>
    Effect.gen(function* () {
      const { bin, customer } = OpsSample.yard()
      const rows = [customer, bin, OpsSample.order(bin, customer.customerId)]
      yield* commit(...rows.map((row) => OpsSample.commit(row, { snapshot: snapshotAt(1) })))
      yield* commit(...rows.map((row) => OpsSample.commit(OpsSample.next(row))))
      for (const row of rows) {
        assert.deepStrictEqual(yield* seen(OpsSample.target(row), 1), {
          version: 2,
          snapshot: snapshotAt(1),
          events: [2]
        })
      }
    })
  )

  it.effect("a commit that lost leaves the snapshot as it was", () =>
    Effect.gen(function* () {
      const call = Sample.target()
      yield* grow(call, 0, 2, snapshotAt(2))
      yield* Effect.flip(grow(call, 1, 3, snapshotAt(4)))
      assert.deepStrictEqual(yield* seen(call, 1), { version: 2, snapshot: snapshotAt(2), events: [] })
    })
  )
}

export const snapshots = (it: Vitest.MethodsNonLive<Persistence>, anyText: boolean): void => {
  reading(it)
  keeping(it)

  it.effect.runIf(anyText)("a state may hold U+0000 and half a surrogate pair", () =>
    Effect.gen(function* () {
      const call = Sample.target()
      const state = { nul: "a\u0000b", lone: "\ud83d" }
      yield* grow(call, 0, 1, snapshotAt(1, 1, state))
      assert.deepStrictEqual((yield* seen(call, 1)).snapshot?.state, state)
    })
  )

  it.effect.prop(
    "any state comes back as it was",
    { state: Json },
    ({ state }) =>
      Effect.gen(function* () {
        const call = Sample.target()
        yield* grow(call, 0, 1, snapshotAt(1, 1, state))
        assert.deepStrictEqual((yield* seen(call, 1)).snapshot?.state, through(state))
      }),
    { arbitrary: propertyRunsTimes(0.4) }
  )
}
