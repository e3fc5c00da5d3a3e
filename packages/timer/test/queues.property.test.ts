/** The plain queues against plainer ones. */
import { assert, it } from "@effect/vitest"
import { propertyRuns } from "@dueline/port-contracts/propertyRuns"
import * as Sample from "@dueline/port-contracts/Sample"
import { Schema } from "effect"
import { Fifo, TenantLines } from "@dueline/contracts/TenantShares"
import { MinHeap } from "../src/MinHeap.ts"

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

it.prop(
  "what goes into a line comes out in the same order, also when much has come out already",
  { moves: Schema.Array(Schema.Union([Schema.Literal("keep even"), between(-3_000, 3_000)])) },
  ({ moves }) => {
    const line = new Fifo<number>()
    let list: Array<number> = []
    let next = 0
    for (const move of moves) {
      if (move === "keep even") {
        line.keep((n) => n % 2 === 0)
        list = list.filter((n) => n % 2 === 0)
      } else {
        for (let n = 0; n < move; n += 1) {
          line.push(next)
          list.push(next)
          next += 1
        }
        const out = Array.from({ length: Math.max(0, -move) }, () => line.shift()).filter((n) => n !== undefined)
        assert.deepStrictEqual(out, list.splice(0, Math.max(0, -move)))
      }
      assert.deepStrictEqual([line.length, line.first], [list.length, list[0]])
    }
  },
  { arbitrary: propertyRuns }
)

it.prop(
  "a heap gives the smallest first, and of equal ones the one that came first",
  { moves: Schema.Array(Schema.NullOr(between(0, 9))) },
  ({ moves }) => {
    const heap = new MinHeap<{ readonly key: number; readonly nth: number }>()
    let list: Array<{ readonly key: number; readonly nth: number }> = []
    for (const [nth, key] of moves.entries()) {
      const [first] = list.toSorted((a, b) => a.key - b.key || a.nth - b.nth)
      assert.deepStrictEqual(
        [heap.first, heap.firstKey, heap.size],
        [first, first?.key ?? Number.POSITIVE_INFINITY, list.length]
      )
      if (key === null) {
        assert.strictEqual(heap.pop(), first)
        list = list.filter((one) => one !== first)
      } else {
        const value = { key, nth }
        heap.push(key, value)
        list.push(value)
      }
    }
  },
  { arbitrary: { ...propertyRuns, size: 60 } }
)

const tenants = Array.from({ length: 4 }, () => Sample.tenantId())

it.prop(
  "lines of tenants are served by turns, keep each one's order, and leave room for others whatever one of them puts in",
  {
    limit: between(4, 40),
    moves: Schema.Array(Schema.Union([between(0, 3), Schema.Struct({ able: between(0, 15) })]))
  },
  ({ limit, moves }) => {
    const lines = new TenantLines<{ readonly tenantId: string; readonly nth: number }>(limit)
    const waiting = new Map<string, Array<number>>(tenants.map((tenantId) => [tenantId, []]))
    const of = (tenantId: string) => waiting.get(tenantId) ?? []
    const all = () => tenants.flatMap(of)
    /** How often others were served while a tenant waited and might go. */
    const passedOver = new Map<string, number>()
    for (const [nth, move] of moves.entries()) {
      if (typeof move === "number") {
        const tenantId = tenants[move] ?? Sample.tenantId()
        const hasRoom = of(tenantId).length < limit - all().length
        assert.strictEqual(lines.push(tenantId, { tenantId, nth }), hasRoom)
        if (hasRoom) of(tenantId).push(nth)
        continue
      }
      const may = (tenantId: string) => ((move.able >> tenants.findIndex((one) => one === tenantId)) & 1) === 1
      const entry = lines.shift(may)
      const able = tenants.filter((tenantId) => may(tenantId) && of(tenantId).length > 0)
      assert.strictEqual(entry === undefined, able.length === 0)
      if (entry !== undefined) assert.strictEqual(of(entry.tenantId).shift(), entry.nth)
      for (const tenantId of tenants) {
        const served = tenantId === entry?.tenantId || !able.some((one) => one === tenantId)
        passedOver.set(tenantId, served ? 0 : (passedOver.get(tenantId) ?? 0) + 1)
        assert.isBelow(passedOver.get(tenantId) ?? 0, tenants.length)
      }
      assert.strictEqual(lines.size, all().length)
    }
  },
  { arbitrary: { ...propertyRuns, size: 80 }, tags: ["ADR-0027.3"] }
)
