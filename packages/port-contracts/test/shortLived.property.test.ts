/** Sets and maps of what comes and goes: what they hold, in which order, and that they keep nothing that has gone. */
import { ShortLivedMap, ShortLivedSet } from "@dueline/contracts/ShortLived"
import { propertyRuns } from "@dueline/port-contracts/propertyRuns"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { execFileSync } from "node:child_process"
import { fileURLToPath } from "node:url"

const key = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 7 }))
const steps = Schema.Array(
  Schema.Union([
    Schema.Struct({ _tag: Schema.Literal("Set"), key, value: Schema.Int }),
    Schema.Struct({ _tag: Schema.Literal("Delete"), key }),
    Schema.Struct({ _tag: Schema.Literal("Clear"), key }),
    Schema.Struct({ _tag: Schema.Literal("DeleteWhileWalking"), key })
  ])
)

it.prop(
  "they hold what the language's own hold, in the same order, also when it is taken out in the middle of a walk",
  { steps },
  ({ steps }) => {
    const [map, set] = [new ShortLivedMap<number, number>(), new ShortLivedSet<object>()]
    const [ownMap, ownSet] = [new Map<number, number>(), new Set<object>()]
    const members = Array.from({ length: 8 }, (_, key) => ({ key }))
    for (const step of steps) {
      const member = members[step.key] ?? {}
      if (step._tag === "Set") {
        for (const each of [map, ownMap]) each.set(step.key, step.value)
        for (const each of [set, ownSet]) each.add(member)
      } else if (step._tag === "Clear") {
        for (const each of [map, ownMap]) each.clear()
      } else if (step._tag === "Delete") {
        assert.strictEqual(map.delete(step.key), ownMap.delete(step.key))
        assert.strictEqual(set.delete(member), ownSet.delete(member))
      } else {
        const seen = [map, ownMap].map((each) => Array.from(each, ([key]) => (each.delete(step.key), key)))
        assert.deepStrictEqual(seen[0], seen[1])
        const walked = [set, ownSet].map((each) => Array.from(each, (one) => (each.delete(member), one)))
        assert.deepStrictEqual(walked[0], walked[1])
      }
      assert.deepStrictEqual([...map], [...ownMap])
      assert.deepStrictEqual([...map.values()], [...ownMap.values()])
      assert.deepStrictEqual([...map.keys()], [...ownMap.keys()])
      assert.deepStrictEqual([...set], [...ownSet])
      assert.deepStrictEqual([map.size, set.size], [ownMap.size, ownSet.size])
      assert.deepStrictEqual([map.has(step.key), map.get(step.key)], [ownMap.has(step.key), ownMap.get(step.key)])
      assert.strictEqual(set.has(member), ownSet.has(member))
    }
  },
  { arbitrary: propertyRuns }
)

/** Of what went through, the share that was still in memory when the young generation alone had been collected again and again. */
const keptBy = (name: string): number =>
  Number(
    execFileSync(
      process.execPath,
      // So large that the old generation is not collected meanwhile.
      [
        "--expose-gc",
        "--initial-heap-size=256",
        "--max-semi-space-size=16",
        "--no-allocation-site-pretenuring",
        passing,
        name
      ],
      { encoding: "utf8", env: {} }
    )
  )
const passing = fileURLToPath(new URL("passing.ts", import.meta.url))

describe("what has gone is collected with the young generation", () => {
  for (const name of ["ShortLivedMap", "ShortLivedSet", "Recent", "Fifo"]) {
    it(`by a ${name}`, { tags: ["ADR-0055.1"] }, () => {
      assert.isBelow(keptBy(name), 0.3)
    })
  }
  for (const name of ["Map", "Set"]) {
    it(`which a ${name} of the language prevents`, () => {
      assert.isAbove(keptBy(name), 0.6)
    })
  }
})
