/** How far one tick of the sweep reaches, and what makes it begin anew. */
import { assert, describe, it } from "@effect/vitest"
import { MemoryStore } from "@dueline/port-contracts/memory/MemoryStore"
import * as Sample from "@dueline/port-contracts/Sample"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { makeSweep } from "../src/Sweep.ts"
import { recorded, Scripted } from "./Scripted.ts"
import { end, options, runningUnder, scheduled, Stage } from "./SweepStage.ts"

const upTo = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n)

describe("overdue calls", () => {
  it.effect(
    "are armed some pages further with each tick, and from the front again once the last has been reached",
    () => {
      const stage = new Stage()
      return Effect.gen(function* () {
        const { tick } = yield* makeSweep(options)
        yield* tick
        yield* scheduled(...upTo(1, 14))
        yield* TestClock.adjust(5_000)
        for (const expected of [upTo(1, 6), upTo(7, 12), upTo(13, 14), upTo(1, 6)]) {
          yield* tick
          assert.deepStrictEqual(stage.heard(), expected)
        }
      }).pipe(Effect.provide(stage.layer))
    }
  )

  it.effect("cost no more than their pages in one tick, however many there are", () => {
    const stage = new Stage()
    return Effect.gen(function* () {
      const { tick } = yield* makeSweep(options)
      yield* tick
      yield* scheduled(...upTo(1, 50))
      yield* TestClock.adjust(5_000)
      const before = stage.pages
      yield* tick
      assert.strictEqual(stage.pages - before, options.overduePages + 1)
    }).pipe(Effect.provide(stage.layer))
  })
})

describe("beginning anew", () => {
  it.effect("everything up to the horizon is armed again when it is asked for, whatever was armed before", () => {
    const stage = new Stage()
    return Effect.gen(function* () {
      const { everything, tick } = yield* makeSweep(options)
      yield* scheduled(...upTo(1, 7), 1_000, 1_001)
      yield* tick
      stage.heard()
      yield* tick
      assert.deepStrictEqual(stage.heard(), [])
      yield* everything
      assert.deepStrictEqual(stage.heard(), [...upTo(1, 7), 1_000])
      yield* TestClock.adjust(1)
      yield* tick
      assert.deepStrictEqual(stage.heard(), [1_001])
    }).pipe(Effect.provide(stage.layer))
  })

  it.effect("a clock that was set back leaves no call between the horizon and what was swept before", () => {
    const stage = new Stage()
    return Effect.gen(function* () {
      const { tick } = yield* makeSweep(options)
      yield* TestClock.setTime(10_000)
      yield* tick
      yield* TestClock.setTime(2_000)
      // Beyond the horizon when it is made: nobody but the sweep will arm it.
      yield* scheduled(3_050)
      yield* TestClock.adjust(100)
      yield* tick
      assert.deepStrictEqual(stage.heard(), [3_050])
    }).pipe(Effect.provide(stage.layer))
  })
})

describe("a worker that is lost", () => {
  const [gone, alive] = [Sample.workerId(), Sample.workerId()]

  /** A stage on which a call that is settled has ended. */
  const ending = () => {
    const store: { current: MemoryStore["Service"] } = { current: undefined as never }
    const settled = new Scripted((envelope, nth) =>
      Effect.andThen(
        end({ tenantId: envelope.tenantId, callId: envelope.command.callId }),
        recorded(envelope, nth)
      ).pipe(Effect.provideService(MemoryStore, store.current), Effect.orDie)
    )
    return { settled, stage: new Stage(settled), store }
  }

  it.effect("what it holds is settled at once, whatever the leases say, and nobody else's", () => {
    const stage = new Stage()
    return Effect.gen(function* () {
      const calls = [yield* runningUnder(gone, 60_000, 3), yield* runningUnder(gone, 60_000, 1)]
      yield* runningUnder(alive, 60_000)
      yield* Effect.forkChild((yield* makeSweep(options)).lost(gone), { startImmediately: true })
      assert.deepStrictEqual(
        stage.script.asked.map(({ envelope }) => envelope.commandId),
        [`lost:${calls[0]?.callId}:3`, `lost:${calls[1]?.callId}:1`] as never
      )
      for (const command of stage.script.commands) assert.deepInclude(command, { reason: "worker_lost" } as never)
    }).pipe(Effect.provide(stage.layer))
  })

  it.effect("all of it, also when that is more than a page", () => {
    const { settled, stage, store } = ending()
    return Effect.gen(function* () {
      store.current = yield* MemoryStore
      for (let n = 0; n < 8; n += 1) yield* runningUnder(gone, 60_000)
      yield* Effect.forkChild((yield* makeSweep(options)).lost(gone), { startImmediately: true })
      assert.lengthOf(settled.asked, 8)
    }).pipe(Effect.provide(stage.layer))
  })

  it.effect(
    "also what it is given afterwards, by somebody who has not heard of its end yet",
    () => {
      const { settled, stage, store } = ending()
      return Effect.gen(function* () {
        store.current = yield* MemoryStore
        yield* runningUnder(gone, 60_000)
        yield* Effect.forkChild((yield* makeSweep(options)).lost(gone), { startImmediately: true })
        assert.lengthOf(settled.asked, 1)
        for (const [pause, asked] of [
          [500, 2],
          [2_000, 3]
        ] as const) {
          yield* runningUnder(gone, 60_000)
          yield* TestClock.adjust(pause)
          assert.lengthOf(settled.asked, asked)
        }
      }).pipe(Effect.provide(stage.layer))
    },
    { tags: ["ADR-0014.7"] }
  )
})
