/** Whose turn it is among payloads in hand, and how many there may be. */
import { assert, it } from "@effect/vitest"
import { TenantId } from "@dueline/contracts/Ids"
import { IngestionId } from "@dueline/contracts/ingestion/Ingestion"
import { Effect } from "effect"
import { makePayloadDesk } from "../src/dropbin/Dropbin.ts"

const tenant = (n: number) => TenantId.make(`00000000-0000-7000-8000-00000000000${n}`)
const payload = (n: number, of: number, target: string) => ({
  tenantId: tenant(of),
  ingestionId: IngestionId.make(`00000000-0000-7000-8000-e2${n.toString(16).padStart(10, "0")}`),
  target
})

const hanging = "slow.example.com"

/** Payloads of the host that hangs are looked at for ever, and others at once. */
const desk = Effect.gen(function* () {
  const begun: Array<number> = []
  const slow = new Set<string>()
  const { size, take } = yield* makePayloadDesk((_tenantId, ingestionId) => {
    begun.push(Number.parseInt(ingestionId.slice(-10), 16))
    return slow.has(ingestionId) ? Effect.never : Effect.succeed({ afterMs: null })
  }, 32)
  return {
    begun,
    size,
    take: (n: number, of: number, target: string) => {
      const one = payload(n, of, target)
      if (target === hanging) slow.add(one.ingestionId)
      take(one)
    }
  }
})

it.effect(
  "a host that hangs gets four places of its tenant, and what lies elsewhere, came with its request or is another tenant's is looked at",
  () =>
    Effect.gen(function* () {
      const { begun, take } = yield* desk
      for (let n = 0; n < 100; n += 1) take(n, 1, hanging)
      yield* Effect.yieldNow
      assert.deepStrictEqual(begun, [0, 1, 2, 3])
      take(200, 1, "")
      take(201, 1, "files.example.com")
      take(202, 2, hanging)
      yield* Effect.yieldNow
      assert.deepStrictEqual(begun.slice(4), [200, 201, 202])
    }),
  { tags: ["ADR-0031.5"] }
)

it.effect(
  "no tenant gets all places or all room, and what is in hand is not taken twice",
  () =>
    Effect.gen(function* () {
      const { begun, size, take } = yield* desk
      for (let n = 0; n < 5_000; n += 1) take(n, 1, hanging)
      take(0, 1, hanging)
      assert.strictEqual(size(), 2_048)
      for (let n = 5_000; n < 5_100; n += 1) take(n, 2, hanging)
      assert.strictEqual(size(), 2_148)
      yield* Effect.yieldNow
      assert.deepStrictEqual(begun, [0, 1, 2, 3, 5_000, 5_001, 5_002, 5_003])
    }),
  { tags: ["ADR-0031.5"] }
)
