/** The whole check: `pnpm check`, then every test at its default size, judged by the decisions; ends with the totals. */
import { spawnSync } from "node:child_process"
import { existsSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import type { Totals } from "./RunTotals.ts"

const root = join(import.meta.dirname, "..")
const totalsFile = join(root, ".cache", "test-totals.json")
const filters = process.argv.slice(2)

const run = (args: ReadonlyArray<string>, env: NodeJS.ProcessEnv = {}) =>
  spawnSync(process.execPath, args, { cwd: root, env: { ...process.env, ...env }, stdio: "inherit" }).status ?? 1

const vitest = ["node_modules/vitest/vitest.mjs", "run", "--config", "scripts/vitest.config.ts"]

if (filters.length > 0) {
  // A part of the tests was asked for: it is run, and held to nothing but itself.
  process.exitCode = run([...vitest, ...filters])
} else {
  const checked = run(["scripts/check.ts"])
  rmSync(totalsFile, { force: true })
  const tested = run(vitest, { DUELINE_TOTALS_FILE: totalsFile })
  const totals: Totals = existsSync(totalsFile)
    ? JSON.parse(readFileSync(totalsFile, "utf8"))
    : { passed: 0, failed: 1 }
  if (checked !== 0) console.log("pnpm check failed; its table stands above")
  if (totals.failed === 0 && tested !== 0) console.log("no test failed, but the run is not complete; see above")
  console.log(`${totals.passed} passed, ${totals.failed} failed`)
  process.exitCode = checked === 0 ? tested : checked
}
