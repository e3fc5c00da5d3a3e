/** The dispatcher under whatever trouble bus and store can make. */
import * as Sample from "@dueline/port-contracts/Sample"
import { propertyRunsTimes } from "@dueline/port-contracts/propertyRuns"
import { assert, it } from "@effect/vitest"
import { Effect, Random, Schema } from "effect"
import { flaky, pass, payloadsOf, refused, scripted, world } from "./DispatcherWorld.ts"

const small = (maximum: number) => Schema.Int.check(Schema.isBetween({ minimum: 0, maximum }))
const Action = Schema.Struct({ call: small(4), messages: small(3), wait: small(300), woken: Schema.Boolean })

it.effect.prop(
  "whatever fails and whenever, every message arrives, those of a stream in order",
  { seed: small(1_000_000), actions: Schema.Array(Action).check(Schema.isMaxLength(20)) },
  ({ actions, seed }) =>
    Effect.gen(function* () {
      const { calls, outbox } = flaky()
      const { arrived, bus } = scripted((_, attempt) =>
        Effect.gen(function* () {
          yield* Effect.sleep(yield* Random.nextIntBetween(0, 40))
          // Nine failures are the most that a message survives.
          if (attempt <= 5 && (yield* Random.next) < 0.4) return yield* refused
          if ((yield* Random.next) < 0.1) calls.failing = 2
        })
      )
      const { store, wake } = yield* world({ bus, outbox, options: { batch: 3, held: 9 } })
      const tenants = [Sample.tenantId(), Sample.tenantId()] as const
      const targets = [0, 1, 2, 3, 4].map((n) => Sample.target(tenants[n % 2]))
      const written = targets.map((): Array<number> => [])
      for (const { call, messages, wait, woken } of actions) {
        const [target, log] = [targets[call], written[call]]
        if (target === undefined || log === undefined) continue
        for (let n = 0; n < messages; n += 1) {
          const commit = Sample.commit(target, { expectedVersion: log.length, outbox: [Sample.message(log.length)] })
          yield* store.persistence.commit([commit])
          log.push(log.length)
        }
        if (woken) yield* wake
        yield* pass(wait)
      }
      yield* pass(600_000)
      for (const [index, target] of targets.entries()) {
        const got = arrived.filter(({ streamId }) => streamId === Sample.streamOf(target.callId))
        assert.deepStrictEqual(payloadsOf(got), written[index])
      }
      assert.lengthOf(store.dump().outbox, 0)
      assert.lengthOf(store.dump().dead, 0)
    }).pipe(Effect.scoped, Random.withSeed(seed)),
  { arbitrary: propertyRunsTimes(0.6), tags: ["ADR-0008.2"], timeout: 60_000 }
)
