import { assert, describe, it } from "vitest"
import { parseDecision } from "../Decision.ts"
import { judgeCriteria } from "../DecisionGate.ts"

const record = (change: (text: string) => string = (text) => text) =>
  change(`---
id: ADR-0042
title: Everything is a hammer
status: accepted
date: 2026-11-22
supersedes: []
accept:
  ADR-0042.1: A nail: hit once, is in.
  ADR-0042.2: A screw is left alone.
---

# Everything is a hammer
`)

const parse = (text: string) => parseDecision("ADR-0042-hammer.md", text)

describe("a decision record", () => {
  it("is read with its criteria, colons in a sentence included", () => {
    const decision = parse(record())
    assert.deepStrictEqual(decision.criteria, [
      { id: "ADR-0042.1", sentence: "A nail: hit once, is in." },
      { id: "ADR-0042.2", sentence: "A screw is left alone." }
    ])
    assert.deepStrictEqual(decision.supersedes, [])
  })

  it.each([
    ["an unknown status", (text: string) => text.replace("accepted", "agreed"), /status/],
    ["a malformed date", (text: string) => text.replace("2026-11-22", "22.11.2026"), /date/],
    ["an id that is not the file's", (text: string) => text.replace("id: ADR-0042", "id: ADR-0043"), /file name/],
    ["a criterion of another record", (text: string) => text.replace("ADR-0042.2", "ADR-0041.2"), /should be/],
    ["a gap in the numbers", (text: string) => text.replace("ADR-0042.2", "ADR-0042.3"), /should be/],
    ["a heading that is not the title", (text: string) => text.replace("# Every", "# No"), /heading/],
    ["no criteria", (text: string) => text.replace(/ {2}ADR.*\n/g, ""), /no acceptance criteria/]
  ])("is refused with %s", (_, change, message) => {
    assert.throws(() => parse(record(change)), message)
  })
})

describe("a criterion", () => {
  const criterion = { id: "ADR-0042.1", sentence: "A nail is in." }
  const claim = (state: "passed" | "failed" | "skipped", tags = [criterion.id]) => ({ name: state, tags, state })
  const verdict = (...claims: ReadonlyArray<ReturnType<typeof claim>>) => judgeCriteria([criterion], claims)[0]?.verdict

  it("is green when every test that claims it passed", () => assert.strictEqual(verdict(claim("passed")), "green"))
  it("is unmet when nobody claims it", () => assert.strictEqual(verdict(claim("passed", ["ADR-0001.1"])), "unmet"))
  it("is unmet when one claim was skipped", () =>
    assert.strictEqual(verdict(claim("passed"), claim("skipped")), "unmet"))
  it("is red when one claim failed, even beside a skipped one", () =>
    assert.strictEqual(verdict(claim("passed"), claim("skipped"), claim("failed")), "red"))
})
