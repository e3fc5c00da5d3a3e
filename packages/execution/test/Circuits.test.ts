import { EpochMillis, TenantId } from "@dueline/contracts/Ids"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Context, Effect, Layer, Schema } from "effect"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import { TestClock } from "effect/testing"
import { layerStoreMemory } from "../src/attempts/Circuits.ts"
import type { MockReply } from "../src/egress/MockHttpClient.ts"
import { callId, intent, unavailable, url, type World, world } from "./ExecutionSample.ts"

const away: MockReply = { reason: "connect" }
const circuits = { failures: 3 }

/** A target that is away until it is said to be back. */
const target = () => {
  let reply: MockReply = away
  return {
    rules: [{ match: "https://*", reply: () => reply }],
    is: (next: MockReply) => {
      reply = next
    }
  }
}

const asks = ({ asked }: World): ReadonlyArray<string> => asked.map(({ command }) => command._tag)

type HandedBack = Extract<ServiceCallCommand, { readonly _tag: "HandBackExecution" }>
const handedBack = ({ asked }: World): ReadonlyArray<HandedBack> =>
  asked.flatMap(({ command }) => (command._tag === "HandBackExecution" ? [command] : []))

/** Makes attempts at this moment, with deadlines that are far away. */
const offer = ({ executor }: World, ...calls: ReadonlyArray<number>) =>
  Clock.currentTimeMillis.pipe(
    Effect.map((now) => {
      for (const n of calls) assert.isTrue(executor.offer(intent(n, { deadlineAt: now + 35_000 })))
    })
  )

const storeOf = Effect.map(Layer.build(layerStoreMemory), (context) =>
  Context.get(context, CircuitBreaker.CircuitBreakerStore)
)

describe("a circuit", () => {
  it.effect("opens after so many failures in a row; then nothing is sent and the attempt is handed back", () =>
    Effect.gen(function* () {
      const on = yield* world({ rules: target().rules, executor: { circuits } })
      yield* offer(on, 1, 2, 3, 4)
      assert.strictEqual(on.client.begun(), 3)
      assert.deepStrictEqual(asks(on), ["RecordFailure", "RecordFailure", "RecordFailure", "HandBackExecution"])
      assert.strictEqual(on.asked[3]?.commandId, `back:${callId(4)}:3`)
      const [back] = handedBack(on)
      assert.deepInclude(back, { callId: callId(4), epoch: 3, reason: "circuit_open", at: EpochMillis.make(0) })
      assert.isTrue(back !== undefined && back.retryAt >= 5_000 && back.retryAt <= 6_000, `at ${back?.retryAt}`)
      assert.strictEqual(on.executor.inFlight(), 0)
    })
  )

  it.effect("lets one request through when it has been open for long enough, and all once that was answered", () =>
    Effect.gen(function* () {
      const { is, rules } = target()
      const on = yield* world({ rules, executor: { circuits } })
      yield* offer(on, 1, 2, 3)
      yield* TestClock.adjust(5_000)
      is({ status: 200, latencyMs: 700 })
      yield* offer(on, 4, 5, 6)
      assert.strictEqual(on.client.begun(), 4)
      assert.deepStrictEqual(
        handedBack(on).map((back) => back.callId),
        [callId(5), callId(6)]
      )
      yield* TestClock.adjust(700)
      yield* offer(on, 7, 8)
      assert.strictEqual(on.client.begun(), 6)
    })
  )

  it.effect("lets another request through when the one that tries the target is called back", () =>
    Effect.gen(function* () {
      const { is, rules } = target()
      const on = yield* world({ rules, executor: { circuits } })
      yield* offer(on, 1, 2, 3)
      yield* TestClock.adjust(5_000)
      is({ status: 200, connectMs: 3_000 })
      yield* offer(on, 4)
      assert.strictEqual(yield* on.executor.recall(intent(4)), "recalled")
      yield* offer(on, 5)
      yield* TestClock.adjust(3_000)
      assert.strictEqual(asks(on).at(-1), "RecordSuccess")
    })
  )

  it.effect("stays open twice as long each time, up to a minute", () =>
    Effect.gen(function* () {
      const on = yield* world({ rules: target().rules, executor: { circuits } })
      const waits: Array<number> = []
      yield* offer(on, 1, 2, 3)
      let opened = 0
      for (let second = 1; second <= 300; second++) {
        const before = on.client.begun()
        yield* TestClock.adjust(1_000)
        yield* offer(on, 1_000 + second)
        if (on.client.begun() === before) continue
        waits.push(second - opened)
        opened = second
      }
      assert.deepStrictEqual(waits, [5, 10, 20, 40, 60, 60, 60])
    })
  )

  it.effect("never asks for less than a second, however short it is open", () =>
    Effect.gen(function* () {
      const on = yield* world({ rules: target().rules, executor: { circuits: { failures: 1, openMs: 10 } } })
      yield* offer(on, 1, 2)
      assert.deepStrictEqual(
        handedBack(on).map(({ retryAt }) => retryAt),
        [1_000] as ReadonlyArray<number>
      )
    })
  )

  it.effect("that is open costs no slot, however long it takes to hand the attempt back", () =>
    Effect.gen(function* () {
      const executor = { concurrency: 1, circuits: { failures: 1 } }
      const on = yield* world({ rules: target().rules, recordMs: 1_000, executor })
      yield* offer(on, 1, 2, 3)
      assert.deepStrictEqual([on.executor.inFlight(), on.executor.slotsFree()], [3, 1])
      yield* TestClock.adjust(1_000)
      assert.strictEqual(on.executor.inFlight(), 0)
    })
  )

  it.effect("learns nothing from what never left", () =>
    Effect.gen(function* () {
      let reply: MockReply = { notSent: "no_capacity" }
      const rules = [{ match: "https://*", reply: () => reply }]
      const on = yield* world({ rules, executor: { circuits: { failures: 2, openMs: 60_000 } } })
      for (const notSent of ["no_capacity", "name_unanswered"] as const) {
        reply = { notSent }
        yield* offer(on, 1, 2, 3)
      }
      assert.deepStrictEqual(
        handedBack(on).map(({ cause }) => cause),
        [...Array(3).fill("no_capacity")]
      )
      reply = { status: 200 }
      yield* offer(on, 4)
      assert.strictEqual(asks(on).at(-1), "RecordSuccess")
    })
  )

  it.effect("is one of a tenant and a target: others have their own", () =>
    Effect.gen(function* () {
      const on = yield* world({ rules: target().rules, executor: { circuits } })
      yield* offer(on, 1, 2, 3, 4)
      const { request } = intent()
      const another = TenantId.make("00000000-0000-7000-8000-0000000000bb")
      on.executor.offer(intent(5, { tenantId: another }))
      on.executor.offer(intent(6, { request: { ...request, url: "https://target.test:8443/hook" } }))
      assert.strictEqual(on.client.begun(), 5)
      on.executor.offer(intent(7, { request: { ...request, url: "https://TARGET.test/another?path=1" } }))
      assert.strictEqual(on.client.begun(), 5)
    })
  )
})

describe("what counts", () => {
  const opensBy = Effect.fnUntraced(function* (reply: MockReply) {
    const on = yield* world({ rules: [{ match: url, reply }], executor: { circuits: { failures: 2 } } })
    yield* offer(on, 1, 2)
    yield* TestClock.adjust(31_000)
    yield* offer(on, 3)
    return on.client.begun() === 2
  })

  it.effect("no answer, and a gateway's answer, count against a target", () =>
    Effect.gen(function* () {
      for (const reason of ["timeout", "dns", "connect", "connection_lost"] as const) {
        const on = yield* world({ rules: [{ match: url, reply: { reason } }], executor: { circuits } })
        yield* offer(on, 1, 2, 3, 4)
        assert.lengthOf(handedBack(on), 1, reason)
      }
      for (const status of [502, 503, 504]) {
        const on = yield* world({ rules: [{ match: url, reply: { status } }], executor: { circuits } })
        yield* offer(on, 1, 2, 3, 4)
        assert.lengthOf(handedBack(on), 1, `${status}`)
      }
    })
  )

  it.effect("any other answer is a sign of life, and what was refused here is no sign at all", () =>
    Effect.gen(function* () {
      for (const status of [200, 204, 301, 400, 404, 408, 429, 500, 501]) {
        assert.isFalse(yield* opensBy({ status }), `${status}`)
      }
      for (const reason of ["tls", "egress_denied", "redirect_refused"] as const) {
        assert.isFalse(yield* opensBy({ reason }), reason)
      }
    })
  )

  it.effect("an answer between failures starts the count anew, a refusal of ours does not", () =>
    Effect.gen(function* () {
      const { is, rules } = target()
      const on = yield* world({ rules, executor: { circuits } })
      yield* offer(on, 1, 2)
      is({ status: 500 })
      yield* offer(on, 3)
      is(away)
      yield* offer(on, 4, 5)
      is({ reason: "tls" })
      yield* offer(on, 6)
      assert.lengthOf(handedBack(on), 0)
      is(away)
      yield* offer(on, 7, 8)
      assert.lengthOf(handedBack(on), 1)
    })
  )
})

describe("the store of circuits", () => {
  it.effect("is shared by whoever shares it: one trips the circuit, the other sends nothing", () =>
    Effect.gen(function* () {
      const store = yield* storeOf
      const [one, other] = [
        yield* world({ rules: target().rules, executor: { circuits }, store }),
        yield* world({ rules: target().rules, executor: { circuits }, store })
      ]
      yield* offer(one, 1, 2, 3)
      yield* offer(other, 4)
      assert.deepStrictEqual([other.client.begun(), asks(other)], [0, ["HandBackExecution"]])
    })
  )

  it.effect("keeps nobody from sending when it is away", () =>
    Effect.gen(function* () {
      const reason = new CircuitBreaker.CircuitBreakerStoreError({ message: "away" })
      const gone = Effect.fail(new CircuitBreaker.CircuitBreakerError({ reason }))
      const store = { admit: () => gone, record: () => gone, state: () => gone }
      const on = yield* world({ executor: { circuits }, store })
      yield* offer(on, 1, 2, 3, 4, 5)
      assert.deepStrictEqual(
        asks(on),
        [1, 2, 3, 4, 5].map(() => "RecordSuccess")
      )
    })
  )

  it.effect("is asked under names that hold no secret", () =>
    Effect.gen(function* () {
      const sound = yield* storeOf
      const keys = new Set<string>()
      const admit: typeof sound.admit = (key) => {
        keys.add(key)
        return sound.admit(key)
      }
      const on = yield* world({ rules: target().rules, store: { ...sound, admit } })
      for (const [n, secret] of [
        "user:hunter2@target.test/",
        "a:b@hunter2@target.test",
        "target.test/?hunter2"
      ].entries()) {
        on.executor.offer(intent(n, { request: { ...intent().request, url: `https://${secret}` } }))
      }
      assert.deepStrictEqual([...keys], [`${intent().tenantId}/target.test`])
    })
  )
})

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

it.effect.prop(
  "whatever targets and store do, an attempt is either sent and recorded or handed back unsent, and each exactly once",
  {
    replies: Schema.Array(
      Schema.Struct({ fails: Schema.Boolean, latencyMs: between(0, 3_000), pauseMs: between(0, 4_000) })
    ).check(Schema.isMaxLength(30)),
    failures: between(1, 3),
    refusals: between(0, 4)
  },
  ({ failures, refusals, replies }) =>
    Effect.scoped(
      Effect.gen(function* () {
        const sent: Array<string> = []
        const on = yield* world({
          rules: [
            {
              match: (request) => sent.push(request.headers["dueline-call-id"] ?? "") > 0,
              reply: (_, n) => ({
                ...(replies[n]?.fails ? away : { status: 200 }),
                latencyMs: replies[n]?.latencyMs ?? 0
              })
            }
          ],
          refusals: Array.from({ length: refusals }, () => unavailable),
          executor: { concurrency: 3, circuits: { failures, openMs: 2_000 } }
        })
        for (const [n, { pauseMs }] of replies.entries()) {
          yield* offer(on, n)
          yield* TestClock.adjust(pauseMs)
        }
        yield* TestClock.adjust("2 minutes")
        const told = new Map(on.asked.map(({ command }) => [command.callId as string, command._tag]))
        assert.strictEqual(on.asked.length, told.size + Math.min(refusals, on.asked.length - told.size))
        for (const n of replies.keys()) {
          const times = sent.filter((id) => id === callId(n)).length
          assert.strictEqual(times, told.get(callId(n)) === "HandBackExecution" ? 0 : 1)
        }
      })
    ),
  { arbitrary: { runs: 40 } }
)
