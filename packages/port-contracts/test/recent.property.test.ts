/** What a memory of the latest must not forget, and that it is bounded. */
import { Recent } from "@dueline/contracts/Recent"
import { propertyRuns } from "@dueline/port-contracts/propertyRuns"
import { assert, it } from "@effect/vitest"
import { Schema } from "effect"

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

const everyKey = [...Array(41).keys()]

it.prop(
  "the latest keys are recognised, as many as were asked for; of older ones not more than as many again",
  { count: between(1, 8), keys: Schema.Array(between(0, 40)) },
  ({ count, keys }) => {
    const recent = new Recent<number, true>(count)
    keys.forEach((key, at) => {
      recent.set(key, true)
      for (const known of keys.slice(Math.max(0, at + 1 - count), at + 1)) assert.isTrue(recent.has(known))
      assert.isAtMost(everyKey.filter((known) => recent.has(known)).length, 2 * count)
    })
  },
  { arbitrary: propertyRuns }
)

it("after it was cleared nothing is recognised", () => {
  const recent = new Recent<string, true>(1)
  for (const key of "ab") recent.set(key, true)
  recent.clear()
  assert.deepStrictEqual(
    [..."ab"].map((key) => recent.has(key)),
    [false, false]
  )
})

it("what is made under a key is made once while it is remembered, null too", () => {
  const recent = new Recent<string, null>(2)
  const made: Array<string> = []
  const make = (key: string) => {
    made.push(key)
    return null
  }
  for (const key of "aaba") assert.isNull(recent.getOrMake(key, make))
  assert.deepStrictEqual(made, ["a", "b"])
})
