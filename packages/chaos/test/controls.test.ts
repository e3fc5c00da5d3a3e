/** How the run of all controls is judged; `pnpm chaos --controls` makes it. */
import { assert, describe, it } from "@effect/vitest"
import { type CheckerName, checkers, type Finding } from "../src/checkers.ts"
import { wrongIn } from "../src/controlRuns.ts"
import { together } from "../src/sabotages.ts"

/** As a run finds them in which every checker finds its own. */
const all: ReadonlyArray<Finding> = Object.values(together).map(({ digit, finds }) => ({
  checker: finds,
  callId: digit === null ? null : `${digit}7`,
  detail: "it is broken"
}))

describe("the run of all controls", () => {
  it("has one for every checker, and is content when each has found its own", () => {
    const biting = new Set(Object.values(together).map(({ finds }) => finds))
    assert.deepStrictEqual(
      (Object.keys(checkers) as ReadonlyArray<CheckerName>).filter((name) => !biting.has(name)),
      []
    )
    assert.deepStrictEqual(wrongIn(all, together), [])
  })

  it("names the checker that found nothing, or only what another control has broken", () => {
    const control = together["call deleted"]
    const others = all.filter(({ checker }) => checker !== control?.finds)
    const missed = ['"nothing accepted is lost" has missed "call deleted"']
    assert.deepStrictEqual(wrongIn(others, together), missed)
    const elsewhere: Finding = { checker: "nothing accepted is lost", callId: "b7", detail: "it is broken" }
    assert.deepStrictEqual(wrongIn([...others, elsewhere], together), missed)
  })

  it("names what is found about calls that were left alone", () => {
    const innocent: Finding = { checker: "tenants are apart", callId: "17", detail: "a row" }
    assert.deepStrictEqual(wrongIn([...all, innocent], together), [
      '"tenants are apart" found a row about 17, which was left alone'
    ])
  })
})
