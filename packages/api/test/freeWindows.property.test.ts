import { formatDuration, parseDelay } from "@dueline/contracts/api/Wire"
import { freeWindows } from "@dueline/contracts/order/scheduleConflict"
import type { TimeWindow } from "@dueline/contracts/order/Order"
import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))
const Busy = Schema.Array(Schema.Struct({ from: between(-40, 60), length: between(1, 15) })).check(
  Schema.isMaxLength(12)
)
const inputs = { busy: Busy, from: between(-20, 40), length: between(1, 12), now: between(-60, 60) }

interface Case {
  readonly spans: ReadonlyArray<{ readonly from: number; readonly to: number }>
  readonly window: TimeWindow
  readonly found: ReadonlyArray<TimeWindow>
  readonly isFree: (begin: number) => boolean
}

const caseOf = ({ busy, from, length, now }: Schema.Schema.Type<Schema.Struct<typeof inputs>>): Case => {
  const spans = busy.map((one) => ({ from: one.from, to: one.from + one.length }))
  const window = { from, to: from + length } as TimeWindow
  const isFree = (begin: number) =>
    begin >= now && spans.every((span) => span.to <= begin || begin + length <= span.from)
  return { spans, window, found: freeWindows(spans, window, now), isFree }
}

it.effect.prop("what is proposed is free, as long as the wanted window, and not in the past", inputs, (given) =>
  Effect.sync(() => {
    const { found, isFree } = caseOf(given)
    assert.isAtMost(found.length, 4)
    for (const { from, to } of found) {
      assert.strictEqual(to - from, given.length)
      assert.isTrue(isFree(from), `${from} is taken`)
    }
    assert.strictEqual(new Set(found.map(({ from }) => from)).size, found.length)
  })
)

it.effect.prop("on either side nothing nearer than the first proposal is free", inputs, (given) =>
  Effect.sync(() => {
    const { found, isFree, window } = caseOf(given)
    // All moments that could matter: further away nothing is taken any more.
    const free = Array.from({ length: 300 }, (_, n) => n - 120).filter(isFree)
    const before = free.filter((begin) => begin < window.from).at(-1)
    const after = free.find((begin) => begin >= window.from)
    const proposed = found.map(({ from }) => from)
    if (after !== undefined) assert.include(proposed, after)
    // Where the wanted window is free, its gap has no other proposal.
    if (before !== undefined && after !== window.from) assert.include(proposed, before)
    const distances = proposed.map((begin) => Math.abs(begin - window.from))
    assert.deepStrictEqual(
      distances,
      distances.toSorted((a, b) => a - b)
    )
    assert.isAtMost(proposed.filter((begin) => begin < window.from).length, 2)
    assert.isAtMost(proposed.filter((begin) => begin >= window.from).length, 2)
  })
)

it("a bin that is held for ever has no free window", () => {
  const always = [{ from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY }]
  assert.deepStrictEqual(freeWindows(always, { from: 0, to: 1 } as TimeWindow, 0), [])
})

it.effect.prop("a duration is read again as it was answered", { millis: between(0, 31 * 86_400_000) }, ({ millis }) =>
  Effect.sync(() => {
    assert.strictEqual(parseDelay(formatDuration(millis)), millis, formatDuration(millis))
  })
)
