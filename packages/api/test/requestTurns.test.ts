import { TenantId } from "@dueline/contracts/Ids"
import { assert, describe, it } from "@effect/vitest"
import { RequestTurns } from "../src/server/RequestPlaces.ts"

const a = TenantId.make("11111111-1111-4111-8111-111111111111")
const b = TenantId.make("22222222-2222-4222-8222-222222222222")

/** Turns of an event loop that is run by hand. */
const world = () => {
  const done: Array<string> = []
  const immediates: Array<() => void> = []
  const turns = new RequestTurns<string>(
    (entry) => done.push(entry),
    (act) => immediates.push(act)
  )
  const turn = () => {
    for (const act of immediates.splice(0)) act()
  }
  return { done, immediates, turn, turns }
}

describe("requests by turns", { tags: ["ADR-0027.6"] }, () => {
  it("the first few are worked off as they come, the others in later turns of the event loop, none twice", () => {
    const { done, immediates, turn, turns } = world()
    for (let n = 0; n < 64; n += 1) turns.push(a, 200, `a${n}`)
    const atOnce = done.length
    assert.isAbove(atOnce, 0)
    assert.isBelow(atOnce, 32)
    let other = 0
    while (immediates.length > 0) {
      immediates.push(() => (other += 1))
      turn()
    }
    assert.isAtLeast(other, 64 / atOnce - 1, "whatever else waits gets its turn in between")
    assert.deepStrictEqual(
      done,
      Array.from({ length: 64 }, (_, n) => `a${n}`)
    )
  })

  it("one tenant's request is among the next few, however many of another's came before it", () => {
    const { done, turn, turns } = world()
    for (let n = 0; n < 64; n += 1) turns.push(a, 200, `a${n}`)
    const before = done.length
    turns.push(b, 200, "b")
    assert.notInclude(done, "b")
    turn()
    assert.isAtMost(done.indexOf("b") - before, 1)
  })

  it("a large one takes the time of many, and is not put off for ever", () => {
    const { done, turn, turns } = world()
    turns.push(a, 100_000, "large")
    turns.push(a, 100_000, "large too")
    turns.push(b, 200, "small")
    assert.deepStrictEqual(done, ["large"])
    turn()
    assert.deepStrictEqual(done, ["large", "large too"])
    turn()
    assert.deepStrictEqual(done, ["large", "large too", "small"])
  })

  it("a turn in which nothing came leaves nothing behind", () => {
    const { done, immediates, turn, turns } = world()
    turns.push(a, 200, "one")
    turn()
    assert.strictEqual(immediates.length, 0)
    turns.push(a, 200, "two")
    assert.deepStrictEqual(done, ["one", "two"])
  })
})
