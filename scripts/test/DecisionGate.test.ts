import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, assert, beforeEach, describe, it } from "vitest"

// A run of its own, held to two criteria by the real reporters.
const scripts = join(import.meta.dirname, "..")
const config = `
import { DecisionGate } from "${scripts}/DecisionGate.ts"
import { RunTotals } from "${scripts}/RunTotals.ts"
const criteria = [{ id: "ADR-0042.1", sentence: "A nail is in." }, { id: "ADR-0042.2", sentence: "A screw is out." }]
export default {
  test: {
    strictTags: true,
    tags: criteria.map(({ id }) => ({ name: id })),
    reporters: ["default", new DecisionGate(criteria), new RunTotals({
      file: "totals.json",
      refuseUntested: process.env.CI === "true",
      missing: () => process.env.MISSING === undefined ? [] : [process.env.MISSING]
    })]
  }
}
`
let root = ""

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "decision-gate-"))
  mkdirSync(join(root, "node_modules"))
  symlinkSync(join(scripts, "../node_modules/vitest"), join(root, "node_modules/vitest"))
  writeFileSync(join(root, "vitest.config.ts"), config)
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

const run = (tests: string, ci = "false", more: Readonly<Record<string, string>> = {}) => {
  writeFileSync(join(root, "a.test.ts"), `import { it } from "vitest"\n${tests}`)
  const vitest = join(scripts, "../node_modules/vitest/vitest.mjs")
  const env = { ...process.env, CI: ci, NO_COLOR: "1", ...more }
  const { status, stderr, stdout } = spawnSync(process.execPath, [vitest, "run"], { cwd: root, env, encoding: "utf8" })
  const totals: unknown = JSON.parse(readFileSync(join(root, "totals.json"), "utf8"))
  return { status, output: stdout + stderr, totals }
}

const nail = `it("nail", { tags: ["ADR-0042.1"] }, () => undefined)\n`
const screw = `it("screw", { tags: ["ADR-0042.2"] }, () => undefined)\n`

describe("a full run", () => {
  it("passes when every criterion has a passing test", () => {
    const { output, status, totals } = run(nail + screw)
    assert.strictEqual(status, 0, output)
    assert.deepStrictEqual(totals, { passed: 2, failed: 0 })
  })

  it.each([
    ["nobody tests a criterion", nail, /unmet ADR-0042\.2/],
    ["a test of a criterion is skipped", nail + screw.replace("it(", "it.skip("), /unmet ADR-0042\.2.*skipped/],
    ["a second test of a criterion fails", nail + screw + screw.replace("undefined", "{ throw 1 }"), /red ADR-0042\.2/],
    ["a test claims what no decision asks for", nail + screw.replace("0042.2", "0042.3"), /ADR-0042\.3/],
    ["a file does not load", `${nail + screw}throw new Error("not loaded")`, /not loaded/]
  ])("fails when %s", (_, tests, reason) => {
    const { output, status, totals } = run(tests)
    assert.strictEqual(status, 1)
    assert.match(output, reason)
    assert.notDeepEqual(totals, { passed: 2, failed: 0 })
  })

  it("accepts in CI nothing that could not be tested", () => {
    const tests = `${nail + screw}it.skip("a bolt", () => undefined)`
    assert.strictEqual(run(tests).status, 0)
    const { output, status } = run(tests, "true")
    assert.strictEqual(status, 1)
    assert.match(output, /NOT TESTED.*a bolt/)
  })

  it("names the server that could not be had, which CI does not accept even when nothing was skipped for it", () => {
    const missing = { MISSING: "nats-server cannot be had" }
    for (const [ci, expected] of [
      ["false", 0],
      ["true", 1]
    ] as const) {
      const { output, status } = run(nail + screw, ci, missing)
      assert.strictEqual(status, expected)
      assert.match(output, /NOT TESTED.*nats-server cannot be had/)
    }
  })
})
