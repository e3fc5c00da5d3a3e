import { assert, describe, it } from "vitest"
import { coverageProblems } from "../coverage.ts"

const files: Readonly<Record<string, string>> = {
  "packages/api/src/submit.ts": "",
  "packages/api/src/reads.ts": "",
  "packages/api/src/bin/reads.ts": "",
  "packages/api/src/bin/commands.ts": "",
  "packages/api/src/order/commands.ts": "",
  "packages/api/test/submit.test.ts": `it("answers with 202, its address " +\n    "and its version", () => {})\nit('the token\\'s tenant', f)`,
  "packages/nats/src/bus/Topology.ts": "",
  "docs/events.md": ""
}
const tree = {
  files: Object.keys(files),
  read: (path: string) => files[path] ?? "",
  decisions: new Set(["ADR-0026", "ADR-0026.3"])
}
const judge = (...rows: ReadonlyArray<string>) =>
  coverageProblems(["| ID | Code | Tests | State |", "| --- | --- | --- | --- |", ...rows].join("\n"), tree).map(
    (problem) => problem.replace(/^[^:]+:\d+ /u, "")
  )

describe("the table of coverage", () => {
  it.each([
    "| SC-1 submit (ADR-0026.3) | `api/submit` | `api/submit.test` *answers with 202, its address and its version* | done |",
    "| SC-1, SC-2 both | `api/submit`, `bin`; `nats/Topology` | `api/submit.test` *the token's tenant* | part: no more |",
    "| SC-1 elided | `api/reads`, `bin/reads` | `api/submit.test` *answers … its version* | done; `/v1/x`, `PORT`, `dueline x` |",
    "| SC-1 whole packages and pages | `api`; [events](events.md) | `nats/bus` |"
  ])("is accepted where what it names is there: %s", (row) => assert.deepStrictEqual(judge(row), []))

  it.each([
    ["| Submit | `api` | – | done |", "Submit: begins with no requirement and what of it is meant"],
    ["| SC-1 | `api` | – | done |", "SC-1: begins with no requirement and what of it is meant"],
    ["| SC-1 a | `api` | – | nearly |", "SC-1 a: has a note that begins neither with done nor with part"],
    ["| SC-1 a (ADR-0026.4) | `api` | – | done |", "SC-1 a (ADR-0026.4): there is no decision or criterion ADR-0026.4"],
    [
      "| SC-1 a | `api/Topology` | – | done |",
      "SC-1 a: there is no `api/Topology`; is it packages/nats/src/bus/Topology.ts?"
    ],
    ["| SC-1 a | `submit` | – | done |", "SC-1 a: there is no `submit`; is it packages/api/src/submit.ts?"],
    [
      "| SC-1 a | `api/commands` | – | done |",
      "SC-1 a: `api/commands` is more than one file: packages/api/src/bin/commands.ts, packages/api/src/order/commands.ts"
    ],
    [
      "| SC-1 a | `api` | `api/submit.test` *answers with 203* | done |",
      "SC-1 a: packages/api/test/submit.test.ts has no *answers with 203*"
    ],
    ["| SC-1 a | `api` | *answers with 202* | done |", "SC-1 a: no file before *answers with 202*"],
    ["| SC-1 a | [page](page.md) | – | done |", "SC-1 a: docs/page.md is not there"],
    ["| SC-1 a | `api` |", "SC-1 a: has neither three nor four cells"],
    [`| SC-1 a | \`api\` | ${"x".repeat(300)} | done |`, "SC-1 a: 328 characters, 300 at the most"]
  ])("is refused otherwise: %s", (row, problem) => assert.strictEqual(judge(row).join(", "), problem))

  it("has each aspect of a requirement once", () => {
    const row = "| SC-1 submit | `api` | – | done |"
    assert.deepStrictEqual(judge(row, row), ["SC-1 submit: is there already"])
  })
})
