/** Attempts mean requests: what never left is handed back, whatever stood still, and what left is recorded. */
import type { Extended, Holding } from "@dueline/contracts/ports/Backlog"
import { assert, describe, it } from "@effect/vitest"
import { propertyRunsTimes } from "@dueline/port-contracts/propertyRuns"
import { Clock, Context, Effect, Fiber, Layer, Schema } from "effect"
import { CircuitBreakerStore } from "effect/persistence/CircuitBreaker"
import { TestClock } from "effect/testing"
import { layerStoreMemory } from "../src/attempts/Circuits.ts"
import { callId, intent, tenant, url, type World, world, type WorldOptions } from "./ExecutionSample.ts"

const answering = (connectMs = 0, latencyMs = 0) => [{ match: url, reply: { status: 200, connectMs, latencyMs } }]

/** A store that can stand still: then it says nothing until it goes on, and what it was asked meanwhile it answers then. */
const pausing = (verdict: (holdings: ReadonlyArray<Holding>) => Extended = (renewed) => ({ renewed, gone: [] })) => {
  let still = false
  const waiting: Array<() => void> = []
  return {
    stop: () => {
      still = true
    },
    goOn: () => {
      still = false
      for (const wake of waiting.splice(0)) wake()
    },
    extend: (holdings: ReadonlyArray<Holding>) =>
      Effect.callback<Extended>((resume) => {
        const answer = () => resume(Effect.sync(() => verdict(holdings)))
        if (still) waiting.push(answer)
        else answer()
      })
  }
}

const summaries = ({ asked }: World) =>
  asked.map(({ command }) =>
    command._tag === "HandBackExecution" ? `back ${command.cause ?? command.reason}` : command._tag
  )

const holding = (n = 1): Holding => ({ tenantId: tenant, callId: callId(n), epoch: 3 })
const gone = (holdings: ReadonlyArray<Holding>): Extended => ({ renewed: [], gone: holdings })

describe("a store that stands still", { tags: ["ADR-0012.8", "ADR-0012.11"] }, () => {
  it.effect("between the handing over and its word keeps requests back, and costs no attempt when it goes on", () =>
    Effect.gen(function* () {
      const store = pausing()
      const on = yield* world({ rules: answering(), extend: store.extend })
      yield* TestClock.adjust(12_000)
      store.stop()
      for (const n of [1, 2, 3]) on.executor.offer(intent(n, { handedOverAt: 0, attempt: 1 }))
      yield* TestClock.adjust(8_000)
      assert.deepStrictEqual([on.client.begun(), on.asked.length], [0, 0])
      store.goOn()
      // A heartbeat that was given up meanwhile is followed by another.
      yield* TestClock.adjust(4_000)
      assert.deepStrictEqual(summaries(on), ["RecordSuccess", "RecordSuccess", "RecordSuccess"])
      assert.strictEqual(on.client.begun(), 3)
    })
  )

  it.effect("while a connection is made keeps the request back until the lease is confirmed", () =>
    Effect.gen(function* () {
      const store = pausing()
      const on = yield* world({ rules: answering(5_000), extend: store.extend })
      store.stop()
      on.executor.offer(intent())
      yield* TestClock.adjust(19_000)
      assert.strictEqual(on.client.begun(), 0)
      store.goOn()
      yield* TestClock.adjust(10_000)
      assert.deepStrictEqual([on.client.begun(), ...summaries(on)], [1, "RecordSuccess"])
    })
  )

  it.effect("while a request is on the wire changes nothing about it", () =>
    Effect.gen(function* () {
      const store = pausing()
      const on = yield* world({ rules: answering(0, 20_000), extend: store.extend })
      on.executor.offer(intent())
      store.stop()
      yield* TestClock.adjust(20_000)
      assert.deepStrictEqual(summaries(on), ["RecordSuccess"])
    })
  )
})

describe("a call that is not this worker's any more", { tags: ["ADR-0012.8"] }, () => {
  it.effect("is not sent: whoever gave it up hears that nothing was", () =>
    Effect.gen(function* () {
      const on = yield* world({ rules: answering(), extend: pausing(gone).extend })
      yield* TestClock.adjust(12_000)
      on.executor.offer(intent(1, { handedOverAt: 0 }))
      for (let turn = 0; turn < 5; turn += 1) yield* TestClock.adjust(0)
      assert.deepStrictEqual([on.client.begun(), ...summaries(on)], [0, "back lease_unconfirmed"])
      assert.strictEqual(on.executor.inFlight(), 0)
    })
  )

  it.effect("and waits for its place or its connection is withdrawn there", () =>
    Effect.gen(function* () {
      const on = yield* world({ rules: answering(9_000), extend: pausing(gone).extend, executor: { concurrency: 1 } })
      for (const n of [1, 2]) on.executor.offer(intent(n))
      yield* TestClock.adjust(2_000)
      assert.deepStrictEqual(summaries(on), ["back lease_unconfirmed", "back lease_unconfirmed"])
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(on.client.begun(), 0)
    })
  )

  it.effect("and was sent is recorded as what came of it", () =>
    Effect.gen(function* () {
      const on = yield* world({ rules: answering(0, 5_000), extend: pausing(gone).extend })
      on.executor.offer(intent())
      yield* TestClock.adjust(5_000)
      assert.deepStrictEqual(summaries(on), ["RecordSuccess"])
    })
  )
})

describe("a reason of our own", { tags: ["ADR-0012.8"] }, () => {
  it.effect("is told as such and not as a failure", () =>
    Effect.gen(function* () {
      for (const reason of ["no_capacity", "name_unanswered"] as const) {
        const on = yield* world({ rules: [{ match: url, reply: { notSent: reason, connectMs: 300 } }] })
        on.executor.offer(intent())
        yield* TestClock.adjust(300)
        assert.deepStrictEqual(summaries(on), [`back ${reason}`])
      }
    })
  )

  it.effect("is not what the target's side says: a call to a dead host must come to an end", () =>
    Effect.gen(function* () {
      for (const reason of ["dns", "connect", "tls", "egress_denied"] as const) {
        const on = yield* world({ rules: [{ match: url, reply: { reason } }] })
        on.executor.offer(intent())
        assert.deepInclude(on.asked[0]?.command, { _tag: "RecordFailure", reason })
        assert.notProperty(on.asked[0]?.command, "sentAt")
      }
    })
  )
})

describe("an attempt that is called back", { tags: ["ADR-0012.12"] }, () => {
  const recalled = Effect.fnUntraced(function* (on: World, options: { readonly n?: number } = {}) {
    const fiber = yield* Effect.forkChild(on.executor.recall(holding(options.n)), { startImmediately: true })
    yield* TestClock.adjust(0)
    return fiber
  })

  it.effect("before its first byte never leaves, wherever it waits", () =>
    Effect.gen(function* () {
      const cases: ReadonlyArray<[WorldOptions, number]> = [
        [{ rules: answering(3_000) }, 1],
        [{ rules: answering(3_000), executor: { concurrency: 1 } }, 2]
      ]
      for (const [options, n] of cases) {
        const on = yield* world(options)
        for (const each of [1, 2]) on.executor.offer(intent(each, { handedOverAt: 0 }))
        const fiber = yield* recalled(on, { n })
        assert.strictEqual(yield* Fiber.join(fiber), "recalled")
        assert.deepInclude(on.asked[0]?.command, { _tag: "HandBackExecution", callId: callId(n), cause: "recalled" })
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(
          on.client.sent.map(({ request }) => request.headers["dueline-call-id"]),
          [callId(3 - n)]
        )
        // Not even when word of it comes once more.
        assert.isTrue(on.executor.offer(intent(n, { handedOverAt: 0 })))
        yield* TestClock.adjust("1 minute")
        assert.lengthOf(on.client.sent, 1)
        yield* TestClock.setTime(0)
      }
    })
  )

  it.effect("before its time is not sent at it", () =>
    Effect.gen(function* () {
      const on = yield* world({ rules: answering() })
      on.executor.offer(intent(1, { dueAt: 50 }))
      yield* TestClock.adjust(49)
      assert.strictEqual(yield* Fiber.join(yield* recalled(on)), "recalled")
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual([on.client.begun(), ...summaries(on)], [0, "back recalled"])
    })
  )

  it.effect("while its circuit is looked up is not sent when that is done", () =>
    Effect.gen(function* () {
      const sound = Context.get(yield* Layer.build(layerStoreMemory), CircuitBreakerStore)
      const outcomes: Array<string> = []
      const store: CircuitBreakerStore["Service"] = {
        ...sound,
        admit: (key) => Effect.delay(sound.admit(key), 1_000),
        record: (told) =>
          Effect.andThen(
            Effect.sync(() => outcomes.push(told.outcome)),
            sound.record(told)
          )
      }
      const on = yield* world({ rules: answering(), store })
      on.executor.offer(intent())
      assert.strictEqual(yield* Fiber.join(yield* recalled(on)), "recalled")
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual([on.client.begun(), ...summaries(on)], [0, "back recalled"])
      assert.deepStrictEqual(outcomes, ["Ignored"])
    })
  )

  it.effect("is answered only when it is durable that it was handed back", () =>
    Effect.gen(function* () {
      const on = yield* world({ rules: answering(3_000), recordMs: 400, executor: { concurrency: 1 } })
      on.executor.offer(intent())
      const fiber = yield* recalled(on)
      assert.strictEqual(on.executor.slotsFree(), 1, "its place is free at once")
      yield* TestClock.adjust(399)
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust(1)
      assert.strictEqual(yield* Fiber.join(fiber), "recalled")
    })
  )

  it.effect("says of one that never came that nobody will make it, and does not make it when it comes late", () =>
    Effect.gen(function* () {
      const on = yield* world({ rules: answering(0) })
      assert.strictEqual(yield* on.executor.recall(holding()), "unheard")
      assert.strictEqual(yield* on.executor.recall(holding()), "unheard")
      assert.isTrue(on.executor.offer(intent()))
      yield* TestClock.adjust(1_000)
      assert.deepStrictEqual([on.client.begun(), on.executor.inFlight()], [0, 0])
    })
  )

  it.effect("after its first byte is sent", () =>
    Effect.gen(function* () {
      const on = yield* world({ rules: answering(0, 1_000), recordMs: 1_000 })
      on.executor.offer(intent())
      assert.strictEqual(yield* on.executor.recall(holding()), "sent")
      yield* TestClock.adjust(1_500)
      assert.strictEqual(yield* on.executor.recall(holding()), "sent")
      yield* TestClock.adjust(500)
      assert.deepStrictEqual(summaries(on), ["RecordSuccess"])
    })
  )
})

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

const Happening = Schema.Struct({
  passedMs: between(0, 6_000),
  what: Schema.Literals(["stop", "go on", "recall", "step", "offer", "offer", "offer"]),
  n: between(1, 12),
  age: Schema.Literals([0, 0, 1_900, 5_000, 12_000])
})

it.effect.prop(
  "whatever stands still, steps or is called back: of each attempt one thing is told, a result if it left and a hand-back if not",
  {
    story: Schema.Array(Happening).check(Schema.isMaxLength(30)),
    connectMs: Schema.Array(Schema.Literals([0, 20, 3_000, 9_000])).check(Schema.isMinLength(1), Schema.isMaxLength(5)),
    concurrency: between(1, 4)
  },
  ({ concurrency, connectMs, story }) =>
    Effect.scoped(
      Effect.gen(function* () {
        const store = pausing()
        const rules = [
          {
            match: url,
            reply: (_: unknown, before: number) => ({
              status: 200,
              latencyMs: 700,
              connectMs: connectMs[before % connectMs.length] ?? 0
            })
          }
        ]
        const on = yield* world({ rules, extend: store.extend, executor: { concurrency, queueLimit: 20 } })
        const taken = new Set<string>()
        /** Recalled before word of them came: whoever recalled them hands them back. */
        const disowned = new Set<string>()
        let wall = yield* Clock.currentTimeMillis
        for (const { age, n, passedMs, what } of story) {
          yield* TestClock.adjust(passedMs)
          wall += passedMs
          if (what === "stop") store.stop()
          else if (what === "go on") store.goOn()
          else if (what === "recall") {
            const note = (said: string) => Effect.sync(() => said === "unheard" && disowned.add(callId(n)))
            yield* Effect.forkChild(Effect.flatMap(on.executor.recall(holding(n)), note), { startImmediately: true })
          } else if (what === "step") {
            const by = n % 2 === 0 ? 3_600_000 : -3_600_000
            on.stepWall(by)
            wall += by
          } else if (on.executor.offer(intent(n, { handedOverAt: wall - age, dueAt: 0 })) && !disowned.has(callId(n)))
            taken.add(callId(n))
        }
        store.goOn()
        yield* TestClock.adjust("5 minutes")
        const left = on.client.sent.map(({ request }) => request.headers["dueline-call-id"] ?? "")
        assert.deepStrictEqual(left, [...new Set(left)], "nothing leaves twice under one epoch")
        const told = new Map(on.asked.map(({ command }) => [command.callId as string, command._tag]))
        assert.strictEqual(told.size, on.asked.length, "one thing is told of each")
        assert.deepStrictEqual([...told.keys()].sort(), [...taken].sort())
        for (const [id, tag] of told) assert.strictEqual(tag === "RecordSuccess", left.includes(id), id)
        assert.strictEqual(on.executor.inFlight(), 0)
      })
    ),
  { arbitrary: propertyRunsTimes(1), tags: ["ADR-0012.8", "ADR-0012.11"], timeout: 60_000 }
)
