/** The plain queues against plainer ones. */
import { assert, it } from "@effect/vitest"
import { propertyRuns } from "@dueline/port-contracts/propertyRuns"
import { Schema } from "effect"
import { Fifo } from "../src/Fifo.ts"
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
