import { EpochMillis } from "@dueline/contracts/Ids"
import { ServiceCallNotFound } from "@dueline/contracts/serviceCall/Command"
import { Overloaded } from "@dueline/contracts/ports/Orchestrator"
import { assert, describe, it } from "@effect/vitest"
import type { StartRequest } from "@dueline/contracts/ports/HttpClient"
import { sealContext } from "@dueline/contracts/ports/Vaults"
import { Effect, Random, Schema } from "effect"
import { TestClock } from "effect/testing"
import type { MockReply } from "../src/egress/MockHttpClient.ts"
import { callId, errorsTold, intent, tenant, unavailable, url, vault, world } from "./ExecutionSample.ts"

const slow = (latencyMs: number) => [{ match: url, reply: { status: 200, body: "ok", latencyMs } }]

describe("an attempt", () => {
  it.effect("is sent and recorded as what came of it, under a name made of call and epoch", () =>
    Effect.gen(function* () {
      const { asked, client, executor } = yield* world({ rules: slow(120) })
      assert.isTrue(executor.offer(intent()))
      yield* TestClock.adjust(120)
      assert.lengthOf(client.sent, 1)
      assert.deepInclude(client.sent[0]?.request, { method: "POST", url, body: "{}", timeoutMs: 30_000 })
      assert.lengthOf(asked, 1)
      assert.strictEqual(asked[0]?.commandId, `result:${callId(1)}:3`)
      assert.strictEqual(asked[0]?.tenantId, tenant)
      assert.deepStrictEqual(asked[0]?.command, {
        _tag: "RecordSuccess",
        callId: callId(1),
        at: EpochMillis.make(120),
        epoch: 3,
        status: 200,
        durationMs: 120,
        response: { bodyBytes: 2, bodySnippet: "ok", truncated: false },
        sentAt: EpochMillis.make(0)
      })
      assert.strictEqual(executor.inFlight(), 0)
    })
  )

  it.effect("sends what was sealed, not what was summarised", () =>
    Effect.gen(function* () {
      const whole = { url, headers: { authorization: "Bearer s3cret" }, body: "secret body" }
      const sealed = vault.seal(whole, sealContext(tenant, callId(1)))
      const { client, executor } = yield* world()
      executor.offer(intent(1, { sealed }))
      assert.strictEqual(client.sent[0]?.request.headers["authorization"], "Bearer s3cret")
      assert.strictEqual(client.sent[0]?.request.body, "secret body")
    })
  )

  it.effect("is handed back, with an error in the log once a minute, while its request cannot be read", () => {
    const { logger, told } = errorsTold()
    return Effect.gen(function* () {
      const { asked, client, executor } = yield* world()
      const sealed = vault.seal({ url, headers: {}, body: null }, sealContext(tenant, callId(2)))
      executor.offer(intent(1, { sealed }))
      executor.offer(intent(3, { request: { ...intent().request, bodyBytes: 3 } }))
      executor.offer(intent(4, { request: { ...intent().request, headers: { authorization: "[redacted]" } } }))
      assert.strictEqual(client.begun(), 0)
      for (const { command } of asked) {
        assert.deepInclude(command, { _tag: "HandBackExecution", reason: "draining", cause: "request_unreadable" })
      }
      assert.deepStrictEqual([asked.length, told.length], [3, 3])
      executor.offer(intent(1, { sealed, epoch: 4 }))
      assert.deepStrictEqual([asked.length, told.length], [4, 3])
      yield* TestClock.adjust("1 minute")
      executor.offer(intent(1, { sealed, epoch: 5 }))
      assert.deepStrictEqual([asked.length, told.length], [5, 4])
    }).pipe(Effect.provide(logger))
  })

  it.effect(
    "keeps no secret of the answer in its record",
    () =>
      Effect.gen(function* () {
        const body = JSON.stringify({ token: "hunter2hunter2", mail: "bob@example.com" })
        const { asked, executor } = yield* world({ rules: [{ match: url, reply: { status: 500, body } }] })
        executor.offer(intent())
        assert.lengthOf(asked, 1)
        assert.notMatch(JSON.stringify(asked), /hunter2|bob@/)
      }),
    { tags: ["ADR-0012.7"] }
  )
})

describe("results", () => {
  const failureOf = Effect.fnUntraced(function* (reply: MockReply) {
    const { asked, executor } = yield* world({ rules: [{ match: url, reply }] })
    executor.offer(intent())
    const command = asked[0]?.command
    if (command === undefined) return assert.fail("nothing was recorded")
    return command
  })

  it.effect("2xx is success, a status of the call's list is worth another attempt, any other is permanent", () =>
    Effect.gen(function* () {
      for (const status of [200, 201, 204, 299])
        assert.strictEqual((yield* failureOf({ status }))._tag, "RecordSuccess")
      for (const status of [429, 503]) {
        assert.deepInclude(yield* failureOf({ status }), {
          _tag: "RecordFailure",
          reason: "http_status",
          status,
          retryable: true
        })
      }
      for (const status of [300, 304, 400, 404, 410, 500]) {
        assert.deepInclude(yield* failureOf({ status }), {
          _tag: "RecordFailure",
          reason: "http_status",
          status,
          retryable: false
        })
      }
    })
  )

  it.effect("trouble on the way is worth another attempt, a refusal of ours or a bad certificate is not", () =>
    Effect.gen(function* () {
      for (const reason of ["timeout", "dns", "connect", "connection_lost"] as const) {
        assert.deepInclude(yield* failureOf({ reason }), { reason, retryable: true, status: null, response: null })
      }
      for (const reason of ["tls", "egress_denied", "redirect_refused"] as const) {
        assert.deepInclude(yield* failureOf({ reason }), { reason, retryable: false })
      }
    })
  )

  it.effect("Retry-After counts where another attempt may follow, and only there", () =>
    Effect.gen(function* () {
      const headers = { "Retry-After": "7" }
      assert.deepInclude(yield* failureOf({ status: 429, headers }), { retryAfterMs: 7_000 })
      assert.deepInclude(yield* failureOf({ status: 400, headers }), { retryAfterMs: null })
    })
  )

  it.effect("the jitter's roll comes from the seed", () =>
    Effect.gen(function* () {
      const roll = Effect.map(failureOf({ status: 503 }), (command) =>
        command._tag === "RecordFailure" ? command.roll : -1
      )
      const [a, b, c] = [
        yield* Random.withSeed(roll, "x"),
        yield* Random.withSeed(roll, "x"),
        yield* Random.withSeed(roll, "y")
      ]
      assert.strictEqual(a, b)
      assert.notStrictEqual(a, c)
      assert.isTrue(a >= 0 && a < 1)
    })
  )
})

describe("recording", () => {
  it.effect("is tried again while the store fails, with the same command, until it succeeds", () =>
    Effect.gen(function* () {
      const refusals = [
        unavailable,
        new Overloaded({ queueLimit: 1 }),
        ...Array.from({ length: 20 }, () => unavailable)
      ]
      const { asked, client, executor } = yield* world({ refusals })
      executor.offer(intent())
      yield* TestClock.adjust("2 minutes")
      assert.lengthOf(asked, 23)
      assert.strictEqual(new Set(asked.map((envelope) => JSON.stringify(envelope))).size, 1)
      assert.lengthOf(client.sent, 1)
      assert.strictEqual(executor.inFlight(), 0)
    })
  )

  it.effect("is over when the answer is no", () =>
    Effect.gen(function* () {
      const { asked, executor } = yield* world({ refusals: [new ServiceCallNotFound({ callId: callId(1) })] })
      executor.offer(intent())
      yield* TestClock.adjust("1 minute")
      assert.lengthOf(asked, 1)
      assert.strictEqual(executor.inFlight(), 0)
    })
  )

  it.effect("does not occupy a slot, up to its own limit", () =>
    Effect.gen(function* () {
      const { client, executor } = yield* world({ recordMs: 1_000, executor: { concurrency: 1, recordingLimit: 3 } })
      for (const n of [1, 2, 3, 4, 5]) executor.offer(intent(n))
      assert.strictEqual(client.begun(), 3)
      assert.strictEqual(executor.slotsFree(), 0)
      yield* TestClock.adjust(1_000)
      assert.strictEqual(client.begun(), 5)
    })
  )
})

describe("slots", () => {
  it.effect("no more requests than slots are on the wire, and the queue has an end", () =>
    Effect.gen(function* () {
      const { client, executor } = yield* world({ rules: slow(100), executor: { concurrency: 2, queueLimit: 3 } })
      assert.deepStrictEqual(
        [1, 2, 3, 4, 5, 6, 7].map((n) => executor.offer(intent(n))),
        [true, true, true, true, true, false, false]
      )
      assert.strictEqual(client.begun(), 2)
      assert.strictEqual(executor.inFlight(), 5)
      yield* TestClock.adjust(100)
      assert.strictEqual(client.begun(), 4)
      for (const n of [8, 6]) assert.isTrue(executor.offer(intent(n)), "the sixth is handed back, and never made")
      yield* TestClock.adjust(300)
      assert.strictEqual(client.sent.length, 6)
    })
  )

  it.effect("an attempt that is offered again after it was recorded is not made twice", () =>
    Effect.gen(function* () {
      const { asked, client, executor } = yield* world()
      executor.offer(intent())
      assert.lengthOf(asked, 1)
      assert.isTrue(executor.offer(intent()))
      yield* TestClock.adjust(9_000)
      assert.isTrue(executor.offer(intent()))
      assert.deepStrictEqual([client.begun(), asked.length], [1, 1])
    })
  )

  it.effect("an attempt that is offered again while it is on its way is not made twice, another epoch of it is", () =>
    Effect.gen(function* () {
      const { asked, client, executor } = yield* world({ rules: slow(100) })
      for (const epoch of [3, 3, 4]) assert.isTrue(executor.offer(intent(1, { epoch })))
      yield* TestClock.adjust(100)
      assert.lengthOf(client.sent, 2)
      assert.lengthOf(asked, 2)
    })
  )

  it.effect("whoever waits for a slot is told when one is free and nothing in the queue wants it", () =>
    Effect.gen(function* () {
      const { executor } = yield* world({ rules: slow(100), executor: { concurrency: 1 } })
      const heard: Array<number> = []
      executor.onSlotFree(() => heard.push(executor.slotsFree()))
      assert.strictEqual(executor.slotsFree(), 1)
      executor.offer(intent(1))
      executor.offer(intent(2))
      assert.strictEqual(executor.slotsFree(), 0)
      yield* TestClock.adjust(100)
      assert.lengthOf(heard, 0)
      yield* TestClock.adjust(100)
      assert.isNotEmpty(heard)
      for (const free of heard) assert.strictEqual(free, 1)
    })
  )

  it.effect.prop(
    "whatever is offered, every attempt taken is recorded exactly once",
    {
      latencies: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 40_000 }))).check(
        Schema.isMaxLength(30)
      ),
      concurrency: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 5 })),
      failures: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 10 }))
    },
    ({ concurrency, failures, latencies }) =>
      Effect.scoped(
        Effect.gen(function* () {
          const { asked, executor } = yield* world({
            rules: [{ match: url, reply: (_, before) => ({ status: 200, latencyMs: latencies[before] ?? 0 }) }],
            refusals: Array.from({ length: failures }, () => unavailable),
            executor: { concurrency, queueLimit: 8 }
          })
          const taken = latencies.map((_, n) => n).filter((n) => executor.offer(intent(n)))
          yield* TestClock.adjust("5 minutes")
          const recorded = new Set(asked.map(({ command }) => command.callId))
          assert.deepStrictEqual([...recorded].sort(), taken.map(callId).sort())
          assert.strictEqual(asked.length, taken.length + Math.min(failures, asked.length - taken.length))
          assert.strictEqual(executor.inFlight(), 0)
        })
      ),
    { arbitrary: { runs: 30 } }
  )
})

describe("time", { tags: ["ADR-0012.8", "ADR-0012.11"] }, () => {
  it.effect("for a request runs from its first byte: what it waited for before costs it nothing", () =>
    Effect.gen(function* () {
      const rules = [{ match: url, reply: { status: 200, connectMs: 9_000, latencyMs: 2_900 } }]
      const { asked, client, executor } = yield* world({ rules, executor: { concurrency: 1 } })
      for (const n of [1, 2]) executor.offer(intent(n, { timeoutMs: 3_000, attempt: 1 }))
      yield* TestClock.adjust(11_900)
      assert.deepStrictEqual(
        client.sent.map(({ request }) => request.timeoutMs),
        [3_000]
      )
      const [back, result] = asked.map(({ command }) => command)
      assert.deepInclude(back, { _tag: "HandBackExecution", callId: callId(2), cause: "no_capacity" })
      assert.deepInclude(result, { _tag: "RecordSuccess", durationMs: 2_900, sentAt: EpochMillis.make(9_000) })
    })
  )

  it.effect("is up for a client that does not keep to its time-out: it is interrupted, and that is recorded once", () =>
    Effect.gen(function* () {
      let interrupted = 0
      const start: StartRequest = ({ wanted }) => {
        wanted()
        return () => interrupted++
      }
      const { asked, executor } = yield* world({ start, executor: { concurrency: 1 } })
      executor.offer(intent())
      yield* TestClock.adjust(34_999)
      assert.strictEqual(interrupted, 0)
      yield* TestClock.adjust(4_001)
      assert.strictEqual(interrupted, 1)
      assert.lengthOf(asked, 1)
      assert.deepInclude(asked[0]?.command, { _tag: "RecordFailure", reason: "deadline_exceeded" })
      assert.strictEqual(executor.inFlight(), 0)
      assert.strictEqual(executor.slotsFree(), 1)
    })
  )

  it.effect("that is up stays up: an answer that comes after all is not recorded beside it", () =>
    Effect.gen(function* () {
      let answer = (): void => undefined
      const start: StartRequest = ({ wanted }, done) => {
        wanted()
        answer = () => done({ _tag: "Unanswered", reason: "connection_lost", detail: "late", durationMs: 40_000 })
        return () => undefined
      }
      const { asked, executor } = yield* world({ start, recordMs: 1_000 })
      executor.offer(intent())
      yield* TestClock.adjust(39_000)
      for (let times = 0; times < 2; times++) {
        answer()
        yield* TestClock.adjust(1_000)
      }
      assert.deepStrictEqual([asked.length, executor.inFlight()], [1, 0])
    })
  )

  it.effect("is not what a wall clock says that steps, forward or back, while a request is on the wire", () =>
    Effect.gen(function* () {
      for (const step of [3_600_000, -3_600_000]) {
        const { asked, client, executor, stepWall } = yield* world({ rules: slow(3_000) })
        executor.offer(intent())
        yield* TestClock.adjust(1_000)
        stepWall(step)
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual([client.begun(), asked.length], [1, 1])
        assert.deepInclude(asked[0]?.command, { _tag: "RecordSuccess", durationMs: 3_000 })
      }
    })
  )

  it.effect("for a place is bounded: then somebody else may try, and no attempt is used up", () =>
    Effect.gen(function* () {
      const { asked, client, executor } = yield* world({ rules: slow(20_000), executor: { concurrency: 1 } })
      for (const n of [1, 2]) executor.offer(intent(n))
      yield* TestClock.adjust(10_000)
      assert.deepStrictEqual([client.begun(), asked.length], [1, 1])
      assert.deepInclude(asked[0]?.command, { _tag: "HandBackExecution", callId: callId(2), cause: "no_capacity" })
    })
  )
})
