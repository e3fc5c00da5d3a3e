/** A short run of the load proof against the real program. What is measured is left alone: a test judges no speed. */
import { assert, describe, it } from "@effect/vitest"
import { judge } from "../src/courier/judge.ts"
import { prove } from "../src/courier/proof.ts"
import { plots, tables } from "../src/courier/report.ts"

describe("under a load of signed events that are sent again and out of order", () => {
  it("every accepted event ends, once, although the database crashes and the program is killed", {
    timeout: 300_000,
    tags: ["ADR-0030.7"]
  }, async () => {
    const run = await prove({
      seed: 11,
      rate: 30,
      burst: 60,
      concurrency: 30,
      duplicates: 0.3,
      seconds: 2,
      phases: ["burst", "recovery"],
      say: () => undefined
    })
    const verdicts = judge(run.evidence, { p95Ms: Number.POSITIVE_INFINITY })
    for (const { findings, sentence } of verdicts) assert.deepStrictEqual(findings, [], sentence)
    assert.isAbove(run.evidence.ingestions.length, 100)
    assert.include(tables(run, verdicts), "| recovery | 60 |")
    for (const svg of Object.values(plots(run))) assert.match(svg, /^<svg [\s\S]*<polyline [\s\S]*<\/svg>\n$/u)
  })
})
