import { CorrelationId, IdempotencyKey, OrderId, ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import { assert, it } from "@effect/vitest"
import { Effect, Random, Schema } from "effect"
import { TestClock } from "effect/testing"
import { derivedCallId, derivedId, notificationCallId } from "../src/derivedId.ts"
import { randomUuidV7, randomCorrelationId } from "../src/randomId.ts"

const isCallId = Schema.is(ServiceCallId)

it.effect.prop(
  "a derived id follows from tenant and key, and is a UUID of version 8",
  { tenant: TenantId, key: IdempotencyKey },
  ({ key, tenant }) =>
    Effect.sync(() => {
      const id = derivedCallId(tenant, key)
      assert.isTrue(isCallId(id))
      assert.match(id, /^.{14}8.{4}[89ab]/u)
      assert.strictEqual(derivedCallId(tenant, key), id)
    })
)

it.effect.prop(
  "another tenant or another key is another call",
  { tenant: TenantId, other: TenantId, a: IdempotencyKey, b: IdempotencyKey },
  ({ a, b, other, tenant }) =>
    Effect.sync(() => {
      assert.strictEqual(derivedCallId(tenant, a) === derivedCallId(tenant, b), a === b)
      assert.strictEqual(derivedCallId(tenant, a) === derivedCallId(other, a), tenant === other)
    })
)

it.effect.prop(
  "one key names things of different kinds by different ids, and an order's notifications by one each",
  { tenant: TenantId, key: IdempotencyKey, order: OrderId, other: OrderId },
  ({ key, order, other, tenant }) =>
    Effect.sync(() => {
      const ids = [
        derivedCallId(tenant, key),
        derivedId("customer", tenant, key),
        derivedId("bin", tenant, key),
        derivedId("order", tenant, key),
        notificationCallId(tenant, order, 0),
        notificationCallId(tenant, order, 1)
      ]
      assert.strictEqual(new Set<string>(ids).size, ids.length)
      for (const id of ids) assert.isTrue(Schema.is(ServiceCallId)(id))
      assert.strictEqual(derivedId("bin", tenant, key), derivedId("bin", tenant, key))
      assert.strictEqual(notificationCallId(tenant, order, 0) === notificationCallId(tenant, other, 0), order === other)
    })
)

it.effect.prop(
  "a random id carries the clock, and a seed repeats it",
  {
    seed: Schema.Int,
    millis: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 ** 47 }))
  },
  ({ millis, seed }) =>
    Effect.gen(function* () {
      yield* TestClock.setTime(millis)
      const id = yield* Random.withSeed(randomUuidV7, seed)
      assert.isTrue(isCallId(id))
      assert.match(id, /^.{14}7.{4}[89ab]/u)
      assert.strictEqual(Number.parseInt(id.slice(0, 13).replace("-", ""), 16), millis)
      assert.strictEqual(yield* Random.withSeed(randomUuidV7, seed), id)
      assert.isTrue(Schema.is(CorrelationId)(yield* Random.withSeed(randomCorrelationId, seed)))
    })
)
