import { assert, describe, it } from "vitest"
import { parsePropertyRun } from "../propertyRuns.ts"

describe("pnpm test:property", () => {
  it("takes the number of runs, the seed and parts of file names", () =>
    assert.deepStrictEqual(parsePropertyRun(["decide", "--runs", "5000", "--seed", "42"]), {
      runs: 5000,
      seed: 42,
      files: ["decide"]
    }))

  it("draws a seed that it can be given again", () => {
    const run = parsePropertyRun([])
    assert.isObject(run)
    if (typeof run === "string") return
    assert.deepStrictEqual(parsePropertyRun(["--seed", String(run.seed)]), run)
  })

  it.each([
    [["--runs", "0"], /--runs/],
    [["--runs", "many"], /--runs/],
    [["--runs", "1e3"], /--runs/],
    [["--runs", "99999999"], /--runs/],
    [["--seed", "-1"], /seed/],
    [["--seed", "4294967296"], /--seed/],
    [["--seeds", "1"], /seeds/],
    [["--runs"], /runs/]
  ])("refuses %j with the reason", (args, reason) => {
    const answer = parsePropertyRun(args)
    assert.isString(answer)
    assert.match(String(answer), reason)
  })
})
