/** When the next attempt is due: the law of RetryPolicy's own docstring. */
import { assert, describe, it } from "@effect/vitest"
import { RetryPolicy } from "@dueline/contracts/serviceCall/Spec"
import { Schema } from "effect"
import { propertyRuns } from "@dueline/port-contracts/propertyRuns"
import { backoffMs, retryAfterLimitMs } from "../src/aggregates/service-call/decide.ts"
import { spec } from "./ServiceCallSample.ts"

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))
const anyCase = {
  policy: RetryPolicy,
  attempt: between(1, 50),
  // A dice as drawn: in [0, 1).
  roll: between(0, 9_999),
  retryAfter: Schema.NullOr(between(-1_000, 2 * retryAfterLimitMs))
}

/** The delay without dice. */
const plain = (policy: RetryPolicy, attempt: number): number => {
  let delay = policy.initialDelayMs
  for (let n = 1; n < attempt; n += 1) delay = Math.min(policy.maxDelayMs, delay * policy.multiplier)
  return Math.min(policy.maxDelayMs, delay)
}

describe("backoff", () => {
  it("doubles from the first delay up to the cap", () => {
    const { retry } = spec({ initialDelayMs: 1_000, multiplier: 2, maxDelayMs: 6_000 })
    assert.deepStrictEqual(
      [1, 2, 3, 4, 50].map((attempt) => backoffMs(retry, attempt, 0.9, null)),
      [1_000, 2_000, 4_000, 6_000, 6_000]
    )
  })

  it("spreads to both sides by the policy's share and no further", () => {
    const { retry } = spec({ initialDelayMs: 1_000, jitter: 0.2 })
    assert.deepStrictEqual(
      [0, 0.25, 0.5, 0.75].map((roll) => backoffMs(retry, 1, roll, null)),
      [800, 900, 1_000, 1_100]
    )
  })

  it("waits as long as Retry-After asks, and spreads only to later", () => {
    const { retry } = spec({ initialDelayMs: 1_000, jitter: 0.2 })
    assert.deepStrictEqual(
      [0, 0.5].map((roll) => backoffMs(retry, 1, roll, 30_000)),
      [30_000, 30_100]
    )
  })

  it("does not let a short Retry-After bring the attempt forward", () => {
    assert.strictEqual(backoffMs(spec({ initialDelayMs: 1_000 }).retry, 1, 0.5, 10), 1_000)
  })

  it("is not put off by a target for longer than a day", () => {
    assert.strictEqual(backoffMs(spec({ initialDelayMs: 0 }).retry, 1, 0, 300 * retryAfterLimitMs), retryAfterLimitMs)
  })

  it.prop(
    "is a whole number of milliseconds inside the spread, and never below zero",
    anyCase,
    ({ attempt, policy, roll }) => {
      const delay = backoffMs(policy, attempt, roll / 10_000, null)
      const middle = plain(policy, attempt)
      assert.isTrue(Number.isSafeInteger(delay))
      assert.isAtLeast(delay, 0)
      assert.isAtLeast(delay, Math.floor(middle * (1 - policy.jitter)) - 1)
      assert.isAtMost(delay, Math.ceil(middle * (1 + policy.jitter)) + 1)
    },
    { arbitrary: propertyRuns }
  )

  it.prop(
    "is never shortened by Retry-After, and never shorter than it asks within a day",
    anyCase,
    (given) => {
      const { attempt, policy, retryAfter } = given
      const asked = backoffMs(policy, attempt, given.roll / 10_000, retryAfter)
      assert.isTrue(Number.isSafeInteger(asked))
      assert.isAtLeast(asked, backoffMs(policy, attempt, given.roll / 10_000, null))
      if (retryAfter !== null) assert.isAtLeast(asked, Math.min(Math.max(0, retryAfter), retryAfterLimitMs))
    },
    { arbitrary: propertyRuns }
  )
})
