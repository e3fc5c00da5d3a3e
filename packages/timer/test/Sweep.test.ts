/** The sweep on a memory store: whatever the process has lost, it brings back. */
import { assert, describe, it } from "@effect/vitest"
import { MemoryStore } from "@dueline/port-contracts/memory/MemoryStore"
import * as Sample from "@dueline/port-contracts/Sample"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { makeSweep, type Sweep } from "../src/Sweep.ts"
import { sweepLoop } from "../src/sweepLoop.ts"
import { recorded, Scripted, worker } from "./Scripted.ts"
import { end, options, runningUnder, scheduled, Stage } from "./SweepStage.ts"

const looping = Effect.flatMap(makeSweep(options), (sweep) => sweepLoop(sweep, { everyMs: 100, leadership: null }))

describe("the window", () => {
  it.effect("arms everything inside the horizon, page after page, also when many are due in one millisecond", () => {
    const stage = new Stage()
    return Effect.gen(function* () {
      yield* scheduled(5, 500, 500, 500, 500, 500, 700, 1_000, 1_001)
      yield* (yield* makeSweep(options)).tick
      assert.strictEqual(new Set(stage.armed.map(({ callId }) => callId)).size, 8)
      assert.deepStrictEqual(stage.heard(), [5, 500, 500, 500, 500, 500, 700, 1_000])
    }).pipe(Effect.provide(stage.layer))
  })

  it.effect(
    "a tenant's overdue calls, however many, come after what is about to be due",
    () => {
      const stage = new Stage()
      return Effect.gen(function* () {
        yield* TestClock.setTime(100_000)
        yield* scheduled(...Array.from({ length: 50 }, (_, n) => n), 99_900, 100_050, 101_000)
        yield* (yield* makeSweep(options)).tick
        const times = stage.armed.map(({ dueAt }) => dueAt)
        assert.lengthOf(times, 53)
        assert.deepStrictEqual(times.slice(0, 3), [99_900, 100_050, 101_000])
      }).pipe(Effect.provide(stage.layer))
    },
    { tags: ["ADR-0027.4"] }
  )

  it.effect("moves on without arming twice and without a gap, also when the clock jumps", () => {
    const stage = new Stage()
    return Effect.gen(function* () {
      const { tick } = yield* makeSweep(options)
      yield* scheduled(1_000, 1_001, 1_100, 1_101, 50_000, 51_100)
      yield* tick
      assert.deepStrictEqual(stage.heard(), [1_000])
      yield* TestClock.adjust(100)
      yield* tick
      assert.deepStrictEqual(stage.heard(), [1_001, 1_100])
      yield* TestClock.setTime(50_100)
      yield* tick
      assert.deepStrictEqual([...new Set(stage.heard())], [1_000, 1_001, 1_100, 1_101, 50_000, 51_100])
    }).pipe(Effect.provide(stage.layer))
  })

  it.effect("stays where it is when a tick fails, and catches up with the next one", () => {
    const stage = new Stage()
    return Effect.gen(function* () {
      yield* scheduled(900, 1_050)
      stage.faults = 1
      yield* Effect.forkChild(looping)
      yield* TestClock.adjust(99)
      assert.deepStrictEqual(stage.heard(), [])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(stage.heard(), [900, 1_050])
    }).pipe(Effect.provide(stage.layer))
  })

  it.effect("a call that is long past its time is armed again, tick after tick, until somebody starts it", () => {
    const stage = new Stage()
    return Effect.gen(function* () {
      yield* scheduled(200)
      yield* Effect.forkChild(looping)
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(stage.heard(), [200])
      yield* TestClock.adjust(499)
      assert.deepStrictEqual(stage.heard(), [])
      yield* TestClock.adjust(101)
      assert.deepStrictEqual(stage.heard(), [200, 200])
    }).pipe(Effect.provide(stage.layer))
  })
})

/** Looks once, and then once a second for so many seconds. */
const seenFor = Effect.fnUntraced(function* (sweep: Sweep, seconds: number, tickMs = 1_000) {
  yield* sweep.look
  for (let n = 0; n < seconds; n += 1) yield* Effect.andThen(TestClock.adjust(tickMs), sweep.look)
})

describe("a lease that has ended by the wall clock", { tags: ["ADR-0012.11"] }, () => {
  const late = Sample.workerId()
  const asked = ({ script }: Stage) => script.asked.length

  it.effect("is believed only after it has been looked at for six seconds", () => {
    const stage = new Stage()
    return Effect.gen(function* () {
      yield* runningUnder(late, 0)
      yield* TestClock.adjust(3_600_000)
      const sweep = yield* makeSweep(options)
      yield* seenFor(sweep, 5)
      assert.deepStrictEqual([asked(stage), sweep.watching()], [0, true])
      yield* Effect.andThen(TestClock.adjust(1_000), sweep.look)
      assert.strictEqual(asked(stage), 1)
    }).pipe(Effect.provide(stage.layer))
  })

  it.effect("and is renewed by its holder is another one: nothing is settled", () => {
    const stage = new Stage()
    return Effect.gen(function* () {
      const call = yield* runningUnder(late, 0)
      const { backlog } = yield* MemoryStore
      const sweep = yield* makeSweep(options)
      yield* TestClock.adjust(3_600_000)
      for (let round = 0; round < 4; round += 1) {
        yield* seenFor(sweep, 4)
        // By a clock that was set back: it ends in the past again.
        yield* backlog.extend({ worker: late, holdings: [{ ...call, epoch: 1 }], until: 1_000 + round })
      }
      assert.strictEqual(asked(stage), 0)
      yield* backlog.extend({ worker: late, holdings: [{ ...call, epoch: 1 }], until: 9_000_000 })
      yield* sweep.look
      assert.isFalse(sweep.watching())
    }).pipe(Effect.provide(stage.layer))
  })

  it.effect("is not looked at while this process, or the store, stands still: the holder could not renew it", () => {
    const stage = new Stage()
    return Effect.gen(function* () {
      yield* runningUnder(late, 0)
      const sweep = yield* makeSweep(options)
      yield* TestClock.adjust(1)
      yield* seenFor(sweep, 2, 12_000)
      assert.strictEqual(asked(stage), 0)
      yield* seenFor(sweep, 2, 1_000)
      assert.strictEqual(asked(stage), 1)
    }).pipe(Effect.provide(stage.layer))
  })

  it.effect("is nobody's fault when the executor of this very process has the call", () => {
    const stage = new Stage()
    return Effect.gen(function* () {
      const mine = yield* runningUnder(worker, 0)
      yield* runningUnder(worker, 0, 5)
      yield* TestClock.adjust(1)
      const sweep = yield* makeSweep({ ...options, holds: ({ callId }) => callId === mine.callId })
      yield* seenFor(sweep, 60)
      assert.isAbove(asked(stage), 0)
      assert.notInclude(
        stage.script.commands.map(({ callId }) => callId),
        mine.callId
      )
    }).pipe(Effect.provide(stage.layer))
  })
})

describe("the watchdog", () => {
  const gone = Sample.workerId()

  it.effect(
    "reports a call lost whose lease has ended, with its epoch, and no other",
    () => {
      const stage = new Stage()
      return Effect.gen(function* () {
        const call = yield* runningUnder(gone, 50, 7)
        yield* runningUnder(gone, 60_000)
        yield* TestClock.adjust(51)
        yield* seenFor(yield* makeSweep(options), 6)
        const [command, ...more] = stage.script.commands
        assert.lengthOf(more, 0)
        assert.deepInclude(command, {
          _tag: "RecordFailure",
          callId: call.callId,
          epoch: 7,
          reason: "worker_lost",
          at: 6_051
        } as never)
        assert.deepInclude(command, { retryable: true, retryAfterMs: null } as never)
      }).pipe(Effect.provide(stage.layer))
    },
    { tags: ["ADR-0012.4"] }
  )

  it.effect(
    "of a program that is alone takes what another process held, whatever the lease says",
    () => {
      const stage = new Stage()
      return Effect.gen(function* () {
        const call = yield* runningUnder(gone, 60_000)
        yield* runningUnder(worker, 60_000)
        yield* (yield* makeSweep({ ...options, sole: true })).tick
        assert.deepStrictEqual(
          stage.script.commands.map(({ callId }) => callId),
          [call.callId]
        )
      }).pipe(Effect.provide(stage.layer))
    },
    { tags: ["ADR-0012.4"] }
  )

  it.effect(
    "goes on to the next page when one has been settled",
    () => {
      const settled = new Scripted((envelope, nth) =>
        Effect.andThen(
          end({ tenantId: envelope.tenantId, callId: envelope.command.callId }),
          recorded(envelope, nth)
        ).pipe(Effect.provideService(MemoryStore, store.current), Effect.orDie)
      )
      const store: { current: MemoryStore["Service"] } = { current: undefined as never }
      const stage = new Stage(settled)
      return Effect.gen(function* () {
        store.current = yield* MemoryStore
        for (let n = 0; n < 7; n += 1) yield* runningUnder(gone, 0)
        yield* TestClock.adjust(1)
        yield* seenFor(yield* makeSweep(options), 6)
        assert.lengthOf(settled.asked, 7)
      }).pipe(Effect.provide(stage.layer))
    },
    { tags: ["ADR-0012.4"] }
  )

  it.effect(
    "does not let calls that cannot be settled hold up the others, nor the alarms, nor itself",
    () => {
      const stuck = new Scripted((envelope, nth) => (nth % 3 === 1 ? Effect.die("poison") : recorded(envelope, nth)))
      const stage = new Stage(stuck)
      return Effect.gen(function* () {
        for (let n = 0; n < 3; n += 1) yield* runningUnder(gone, 0)
        yield* scheduled(900)
        yield* TestClock.adjust(1)
        yield* Effect.forkChild(looping)
        yield* TestClock.adjust(0)
        assert.deepStrictEqual([stuck.asked.length, stage.heard()], [0, [900]])
        yield* TestClock.adjust(6_000)
        assert.strictEqual(stuck.asked.length, 3)
        yield* TestClock.adjust(100)
        assert.lengthOf(stuck.asked, 6)
      }).pipe(Effect.provide(stage.layer))
    },
    { tags: ["ADR-0012.4"] }
  )
})
