/** What all FlowPlaces do. Whether a call runs they read from what is committed, so they want the Persistence that writes it. */
import { EpochMillis } from "@dueline/contracts/Ids"
import { type FlowAnswer, FlowPlaces, flowPlaceMs } from "@dueline/contracts/ports/FlowPlaces"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import type { Flow } from "@dueline/contracts/serviceCall/Spec"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { type Harness, judge } from "./Harness.ts"
import { flowRow } from "./queries/OpsListProbe.ts"
import * as OpsSample from "./queries/OpsSample.ts"
import * as Sample from "./Sample.ts"

interface Own<R> {
  /** Lets places grow older by so many milliseconds. */
  readonly age: (ms: number) => Effect.Effect<unknown, unknown, R>
}

const granted: FlowAnswer = { _tag: "Granted" }

/** So many calls of a new tenant. */
const calls = (count: number, flow: Flow) => {
  const tenantId = Sample.tenantId()
  return Array.from({ length: count }, () => ({ ...Sample.target(tenantId), flow, revision: 1 }))
}

export const suite = <R>(name: string, { age, ...harness }: Harness<R | FlowPlaces | Persistence> & Own<R>): void =>
  judge("FlowPlaces", name, harness, (it) => {
    it.effect("no more places of a flow are granted than it has, and those that are given back are granted again", () =>
      Effect.gen(function* () {
        const { release, take } = yield* FlowPlaces
        const asked = calls(4, { key: "stripe", concurrency: 2 })
        const full: FlowAnswer = { _tag: "Full", taken: 2, limit: 2 }
        assert.deepStrictEqual(yield* take(asked), [granted, granted, full, full])
        assert.deepStrictEqual(yield* take(asked.slice(0, 1)), [granted], "who holds one may ask again")
        assert.deepStrictEqual(yield* take(asked.slice(2)), [full, full])
        yield* release(asked.slice(0, 1).map(({ flow, ...call }) => ({ ...call, key: flow.key })))
        assert.deepStrictEqual(yield* take(asked.slice(2)), [granted, full])
      })
    )

    it.effect("flows and tenants do not hold each other up; a call without limits is never held", () =>
      Effect.gen(function* () {
        const { take } = yield* FlowPlaces
        const [one] = calls(1, { key: "a", concurrency: 1 })
        const [other] = calls(1, { key: "a", concurrency: 1 })
        if (one === undefined || other === undefined) return assert.fail()
        const beside = { ...one, callId: Sample.callId() }
        const asked = [one, other, { ...beside, flow: { key: "b", concurrency: 1 } }, { ...beside, flow: { key: "a" } }]
        assert.deepStrictEqual(yield* take(asked), [granted, granted, granted, granted])
        const tags = (yield* take([{ ...beside, callId: Sample.callId() }])).map(({ _tag }) => _tag)
        assert.deepStrictEqual(tags, ["Full"])
      })
    )

    it.effect("places that are asked for at the same time are counted one after the other", () =>
      Effect.gen(function* () {
        const { take } = yield* FlowPlaces
        const asked = calls(12, { key: "busy", concurrency: 5 })
        const answers = yield* Effect.forEach(asked, (one) => take([one]), { concurrency: "unbounded" })
        assert.lengthOf(
          answers.flat().filter(({ _tag }) => _tag === "Granted"),
          5
        )
      })
    )

    it.effect("by its rate the next call of a flow begins a while after the one before", () =>
      Effect.gen(function* () {
        const { release, take } = yield* FlowPlaces
        const asked = calls(2, { key: "slow", ratePerSecond: 0.01 })
        const [first, second] = yield* take(asked)
        assert.deepStrictEqual(first, granted)
        assert.strictEqual(second?._tag, "Early")
        if (second?._tag === "Early") assert.isTrue(second.waitMs > 90_000 && second.waitMs <= 100_000)
        yield* release(asked.map(({ flow, ...call }) => ({ ...call, key: flow.key })))
        assert.strictEqual((yield* take(asked.slice(1)))[0]?._tag, "Early", "a place that is given back is no turn")
      })
    )

    it.effect(
      "a call that was moved, cancelled or begun since it was due takes no turn of its flow, and no place",
      () =>
        Effect.gen(function* () {
          const { take } = yield* FlowPlaces
          const { commit } = yield* Persistence
          const [moved, cancelled, begun, waits, late] = calls(5, { key: "moved", concurrency: 1, ratePerSecond: 0.01 })
          if (
            moved === undefined ||
            cancelled === undefined ||
            begun === undefined ||
            waits === undefined ||
            late === undefined
          )
            return assert.fail()
          yield* commit([
            Sample.commit(moved, { row: { revision: 2 } }),
            Sample.commit(cancelled, {
              row: { revision: 1, status: "Cancelled", wakeAt: null, endedAt: EpochMillis.make(Sample.now) }
            }),
            Sample.commit(begun, { row: { revision: 1, ...Sample.running(Sample.workerId(), 1, Sample.now) } }),
            Sample.commit(waits, { row: { revision: 1 } })
          ])
          const stale: FlowAnswer = { _tag: "Stale" }
          assert.deepStrictEqual(yield* take([moved, cancelled, begun, waits]), [stale, stale, stale, granted])
          assert.strictEqual((yield* take([late]))[0]?._tag, "Full")
        })
    )

    it.effect("of the bounds of a flow and those that a call brings the stricter count, as long as it is defined", () =>
      Effect.gen(function* () {
        const { take } = yield* FlowPlaces
        const { commit } = yield* Persistence
        const asked = calls(5, { key: "defined", concurrency: 4 })
        const row = flowRow(asked[0]?.tenantId ?? Sample.tenantId(), { key: "defined", concurrency: 2 })
        yield* commit([OpsSample.commit(row)])
        const limited: FlowAnswer = { _tag: "Full", taken: 2, limit: 2 }
        assert.deepStrictEqual(yield* take(asked), [granted, granted, limited, limited, limited])
        yield* commit([OpsSample.commit({ ...row, version: 2, status: "Removed" })])
        const own: FlowAnswer = { _tag: "Full", taken: 4, limit: 4 }
        assert.deepStrictEqual(yield* take(asked), [granted, granted, granted, granted, own])
      })
    )

    it.effect("a place is kept for as long as it is said that its call still waits, and uses up no turn", () =>
      Effect.gen(function* () {
        const { keep, release, take } = yield* FlowPlaces
        const asked = calls(2, { key: "waits", concurrency: 1, ratePerSecond: 0.001 })
        const holders = asked.map(({ flow, ...call }) => ({ ...call, key: flow.key }))
        assert.strictEqual((yield* take(asked))[1]?._tag, "Full")
        for (let n = 0; n < 3; n += 1) {
          yield* age(flowPlaceMs / 2 + 1)
          assert.deepStrictEqual(yield* keep(holders), [true, false])
        }
        assert.strictEqual((yield* take(asked.slice(1)))[0]?._tag, "Full")
        yield* release(holders.slice(0, 1))
        assert.deepStrictEqual(yield* keep(holders), [false, false])
        assert.deepStrictEqual(yield* keep([]), [])
      })
    )

    it.effect("the place of a call that runs is not given back, whoever says so, until its end is recorded", () =>
      Effect.gen(function* () {
        const { release, take } = yield* FlowPlaces
        const { commit } = yield* Persistence
        const [running, late] = calls(2, { key: "runs", concurrency: 1 })
        if (running === undefined || late === undefined) return assert.fail()
        const holder = { tenantId: running.tenantId, callId: running.callId, key: running.flow.key }
        yield* take([running])
        yield* commit([Sample.commit(running, { row: Sample.running(Sample.workerId(), 1, Sample.now) })])
        yield* release([holder])
        assert.strictEqual((yield* take([late]))[0]?._tag, "Full")
        yield* commit([Sample.commit(running, { expectedVersion: 1 })])
        yield* release([holder])
        assert.deepStrictEqual(yield* take([late]), [granted])
      })
    )

    it.effect("a place that nobody gives back is kept while its call runs, and else for a while", () =>
      Effect.gen(function* () {
        const { take } = yield* FlowPlaces
        const { commit } = yield* Persistence
        const asked = calls(3, { key: "left", concurrency: 2 })
        const [running, gone] = asked
        if (running === undefined || gone === undefined) return assert.fail()
        yield* take(asked.slice(0, 2))
        yield* commit([Sample.commit(running, { row: Sample.running(Sample.workerId(), 1, Sample.now) })])
        const late = asked.slice(2)
        assert.strictEqual((yield* take(late))[0]?._tag, "Full")
        yield* age(flowPlaceMs + 1)
        assert.deepStrictEqual(yield* take(late), [granted])
        assert.strictEqual((yield* take([{ ...gone, callId: Sample.callId() }]))[0]?._tag, "Full", "the other one runs")
      })
    )
  })
