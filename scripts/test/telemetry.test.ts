import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, test } from "vitest"
import { makeMetrics } from "../../packages/contracts/src/telemetry/Metrics.ts"
import { format } from "../../packages/dueline/src/telemetry/MetricsEndpoint.ts"
import { findPromtool } from "../../packages/test-servers/src/findServer.ts"
import { notTested, ServerMissing } from "../../packages/test-servers/src/notTested.ts"
import type { ServerBinary } from "../../packages/test-servers/src/ServerBinary.ts"
import { alerts, ruleTests, rules } from "../telemetry/alerts.ts"
import { queries } from "../telemetry/dashboard.ts"
import { staleTelemetryPages } from "../telemetry/main.ts"

describe("the description of metrics", { tags: ["ADR-0009.1"] }, () => {
  test("is what the code says (pnpm telemetry --write)", () => {
    assert.deepStrictEqual(staleTelemetryPages(), [])
  })
})

const declared = makeMetrics().instruments.declared
const series = new Set(
  declared.flatMap(({ kind, name }) =>
    kind === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name]
  )
)
const namesIn = (expr: string) => [...expr.matchAll(/\b(?:ops|dueline|process|nodejs)_\w+/gu)].map(([name]) => name)

describe("dashboard and alerts", { tags: ["ADR-0009.3"] }, () => {
  test("ask for nothing that is not declared", () => {
    const asked = [...queries("1m").map(({ expr }) => expr), ...alerts.map(({ expr }) => expr)].flatMap(namesIn)
    assert.deepStrictEqual(
      asked.filter((name) => !series.has(name)),
      []
    )
    for (const name of ["ops_ingest_accept_total", "dueline_outbox_lag_seconds"]) assert.include(asked, name)
  })

  test("each alert says what to do and points to a section of the runbook", () => {
    const runbook = readFileSync(join(import.meta.dirname, "..", "..", "docs", "runbook.md"), "utf8")
    const sections = [...runbook.matchAll(/^## (.+)$/gmu)].map(([, title = ""]) =>
      title
        .toLowerCase()
        .replace(/[^a-z0-9 -]/gu, "")
        .replaceAll(" ", "-")
    )
    for (const { advice, name, runbook: section } of alerts) {
      assert.include(sections, section, name)
      assert.match(advice, /^[A-Z].*\.$/u, name)
    }
  })
})

let found: ServerBinary | null = null
try {
  found = await findPromtool()
} catch (cause) {
  if (!(cause instanceof ServerMissing)) throw cause
  notTested("metrics and alerts by promtool", cause.message)
}

/** The one name that is not in base units was asked for. */
const abbreviated = "ops_ingest_duration_ms metric names should not contain abbreviated units"

describe.skipIf(found === null)("promtool", { tags: ["ADR-0009.3"] }, () => {
  let folder = ""
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "dueline-rules-"))
    writeFileSync(join(folder, "alerts.json"), JSON.stringify(rules()))
  })
  afterAll(() => rmSync(folder, { recursive: true }))
  const promtool = (args: ReadonlyArray<string>, input = "") =>
    spawnSync(found?.path ?? "", [...args], { cwd: folder, input, encoding: "utf8", env: { ...found?.environment } })

  test("finds the text of metrics in order", () => {
    const metrics = makeMetrics()
    metrics.attempts.of("2xx").add()
    const { stderr, stdout } = promtool(["check", "metrics"], format(metrics, 0))
    assert.deepStrictEqual(
      `${stderr}${stdout}`.split("\n").filter((line) => line !== "" && line !== abbreviated),
      []
    )
  })

  test("finds the rules in order, each alert firing when it should and quiet when it should not", () => {
    const checked = promtool(["check", "rules", "alerts.json"])
    assert.strictEqual(checked.status, 0, checked.stderr + checked.stdout)
    writeFileSync(join(folder, "tests.json"), JSON.stringify(ruleTests("alerts.json")))
    const { status, stderr, stdout } = promtool(["test", "rules", "tests.json"])
    assert.strictEqual(status, 0, stderr + stdout)
  })

  test("finds an alert that does not fire any more", () => {
    const [first, ...others] = ruleTests("alerts.json").tests
    const broken = JSON.stringify(rules()).replace('up{job=\\"dueline\\"} == 0', 'up{job=\\"dueline\\"} > 1')
    assert.notStrictEqual(broken, JSON.stringify(rules()))
    writeFileSync(join(folder, "broken.json"), broken)
    writeFileSync(join(folder, "tests.json"), JSON.stringify({ ...ruleTests("broken.json"), tests: [first] }))
    assert.isNotEmpty(others)
    assert.strictEqual(promtool(["test", "rules", "tests.json"]).status, 1)
  })
})
