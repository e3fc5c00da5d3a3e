/** In which order the dispatcher sends what it has: that of the commits, several at once, and a stream never out of order. */
import * as Sample from "@dueline/port-contracts/Sample"
import { assert, it } from "@effect/vitest"
import { Effect, Random } from "effect"
import { pass, payloadsOf, refused, scripted, world } from "./DispatcherWorld.ts"

it.effect(
  "messages of a tenant leave in the order of their commits, several at once, never two of one stream",
  () =>
    Effect.gen(function* () {
      const [busy, left]: [Array<string>, Array<unknown>] = [[], []]
      let most = 0
      const { arrived, bus } = scripted(({ payload, streamId }) =>
        Effect.gen(function* () {
          assert.notInclude(busy, streamId)
          left.push(payload)
          busy.push(streamId)
          most = Math.max(most, busy.length)
          yield* Effect.sleep(yield* Random.nextIntBetween(1, 5))
          busy.splice(busy.indexOf(streamId), 1)
        })
      )
      const { commit } = yield* world({ bus, options: { window: 4 } })
      const tenant = Sample.tenantId()
      const calls = Array.from({ length: 6 }, () => Sample.target(tenant))
      const roll = Effect.map(Random.next, (n) => calls[Math.floor(n * calls.length)] ?? Sample.target(tenant))
      for (let n = 0; n < 60; n += 1) yield* commit(yield* roll, n)
      yield* pass(1_000)
      assert.deepStrictEqual(
        left,
        Array.from({ length: 60 }, (_, n) => n)
      )
      assert.lengthOf(arrived, 60)
      assert.strictEqual(most, 4)
    }),
  { tags: ["ADR-0008.2"] }
)

it.effect(
  "behind a message that has to be retried its stream waits, and nothing else of its tenant",
  () =>
    Effect.gen(function* () {
      const [a, other] = [Sample.target(), Sample.target()]
      const b = { ...other, tenantId: a.tenantId }
      const { arrived, attempts, bus } = scripted(({ payload }, attempt) =>
        payload === "a1" && attempt <= 3 ? refused : Effect.void
      )
      const { commit } = yield* world({ bus })
      yield* commit(a, "a1", "a2")
      yield* commit(b, "b1")
      yield* pass(1)
      assert.deepStrictEqual(payloadsOf(arrived), ["b1"])
      yield* commit(a, "a3")
      yield* pass(10_000)
      assert.deepStrictEqual(payloadsOf(arrived), ["b1", "a1", "a2", "a3"])
      assert.deepStrictEqual([...attempts.values()], [4, 1, 1, 1])
    }),
  { tags: ["ADR-0008.2"] }
)
