/** The whole check: `pnpm check` beside every test at its default size, judged by the decisions; ends with the totals. */
import { spawn } from "node:child_process"
import { existsSync, readFileSync, rmSync } from "node:fs"
import { constants, setPriority } from "node:os"
import { join } from "node:path"
import type { Totals } from "./RunTotals.ts"

const help = `usage: npm test [-- part of a file name …]

Runs pnpm check and every test, and holds the run to the criteria of the accepted decisions. With CI=true what could not be tested fails.
With parts of file names: runs only the tests in files that contain one, and holds them to nothing but themselves.
`
const root = join(import.meta.dirname, "..")
const totalsFile = join(root, ".cache", "test-totals.json")
const filters = process.argv.slice(2)
const limitMinutes = 25

/** Runs a program of ours to its end, or to the end of this one: a signal here is a signal there. `behind`: whatever else is to be done comes first. */
const run = (args: ReadonlyArray<string>, env: NodeJS.ProcessEnv = {}, behind = false): Promise<number> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, env: { ...process.env, ...env }, stdio: "inherit" })
    if (behind && child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL)
    const stop = () => {
      child.kill("SIGTERM")
      process.exitCode = 130
    }
    const limit = setTimeout(() => {
      console.error(`not finished after ${limitMinutes} minutes: stopped`)
      child.kill("SIGKILL")
    }, limitMinutes * 60_000)
    for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, stop)
    child.on("close", (code) => {
      clearTimeout(limit)
      for (const signal of ["SIGINT", "SIGTERM"]) process.removeListener(signal, stop)
      resolve(code ?? 1)
    })
  })

// The compiler, which is written in Go, takes a quarter less of the processor when it collects its garbage less often; here it runs several times.
process.env["GOGC"] ??= "400"

const vitest = ["node_modules/vitest/vitest.mjs", "run", "--config", "scripts/vitest.config.ts"]

const runAll = async (): Promise<number> => {
  rmSync(totalsFile, { force: true })
  // Side by side: the check has what the tests leave while they wait for programs to start. It tells all at its end.
  const [checked, tested] = await Promise.all([
    run(["scripts/check.ts"], {}, true),
    run(vitest, { VITEST_TOTALS_FILE: totalsFile })
  ])
  if (process.exitCode !== undefined) return 130
  const totals: Totals = existsSync(totalsFile)
    ? JSON.parse(readFileSync(totalsFile, "utf8"))
    : { passed: 0, failed: 1 }
  if (checked !== 0) console.log("pnpm check failed; its table stands above")
  if (totals.failed === 0 && tested !== 0) console.log("no test failed, but the run is not complete; see above")
  console.log(`${totals.passed} passed, ${totals.failed} failed`)
  return checked === 0 ? tested : checked
}

// A part of the tests that was asked for is run, and held to nothing but itself.
if (filters.includes("--help")) console.log(help)
else process.exitCode = filters.length > 0 ? await run([...vitest, ...filters]) : await runAll()
