import { EpochMillis } from "@dueline/contracts/Ids"
import { assert, describe, it } from "@effect/vitest"
import type { HttpClient } from "@dueline/contracts/ports/HttpClient"
import { Clock, Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import { callId, intent, tenant, unavailable, url, world } from "./ExecutionSample.ts"

const slow = (latencyMs: number) => [{ match: url, reply: { status: 200, body: "ok", latencyMs } }]

describe("the heartbeat", () => {
  it.effect("costs nothing when nothing runs, nor for attempts that end soon", () =>
    Effect.gen(function* () {
      const { executor, extended } = yield* world({ rules: slow(1_500) })
      yield* TestClock.adjust("1 minute")
      executor.offer(intent(1, { deadlineAt: 200_000 }))
      yield* TestClock.adjust("1 minute")
      assert.lengthOf(extended, 0)
    })
  )

  it.effect(
    "extends the lease of long attempts, waiting and being recorded included, also after a failure to do so",
    () =>
      Effect.gen(function* () {
        const { executor, extended } = yield* world({
          rules: slow(5_000),
          recordMs: 4_000,
          heartbeatFails: true,
          executor: { concurrency: 1 }
        })
        executor.offer(intent(1, { deadlineAt: 200_000 }))
        executor.offer(intent(2, { deadlineAt: 200_000 }))
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

describe("a lost lease", () => {
  it.effect("keeps an attempt that still waits from being sent, since another worker may have it", () =>
    Effect.gen(function* () {
      const { asked, client, executor } = yield* world({
        rules: slow(11_000),
        heartbeatFails: true,
        executor: { concurrency: 1 }
      })
      executor.offer(intent(1))
      executor.offer(intent(2))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual([client.begun(), asked.length], [1, 2])
      const second = asked.find(({ command }) => command.callId === callId(2))
      assert.deepInclude(second?.command, { _tag: "RecordFailure", reason: "deadline_exceeded", retryable: true })
    })
  )

  it.effect("is not lost while the heartbeat is heard", () =>
    Effect.gen(function* () {
      const { client, executor } = yield* world({ rules: slow(11_000), executor: { concurrency: 1 } })
      executor.offer(intent(1))
      executor.offer(intent(2))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(client.begun(), 2)
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

  it.effect("hands back through bad weather, and no longer than it was given", () =>
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
        assert.isTrue(executor.offer(intent(4)), "its lease has run out: the watchdog sees to it")
      })
  )

  it.effect("hands back nothing whose lease was lost: another worker may have the call", () =>
    Effect.gen(function* () {
      const { asked, executor } = yield* world({
        rules: slow(20_000),
        heartbeatFails: true,
        executor: { concurrency: 1 }
      })
      executor.offer(intent(1))
      executor.offer(intent(2))
      yield* TestClock.adjust(10_000)
      const draining = yield* Effect.forkChild(executor.drain(1_000), { startImmediately: true })
      yield* TestClock.adjust(1_000)
      assert.lengthOf(yield* Fiber.join(draining), 2)
      assert.lengthOf(asked, 0)
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
      assert.isFalse(executor.offer(intent(2, { deadlineAt: 95_000 })))
    })
  )
})

describe("a process that was stopped between taking an attempt and its connection", () => {
  /** A network that takes its time to connect, and asks once more before it writes. */
  const late = (connectMs: number, sentAt: Array<number>): HttpClient["Service"]["send"] =>
    Effect.fnUntraced(function* ({ wanted }) {
      yield* Effect.sleep(connectMs)
      if (!wanted()) return { _tag: "Unanswered", reason: "timeout", detail: "not wanted", durationMs: connectMs }
      sentAt.push(yield* Clock.currentTimeMillis)
      return { _tag: "Answered", status: 200, headers: {}, body: new Uint8Array(0), truncated: false, durationMs: 0 }
    })

  it.effect("sends nothing once the deadline has passed, and says why", () =>
    Effect.gen(function* () {
      const sentAt: Array<number> = []
      const { asked, executor } = yield* world({ send: late(5_000, sentAt) })
      executor.offer(intent(1, { deadlineAt: 4_000, timeoutMs: 3_000 }))
      executor.offer(intent(2, { deadlineAt: 6_000, timeoutMs: 5_500 }))
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(sentAt, [5_000])
      const first = asked.find(({ command }) => command.callId === callId(1))
      assert.deepInclude(first?.command, { _tag: "RecordFailure", reason: "deadline_exceeded", retryable: true })
    })
  )

  it.effect("sends nothing once its lease is lost", () =>
    Effect.gen(function* () {
      const sentAt: Array<number> = []
      const { asked, executor } = yield* world({ send: late(11_000, sentAt), heartbeatFails: true })
      executor.offer(intent(1))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(sentAt, [])
      assert.deepInclude(asked[0]?.command, { _tag: "RecordFailure", reason: "deadline_exceeded" })
    })
  )

  it.effect("sends nothing once the attempt's own time is over", () =>
    Effect.gen(function* () {
      const sentAt: Array<number> = []
      const { asked, executor } = yield* world({ send: late(2_000, sentAt) })
      executor.offer(intent(1, { deadlineAt: 200_000, timeoutMs: 2_000 }))
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(sentAt, [])
      assert.deepInclude(asked[0]?.command, { _tag: "RecordFailure", reason: "timeout" })
    })
  )
})
