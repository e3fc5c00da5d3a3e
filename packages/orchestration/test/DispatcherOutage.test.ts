/** The dispatcher while the bus is away, which is nobody's fault, and beside a message that never gets an answer, which may be. */
import * as Sample from "@dueline/port-contracts/Sample"
import { assert, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { away, pass, payloadsOf, refused, scripted, world } from "./DispatcherWorld.ts"

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, n) => from + n)

/** A bus that is away when told so, and the times at which it was asked meanwhile. */
const switched = () => {
  const state = { away: false, asked: [] as Array<number> }
  const { arrived, bus } = scripted(() =>
    Effect.gen(function* () {
      yield* Effect.sleep(1)
      if (!state.away) return
      state.asked.push(yield* Clock.currentTimeMillis)
      yield* away
    })
  )
  return { arrived, bus, state }
}

it.effect(
  "while the bus is away no message is charged, however long it takes, and all leave in order when it is back",
  () =>
    Effect.gen(function* () {
      const { arrived, bus, state } = switched()
      const { commit, store } = yield* world({ bus })
      const tenant = Sample.tenantId()
      const calls = [Sample.target(tenant), Sample.target(tenant), Sample.target()] as const
      state.away = true
      for (const n of numbers(30)) yield* commit(calls[n % 3] ?? calls[0], n)
      yield* pass(3_600_000)
      assert.lengthOf(arrived, 0)
      assert.isTrue(store.dump().outbox.every(({ failures }) => failures === 0))
      state.away = false
      yield* pass(13_000)
      for (const [index, { callId }] of calls.entries()) {
        const got = arrived.filter(({ streamId }) => streamId === Sample.streamOf(callId))
        assert.deepStrictEqual(
          payloadsOf(got),
          numbers(10).map((n) => n * 3 + index)
        )
      }
      assert.lengthOf(store.dump().outbox, 0)
      assert.lengthOf(store.dump().dead, 0)
    }),
  { tags: ["ADR-0008.3", "ADR-0002.3"] }
)

it.effect(
  "while the bus is away it is asked again after 100 ms, 200 ms, 400 ms … and never more often than every 10 s",
  () =>
    Effect.gen(function* () {
      const { bus, state } = switched()
      const { commit } = yield* world({ bus })
      state.away = true
      for (const n of numbers(40)) yield* commit(Sample.target(), n)
      yield* pass(100_000)
      const [first = 0] = state.asked
      // All that were on their way hear it at once, and two of them had asked again before that meant anything.
      assert.strictEqual(state.asked.filter((at) => at <= first + 1).length, 42)
      const probes = state.asked.filter((at) => at > first + 1)
      for (const [index, at] of probes.entries()) {
        const delay = at - (probes[index - 1] ?? first) - 1
        const steady = Math.min(10_000, 100 * 2 ** index)
        assert.isAtLeast(delay, steady * 0.8)
        assert.isAtMost(delay, Math.min(10_000, steady * 1.2))
      }
      assert.isAtLeast(probes.length, 12)
    })
)

it.effect("what was on its way when the bus went resumes from the first that was not taken", () =>
  Effect.gen(function* () {
    let left = 0
    const { arrived, bus } = scripted(() =>
      Effect.suspend(() => {
        left += 1
        return left > 5 && left <= 20 ? Effect.andThen(Effect.sleep(1), away) : Effect.sleep(1)
      })
    )
    const { commit } = yield* world({ bus, options: { window: 8 } })
    const tenant = Sample.tenantId()
    for (const n of numbers(40)) yield* commit(Sample.target(tenant), n)
    yield* pass(600_000)
    const got = payloadsOf(arrived)
    assert.sameMembers([...got], numbers(40))
    // A probe may take one ahead of its turn; everything else is where it belongs.
    const inOrder = got.filter(
      (payload, index) => index === 0 || got.slice(0, index).every((n) => Number(n) < Number(payload))
    )
    assert.isAtLeast(inOrder.length, 32)
  })
)

it.effect("one that got no answer is overtaken by no more than had left with it", () =>
  Effect.gen(function* () {
    const { arrived, bus } = scripted(({ payload }, attempt) =>
      attempt > 1 || Number(payload) > 3
        ? Effect.sleep(1)
        : Effect.andThen(Effect.sleep(payload === 0 ? 1 : 10), Number(payload) < 2 ? away : Effect.void)
    )
    const { commit } = yield* world({ bus, options: { window: 4 } })
    const tenant = Sample.tenantId()
    for (const n of numbers(12)) yield* commit(Sample.target(tenant), n)
    yield* pass(1_000)
    assert.deepStrictEqual(payloadsOf(arrived), [2, 3, 0, 1, ...numbers(8, 4)])
  })
)

it.effect("a probe that is refused has found the bus: everything else leaves at once", () =>
  Effect.gen(function* () {
    const probe = { found: false }
    const { arrived, bus } = scripted(() =>
      Effect.gen(function* () {
        if ((yield* Clock.currentTimeMillis) < 1_000) return yield* away
        if (probe.found) return
        probe.found = true
        yield* refused
      })
    )
    const { commit } = yield* world({ bus })
    for (const n of numbers(10)) yield* commit(Sample.target(), n)
    for (let passed = 0; !probe.found && passed < 10_000; passed += 1) yield* pass(1, 40)
    yield* pass(0)
    assert.lengthOf(arrived, 9)
  })
)

it.effect("a refusal says that the bus is there: it is charged, and nothing waits for it", () =>
  Effect.gen(function* () {
    const { arrived, bus } = scripted(({ payload }) => (payload === "too large" ? refused : Effect.void))
    const { commit, store } = yield* world({ bus })
    for (const _ of numbers(5)) yield* commit(Sample.target(), "too large")
    yield* commit(Sample.target(), "fine")
    yield* pass(1)
    assert.deepStrictEqual(payloadsOf(arrived), ["fine"])
    assert.deepStrictEqual(
      store.dump().outbox.map(({ failures }) => failures),
      [1, 1, 1, 1, 1]
    )
  })
)

it.effect(
  "a message that never gets an answer while others do is charged for it in the end, and holds up its own stream only",
  () =>
    Effect.gen(function* () {
      const { arrived, bus } = scripted(({ payload }) => (payload === "poison" ? away : Effect.void))
      const { commit, store } = yield* world({ bus })
      const sick = Sample.target()
      const neighbour = Sample.target(sick.tenantId)
      yield* commit(sick, "poison", "behind it")
      for (const n of numbers(200)) {
        yield* commit(neighbour, n)
        yield* pass(2_000)
      }
      assert.deepStrictEqual(
        payloadsOf(arrived.filter(({ streamId }) => streamId === Sample.streamOf(neighbour.callId))),
        numbers(200)
      )
      assert.deepStrictEqual(
        store.dump().dead.map(({ entry, errors }) => [entry.payload, errors.length]),
        [["poison", 10]]
      )
      assert.include(payloadsOf(arrived), "behind it")
    }),
  { tags: ["ADR-0008.3"] }
)

it.effect("alone with a bus that does not answer, a message waits and is not given up", () =>
  Effect.gen(function* () {
    const { bus } = scripted(() => away)
    const { commit, store } = yield* world({ bus })
    yield* commit(Sample.target(), 1)
    yield* pass(3_600_000)
    assert.deepStrictEqual(
      store.dump().outbox.map(({ failures }) => failures),
      [0]
    )
  })
)
