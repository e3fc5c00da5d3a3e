/** The memory of streams against a plain map: it may have forgotten, but it is never wrong, and it is bounded. */
import { assert, it } from "@effect/vitest"
import { propertyRuns } from "@dueline/port-contracts/propertyRuns"
import { Schema } from "effect"
import { StreamCache } from "../src/engine/BatchProcessor.ts"

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))
const Step = Schema.Union([
  Schema.TaggedStruct("Set", { key: between(0, 9), sealed: Schema.NullOr(Schema.Literals(["short", "too long"])) }),
  Schema.TaggedStruct("Forget", { key: between(0, 9) })
])

it.prop(
  "a stream is as it was remembered last or not remembered at all, and there are never more than the limit",
  { limit: between(0, 8), steps: Schema.Array(Step) },
  ({ limit, steps }) => {
    const cache = new StreamCache<number, never>(limit, 5)
    const last = new Map<string, number>()
    steps.forEach((step, version) => {
      const key = `${step.key}`
      if (step._tag === "Forget") {
        cache.forget(key)
        last.delete(key)
      } else {
        cache.set(key, { state: version, version, sealed: step.sealed, recent: [] })
        if (step.sealed === "too long") last.delete(key)
        else last.set(key, version)
      }
      for (const [known, entry] of Array.from({ length: 10 }, (_, n) => [`${n}`, cache.get(`${n}`)] as const)) {
        if (entry !== undefined) assert.strictEqual(entry.version, last.get(known))
      }
      assert.isAtMost(cache.size, limit)
    })
  },
  { arbitrary: propertyRuns }
)

it("of many streams the later half is always remembered", () => {
  const cache = new StreamCache<null, never>(100, 5)
  for (let n = 0; n < 1_000; n++) {
    cache.set(`${n}`, { state: null, version: n, sealed: null, recent: [] })
    for (let back = 0; back < Math.min(n, 50); back++) assert.isDefined(cache.get(`${n - back}`))
  }
})
