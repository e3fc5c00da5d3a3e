import { rememberedMs } from "../src/attempts/Attempt.ts"
import { EpochMillis, WorkerId } from "@dueline/contracts/Ids"
import type { ExecutionRequested } from "@dueline/contracts/Intent"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import {
  callId,
  errorsTold,
  intent,
  tenant,
  unavailable,
  url,
  worker,
  world,
  type WorldOptions
} from "./ExecutionSample.ts"

const slow = (latencyMs: number) => [{ match: url, reply: { status: 200, body: "ok", latencyMs } }]

describe("the heartbeat", () => {
  it.effect("costs nothing when nothing runs, nor for attempts that end soon", () =>
    Effect.gen(function* () {
      const { executor, extended } = yield* world({ rules: slow(1_500) })
      yield* TestClock.adjust("1 minute")
      executor.offer(intent(1))
      yield* TestClock.adjust("1 minute")
      assert.lengthOf(extended, 0)
    })
  )

  it.effect(
    "extends the lease of long attempts, waiting and being recorded included, also after a failure to do so",
    () =>
      Effect.gen(function* () {
        let heartbeats = 0
        const { executor, extended } = yield* world({
          rules: slow(5_000),
          recordMs: 4_000,
          extend: (holdings) =>
            Effect.suspend(() =>
              heartbeats++ === 0 ? Effect.fail(unavailable) : Effect.succeed({ renewed: holdings, gone: [] })
            ),
          executor: { concurrency: 1 }
        })
        executor.offer(intent(1))
        executor.offer(intent(2))
        yield* TestClock.adjust("1 minute")
        const beats = (n: number) =>
          extended.filter(({ holdings }) => holdings.some((holding) => holding.callId === callId(n)))
        assert.deepStrictEqual(
          beats(1).map(({ until }) => until),
          [12_000, 14_000, 16_000, 18_000]
        )
        assert.deepStrictEqual(
          beats(2).map(({ until }) => until),
          [12_000, 14_000, 16_000, 18_000, 20_000, 22_000]
        )
        assert.deepStrictEqual(extended[0]?.holdings[0], { tenantId: tenant, callId: callId(1), epoch: 3 })
      })
  )
})

describe("draining", () => {
  it.effect("waits for what is on the wire, hands back what never left, and takes nothing more", () =>
    Effect.gen(function* () {
      const { asked, client, executor } = yield* world({ rules: slow(3_000), executor: { concurrency: 1 } })
      executor.offer(intent(1))
      executor.offer(intent(2))
      const draining = yield* Effect.forkChild(executor.drain(10_000), { startImmediately: true })
      assert.isFalse(executor.offer(intent(3)))
      assert.strictEqual(executor.slotsFree(), 0)
      // At once: whoever has it next need not wait for what is on the wire here.
      const { command, commandId } = asked[0] ?? assert.fail("nothing was handed back")
      assert.strictEqual(commandId, `back:${callId(2)}:3`)
      const at = EpochMillis.make(0)
      assert.deepStrictEqual(command, {
        _tag: "HandBackExecution",
        callId: callId(2),
        at,
        epoch: 3,
        reason: "draining",
        retryAt: at
      })
      yield* TestClock.adjust(3_000)
      assert.deepStrictEqual(
        (yield* Fiber.join(draining)).map((one) => one.callId),
        [callId(2)]
      )
      assert.strictEqual(client.begun(), 1)
      assert.deepStrictEqual(
        asked.map(({ command }) => command._tag),
        ["HandBackExecution", "RecordSuccess"]
      )
    })
  )

  it.effect("hands back while the store fails, and no longer than it was given", () =>
    Effect.gen(function* () {
      const refusals = Array.from({ length: 1_000 }, () => unavailable)
      const { asked, executor } = yield* world({ rules: slow(1_000), refusals, executor: { concurrency: 1 } })
      for (const n of [1, 2, 3]) executor.offer(intent(n))
      const draining = yield* Effect.forkChild(executor.drain(5_000), { startImmediately: true })
      yield* TestClock.adjust(4_999)
      assert.isUndefined(draining.pollUnsafe())
      yield* TestClock.adjust(1)
      const left = yield* Fiber.join(draining)
      assert.sameMembers(
        left.map((one) => one.callId),
        [1, 2, 3].map(callId)
      )
      const times = asked.length
      assert.isAbove(times, 6)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual([asked.length, executor.inFlight()], [times, 0])
    })
  )

  it.effect(
    "does not deny what it has, or had, or what may have been had: that would be handed back as never sent",
    () =>
      Effect.gen(function* () {
        const { executor } = yield* world({ rules: slow(3_000) })
        executor.offer(intent(1))
        yield* TestClock.adjust(3_000)
        executor.offer(intent(2))
        const draining = yield* Effect.forkChild(executor.drain(10_000), { startImmediately: true })
        assert.deepStrictEqual(
          [1, 2, 3].map((n) => executor.offer(intent(n))),
          [true, true, false]
        )
        yield* TestClock.adjust(7_000)
        yield* Fiber.join(draining)
        assert.isFalse(executor.offer(intent(4, { handedOverAt: -30_000 })), "nothing was forgotten since")
        for (const n of [5, 6]) {
          yield* TestClock.adjust(rememberedMs)
          executor.offer(intent(n))
        }
        const now = 10_000 + 2 * rememberedMs
        assert.isTrue(
          executor.offer(intent(7, { handedOverAt: 0 })),
          "older than what is known: the watchdog sees to it"
        )
        assert.isFalse(executor.offer(intent(8, { handedOverAt: now - rememberedMs / 2 })))
      })
  )

  it.effect(
    "hands back what the store says is its own and no word of came: it was decided while this one was leaving",
    () =>
      Effect.gen(function* () {
        const heldBy = (name: WorkerId, n: number) => ({
          tenantId: tenant,
          callId: callId(n),
          epoch: 3,
          worker: name,
          leaseUntil: 0
        })
        const held = [heldBy(worker, 1), heldBy(worker, 2), heldBy(WorkerId.make("another"), 3)]
        const { asked, executor } = yield* world({ rules: slow(20_000), held })
        executor.offer(intent(1))
        yield* TestClock.adjust(100)
        const draining = yield* Effect.forkChild(executor.drain(5_000), { startImmediately: true })
        yield* TestClock.adjust(7_000)
        yield* Fiber.join(draining)
        const backs = asked.map(({ command }) => [command._tag, "callId" in command ? command.callId : ""])
        assert.deepStrictEqual(backs, [["HandBackExecution", callId(2)]])
        assert.isTrue(executor.offer(intent(2)), "it is not made after that")
        assert.strictEqual(executor.inFlight(), 0)
      })
  )

  it.effect("hands back what has a place and has not left, when the time that was given is over", () =>
    Effect.gen(function* () {
      const rules = [{ match: url, reply: { status: 200, connectMs: 20_000 } }]
      const { asked, client, executor } = yield* world({ rules })
      executor.offer(intent(1))
      const draining = yield* Effect.forkChild(executor.drain(5_000), { startImmediately: true })
      yield* TestClock.adjust(4_999)
      assert.lengthOf(asked, 0)
      yield* TestClock.adjust(1)
      assert.lengthOf(yield* Fiber.join(draining), 1)
      assert.deepStrictEqual([asked.length, client.begun(), executor.inFlight()], [1, 0, 0])
      assert.deepInclude(asked[0]?.command, { _tag: "HandBackExecution", reason: "draining" })
    })
  )

  it.effect("cuts off what does not end in time and hands that back too, unrecorded", () =>
    Effect.gen(function* () {
      const { asked, client, executor } = yield* world({ rules: slow(20_000) })
      executor.offer(intent(1))
      const draining = yield* Effect.forkChild(executor.drain(5_000), { startImmediately: true })
      yield* TestClock.adjust(5_000)
      assert.deepStrictEqual(
        (yield* Fiber.join(draining)).map((one) => one.callId),
        [callId(1)]
      )
      yield* TestClock.adjust(60_000)
      assert.lengthOf(client.sent, 0)
      assert.lengthOf(asked, 0)
      assert.strictEqual(executor.inFlight(), 0)
    })
  )

  it.effect("an executor whose scope closes leaves nothing running", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { asked, client, executor } = yield* Scope.provide(
        world({ rules: slow(1_000), refusals: [unavailable] }),
        scope
      )
      executor.offer(intent(1))
      yield* Scope.close(scope, Exit.void)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual([client.sent.length, asked.length, executor.inFlight()], [0, 0, 0])
      assert.isFalse(executor.offer(intent(2)))
    })
  )
})

describe("a defect", () => {
  const broken = (): never => {
    throw new Error("broken")
  }

  const cases: ReadonlyArray<readonly [string, WorldOptions, Partial<ExecutionRequested>]> = [
    ["of the HTTP client, before it has begun", { start: broken }, {}],
    [
      "of the HTTP client, in its answer",
      {
        start: ({ wanted }, done) => {
          wanted()
          done({
            _tag: "Answered",
            status: 200,
            headers: null as never,
            body: null as never,
            truncated: false,
            durationMs: 0
          })
          return () => undefined
        }
      },
      {}
    ],
    ["of the writer", { recorded: Effect.die("poison") }, {}],
    ["in what it was handed over with", {}, { request: null as never }]
  ]

  for (const [name, options, changes] of cases) {
    it.effect(`${name}, ends that attempt without a record, is told, and keeps no place`, () => {
      const { logger, told } = errorsTold()
      return Effect.gen(function* () {
        const { asked, executor } = yield* world({ ...options, executor: { concurrency: 1 } })
        assert.isTrue(executor.offer(intent(1, changes)))
        yield* TestClock.adjust("1 minute")
        assert.isAtMost(asked.length, options.recorded === undefined ? 0 : 1)
        assert.deepStrictEqual([executor.inFlight(), executor.slotsFree()], [0, 1])
        assert.isTrue(executor.offer(intent(1)), "it is not made again")
        // What it sent is not known: whoever asks must not be told that nothing was.
        assert.strictEqual(yield* executor.recall({ tenantId: tenant, callId: callId(1), epoch: 3 }), "sent")
        assert.isNotEmpty(told)
      }).pipe(Effect.provide(logger))
    })
  }
})
