/** The whole check: `pnpm check` beside every test at its default size, judged by the decisions; ends with the totals. */
import { spawn } from "node:child_process"
import { existsSync, readFileSync, rmSync } from "node:fs"
import { setPriority } from "node:os"
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

interface Running {
  readonly env?: NodeJS.ProcessEnv
  /** Gets what it prints, which otherwise goes where this one's goes. */
  readonly keep?: (printed: string) => void
  /** Takes of the processor what others leave. */
  readonly yields?: boolean
}

/** Of processes that yield, as the operating system has it: others come first, and they are not starved. */
const lowPriority = 5

/** Runs a program of ours to its end, or to the end of this one: a signal here is a signal there. */
const run = (args: ReadonlyArray<string>, { env = {}, keep, yields = false }: Running = {}): Promise<number> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: keep === undefined ? "inherit" : ["ignore", "pipe", "pipe"]
    })
    if (yields && child.pid !== undefined) setPriority(child.pid, lowPriority)
    if (keep !== undefined)
      for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", keep)
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

/**
 * The check beside the tests, in the time that they wait for programs and servers: it must not be what a program under test waits for. What it
 * prints is shown in one piece, as soon as it has ended; in a terminal behind the tests, since vitest draws over what comes in between there.
 */
const runAll = async (): Promise<number> => {
  rmSync(totalsFile, { force: true })
  let printed = "\npnpm check\n"
  // Of a run that was interrupted nobody wants to know.
  const show = () => void (process.exitCode === undefined && process.stdout.write(`${printed}\n`))
  const inTerminal = process.stdout.isTTY
  const checking = run(["scripts/check.ts"], { keep: (text) => void (printed += text), yields: true })
  if (!inTerminal) void checking.then(show)
  const tested = await run(vitest, { env: { VITEST_TOTALS_FILE: totalsFile } })
  const checked = await checking
  if (inTerminal) show()
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
