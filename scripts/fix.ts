/** What the machine can put right by itself: `pnpm fix`. Lint first, since its corrections are formatted too. */
import { spawnSync } from "node:child_process"
import { join } from "node:path"

const root = join(import.meta.dirname, "..")
const help = `usage: pnpm fix

Corrects what oxlint can correct, then formats every file. Exit code 1 when something is left that it cannot.
`

/** The exit code; output is the terminal's. */
const run = (tool: string, ...args: ReadonlyArray<string>): number =>
  spawnSync(join(root, "node_modules", ".bin", tool), args, { cwd: root, stdio: "inherit" }).status ?? 1

const main = (args: ReadonlyArray<string>): number => {
  if (args.includes("--help")) {
    console.log(help)
    return 0
  }
  const linted = run("oxlint", "--fix")
  const formatted = run("biome", "format", "--write", ".")
  return linted === 0 && formatted === 0 ? 0 : 1
}

process.exitCode = main(process.argv.slice(2))
