/** The memory of attempts: what it must not forget, and that it forgets the rest. */
import { assert, it } from "@effect/vitest"
import { propertyRuns } from "@dueline/port-contracts/propertyRuns"
import { Schema } from "effect"
import { RecentAttempts } from "../src/RecentAttempts.ts"

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

it.prop(
  "an attempt is remembered until its lease has ended",
  { steps: Schema.Array(Schema.Struct({ passedMs: between(0, 4_000), leaseMs: between(1, 20_000) })) },
  ({ steps }) => {
    const recent = new RecentAttempts()
    const leases = new Map<string, number>()
    let now = 1_893_456_000_000
    for (const { leaseMs, passedMs } of steps) {
      now += passedMs
      const key = `attempt ${leases.size}`
      recent.add(key, now + leaseMs, now)
      leases.set(key, now + leaseMs)
      for (const [known, until] of leases) if (until > now) assert.isTrue(recent.has(known), known)
    }
  },
  { arbitrary: propertyRuns }
)

it("an attempt is forgotten when its lease has long ended", () => {
  const recent = new RecentAttempts()
  for (let second = 0; second < 60; second++) recent.add(`of second ${second}`, (second + 10) * 1_000, second * 1_000)
  assert.isFalse(recent.has("of second 30"))
  assert.isTrue(recent.has("of second 50"))
})

it("however long their leases are, only so many attempts are remembered", () => {
  const recent = new RecentAttempts()
  for (let i = 0; i < 250_000; i++) recent.add(`attempt ${i}`, 1_000_000, 0)
  assert.isFalse(recent.has("attempt 0"))
  assert.isTrue(recent.has("attempt 249999"))
})
