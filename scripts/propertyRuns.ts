/** Runs the property tests longer, from a seed that it prints: `pnpm test:property --runs 10000 --seed 42`. */
import { spawnSync } from "node:child_process"
import { randomInt } from "node:crypto"
import { join } from "node:path"
import { parseArgs } from "node:util"

const help = `usage: pnpm test:property [files …] [--runs N] [--seed S]

Runs the tests in files that end in .property.test.ts.

  --runs N   cases for each property, 1 to 10000000 (default 1000; npm test uses 50)
  --seed S   whole number from 0 to 4294967295; the same seed gives the same cases (default: drawn and printed)
  --help     this text

A file name or a part of one runs only the files that contain it.
`
const root = join(import.meta.dirname, "..")

export interface PropertyRun {
  readonly runs: number
  readonly seed: number
  readonly files: ReadonlyArray<string>
}

/** Reads the command line. A string is the reason for refusing it. */
export const parsePropertyRun = (args: ReadonlyArray<string>): PropertyRun | string => {
  const options = { runs: { type: "string" }, seed: { type: "string" } } as const
  try {
    const { positionals, values } = parseArgs({ args: [...args], allowPositionals: true, options })
    const runs = wholeNumber(values.runs ?? "1000", 1, 10_000_000)
    const seed = values.seed === undefined ? randomInt(2 ** 32) : wholeNumber(values.seed, 0, 2 ** 32 - 1)
    if (runs === undefined) return "--runs must be a whole number from 1 to 10000000"
    if (seed === undefined) return "--seed must be a whole number from 0 to 4294967295"
    return { runs, seed, files: positionals }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const wholeNumber = (text: string, least: number, most: number): number | undefined => {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  return value >= least && value <= most ? value : undefined
}

const main = (args: ReadonlyArray<string>): number => {
  // pnpm and npm hand on the `--` that separates their own arguments.
  const given = args[0] === "--" ? args.slice(1) : args
  if (given.includes("--help")) {
    console.log(help)
    return 0
  }
  const run = parsePropertyRun(given)
  if (typeof run === "string") {
    console.error(`${run}\n\n${help}`)
    return 2
  }
  const { files, runs, seed } = run
  const replay = ["pnpm test:property", ...files, `--runs ${runs} --seed ${seed}`].join(" ")
  console.log(`properties: ${runs} cases each, seed ${seed}\nagain: ${replay}`)
  const vitest = ["node_modules/vitest/vitest.mjs", "run", "--config", "scripts/vitest.config.ts", ...files]
  const env = {
    ...process.env,
    DUELINE_PROPERTY_RUNS: String(runs),
    DUELINE_PROPERTY_SEED: String(seed),
    VITEST_SUBSET: "properties"
  }
  const status = spawnSync(process.execPath, vitest, { cwd: root, env, stdio: "inherit" }).status ?? 1
  if (status !== 0) console.error(`failed with seed ${seed}; again: ${replay}`)
  return status
}

if (import.meta.main) process.exitCode = main(process.argv.slice(2))
