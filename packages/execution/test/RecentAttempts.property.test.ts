/** The memory of attempts: what it must not forget, and that it forgets the rest. */
import { assert, it } from "@effect/vitest"
import { propertyRuns } from "@dueline/port-contracts/propertyRuns"
import { Schema } from "effect"
import { RecentAttempts, rememberedMs, UnrecordedAttempts } from "../src/attempts/Attempt.ts"

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

it.prop(
  "an attempt is remembered for two minutes, whatever else is made meanwhile, and it is said how far that goes back",
  { steps: Schema.Array(between(0, 48_000)) },
  ({ steps }) => {
    const recent = new RecentAttempts()
    const made = new Map<string, number>()
    let elapsed = 1_000
    for (const passed of steps) {
      elapsed += passed
      const key = `attempt ${made.size}`
      recent.add(key, elapsed)
      made.set(key, elapsed)
      assert.isAtMost(recent.completeSince, elapsed - rememberedMs)
      for (const [known, at] of made) if (at > recent.completeSince) assert.isTrue(recent.has(known), known)
    }
  },
  { arbitrary: propertyRuns }
)

it("an attempt is forgotten when that is long over", () => {
  const recent = new RecentAttempts()
  for (let second = 0; second < 480; second++) recent.add(`of second ${second}`, second * 1_000)
  assert.isFalse(recent.has("of second 200"))
  assert.isTrue(recent.has("of second 360"))
})

it("only so many attempts are remembered", () => {
  const recent = new RecentAttempts()
  for (let i = 0; i < 250_000; i++) recent.add(`attempt ${i}`, 0)
  assert.isFalse(recent.has("attempt 0"))
  assert.isTrue(recent.has("attempt 249999"))
})

it.prop(
  "an attempt without a record is never taken for one that never came, however many there are, and only so many are kept",
  { ended: Schema.Array(between(0, 40)), asked: between(0, 60) },
  ({ asked, ended }) => {
    const unrecorded = new UnrecordedAttempts(4)
    for (const n of ended) {
      unrecorded.add(`attempt ${n}`)
      assert.isAtMost(unrecorded.size, 4)
    }
    for (const n of ended) assert.isTrue(unrecorded.mayHave(`attempt ${n}`))
    if (new Set(ended).size < 4) assert.strictEqual(unrecorded.mayHave(`attempt ${asked}`), ended.includes(asked))
  },
  { arbitrary: propertyRuns }
)
