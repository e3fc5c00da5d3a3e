/** Everything that can be judged without running the system: types, lint, format, unused code, boundaries, index. */
import { spawn } from "node:child_process"
import { join } from "node:path"

const help = `usage: pnpm check

Judges everything that can be judged without running the system: types, lint, format, unused code, boundaries, index of decisions, and
what the documents name. Exit code 1 unless all of it is in order; pnpm fix corrects lint and format.
`
const root = join(import.meta.dirname, "..")
const tool = (name: string) => join("node_modules", ".bin", name)

interface Check {
  readonly name: string
  readonly command: ReadonlyArray<string>
}

interface Outcome {
  readonly name: string
  readonly ok: boolean
  readonly millis: number
  readonly output: string
}

// The dearest first: two run at a time.
const checks: ReadonlyArray<Check> = [
  // One program, since each package for itself reads anew what all of them import. Several checkers of it each work out anew what they share:
  // four take twice the processor time of one, and longer on two cores.
  { name: "types", command: [tool("tsc"), "--checkers", "1", "-p", "packages"] },
  // What runs in a browser knows of pages, and nothing else may.
  { name: "types in pages", command: [tool("tsc"), "--checkers", "1", "-p", "packages/console"] },
  { name: "unused code", command: [tool("knip"), "--no-progress", "--no-config-hints"] },
  { name: "boundaries", command: [process.execPath, "scripts/boundaries.ts"] },
  { name: "documents", command: [process.execPath, "scripts/documented.ts"] },
  { name: "coverage", command: [process.execPath, "scripts/coverage.ts"] },
  { name: "lint", command: [tool("oxlint"), "--deny-warnings"] },
  { name: "format", command: [tool("biome"), "format", "--reporter=summary", "."] },
  { name: "decision index", command: [process.execPath, "scripts/gates.ts", "--check-index"] }
]
const atOnce = 2

const run = ({ command: [file = "", ...args], name }: Check): Promise<Outcome> =>
  new Promise((resolve) => {
    const started = performance.now()
    const child = spawn(file, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] })
    let output = ""
    const collect = (chunk: Buffer) => void (output += chunk.toString())
    child.stdout.on("data", collect)
    child.stderr.on("data", collect)
    const end = (ok: boolean) => resolve({ name, ok, millis: performance.now() - started, output })
    child.on("error", (error) => {
      output += error.message
      end(false)
    })
    child.on("close", (code) => end(code === 0))
  })

/** Works through the checks, a few at a time, and keeps their order in the result. */
const runAll = async (waiting: ReadonlyArray<Check>): Promise<ReadonlyArray<Outcome>> => {
  const queue = [...waiting.entries()]
  const outcomes: Array<Outcome> = []
  const work = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) outcomes[next[0]] = await run(next[1])
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return outcomes
}

const main = async (): Promise<number> => {
  const outcomes = await runAll(checks)
  for (const { name, ok, output } of outcomes) {
    if (!ok) console.error(`--- ${name}\n${output.trimEnd()}\n`)
  }
  for (const { millis, name, ok } of outcomes) {
    console.log(`${ok ? "ok    " : "FAILED"} ${name.padEnd(15)} ${(millis / 1000).toFixed(2).padStart(6)} s`)
  }
  return outcomes.every(({ ok }) => ok) ? 0 : 1
}

if (process.argv.includes("--help")) console.log(help)
else process.exitCode = await main()
