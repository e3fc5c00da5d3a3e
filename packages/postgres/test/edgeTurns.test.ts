/** Statements of the edge by turns of tenants: who has a connection, who waits, and for how many others. */
import { assert, describe, it } from "@effect/vitest"
import type { TenantId } from "@dueline/contracts/Ids"
import * as Sample from "@dueline/port-contracts/Sample"
import { propertyRuns } from "@dueline/port-contracts/propertyRuns"
import { Deferred, Effect, Exit, Fiber, Schema } from "effect"
import { Turns } from "../src/EdgeTurns.ts"

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

/** Statements that last until they are told to end, in the order in which they began. */
class Pool {
  readonly begun: Array<{ readonly tenantId: TenantId; readonly end: Deferred.Deferred<void> }> = []
  readonly turns: Turns

  constructor(options: ConstructorParameters<typeof Turns>[0]) {
    this.turns = new Turns(options)
  }

  ask(tenantId: TenantId) {
    const statement = Effect.suspend(() => {
      const end = Deferred.makeUnsafe<void>()
      this.begun.push({ tenantId, end })
      return Deferred.await(end)
    })
    return Effect.forkChild(this.turns.run(tenantId, statement), { startImmediately: true })
  }

  /** The nth that began ends, and whoever's turn it is begins. */
  readonly end = (nth: number) =>
    Effect.gen({ self: this }, function* () {
      const one = this.begun[nth]
      if (one !== undefined) yield* Deferred.succeed(one.end, undefined)
      for (let turn = 0; turn < 3; turn += 1) yield* Effect.yieldNow
    })

  count(tenantId: TenantId): number {
    return this.begun.filter((one) => one.tenantId === tenantId).length
  }
}

const [mine, theirs] = [Sample.tenantId(), Sample.tenantId()]
const options = { connections: 4, perTenant: 3, waiting: 1_000 }

describe("statements of the edge", { tags: ["ADR-0027.5"] }, () => {
  it.effect("one tenant's slow ones leave a connection for another's", () =>
    Effect.gen(function* () {
      const pool = new Pool(options)
      for (let n = 0; n < 100; n += 1) yield* pool.ask(theirs)
      assert.strictEqual(pool.count(theirs), 3)
      yield* pool.ask(mine)
      assert.strictEqual(pool.count(mine), 1)
    })
  )

  it.effect("one that finds all connections taken is next, however many of others came before", () =>
    Effect.gen(function* () {
      const pool = new Pool(options)
      const third = Sample.tenantId()
      for (const tenantId of [theirs, third]) for (let n = 0; n < 100; n += 1) yield* pool.ask(tenantId)
      assert.lengthOf(pool.begun, 4)
      yield* pool.ask(mine)
      for (let n = 0; n < 3; n += 1) yield* pool.end(n)
      assert.strictEqual(pool.count(mine), 1)
    })
  )

  it.effect("one that is given up while it waits takes no connection, and one that runs gives it back", () =>
    Effect.gen(function* () {
      const pool = new Pool({ connections: 1, perTenant: 1, waiting: 10 })
      const running = yield* pool.ask(theirs)
      const waiting = yield* pool.ask(mine)
      yield* pool.ask(theirs)
      yield* Fiber.interrupt(waiting)
      yield* Fiber.interrupt(running)
      yield* pool.end(-1)
      assert.deepStrictEqual(
        pool.begun.map(({ tenantId }) => tenantId),
        [theirs, theirs]
      )
      yield* pool.end(1)
      yield* pool.ask(mine)
      assert.strictEqual(pool.count(mine), 1)
    })
  )

  it.effect("one more than may wait of a tenant is refused at once, and another tenant's is not", () =>
    Effect.gen(function* () {
      const pool = new Pool({ ...options, waiting: 20 })
      const all = yield* Effect.forEach(Array.from({ length: 50 }), () => pool.ask(theirs))
      const exits = all.map((fiber) => fiber.pollUnsafe())
      assert.strictEqual(exits.filter((exit) => exit !== undefined && Exit.isFailure(exit)).length, 50 - 3 - 10)
      const one = yield* pool.ask(mine)
      assert.isUndefined(one.pollUnsafe())
    })
  )

  it.effect.prop(
    "never more at once than connections, never more of a tenant than it may, and never a free one beside one that may go",
    { moves: Schema.Array(Schema.Union([between(0, 2), Schema.Struct({ end: between(0, 3) })])) },
    Effect.fnUntraced(function* ({ moves }) {
      const pool = new Pool({ connections: 3, perTenant: 2, waiting: 1_000 })
      const tenants = [mine, theirs, Sample.tenantId()]
      const asked = [0, 0, 0]
      const ended = new Set<number>()
      for (const move of moves) {
        if (typeof move === "number") {
          asked[move] = (asked[move] ?? 0) + 1
          yield* pool.ask(tenants[move] ?? mine)
        } else {
          const running = [...pool.begun.keys()].filter((nth) => !ended.has(nth))
          const nth = running[move.end % Math.max(1, running.length)]
          if (nth === undefined) continue
          ended.add(nth)
          yield* pool.end(nth)
        }
        const running = pool.begun.filter((_, nth) => !ended.has(nth))
        const of = (tenantId: TenantId) => running.filter((one) => one.tenantId === tenantId).length
        assert.isAtMost(running.length, 3)
        for (const [n, tenantId] of tenants.entries()) {
          assert.isAtMost(of(tenantId), 2)
          const waits = (asked[n] ?? 0) - pool.count(tenantId)
          if (waits > 0 && of(tenantId) < 2) assert.strictEqual(running.length, 3)
        }
      }
    }),
    { arbitrary: { ...propertyRuns, size: 40 } }
  )
})
