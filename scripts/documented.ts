/** Refuses documents that name a command, a script of package.json or a flag that does not exist. Exit code 1 and a line for each. */
import { spawnSync } from "node:child_process"
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { commandTree, scriptTree } from "./documented/commandTree.ts"
import { wrongCommands } from "./documented/wrongCommands.ts"

const root = join(import.meta.dirname, "..")
const main = join(root, "packages", "dueline", "src", "main.ts")

const completion = spawnSync(process.execPath, [main, "--completions", "fish"], { encoding: "utf8" })
const trees = { dueline: commandTree(completion.stdout), scripts: scriptTree(root) }
if (trees.dueline.subcommands.size === 0) {
  console.error(`the program does not say which commands it has:\n${completion.stderr}`)
  process.exitCode = 1
}

const documents = globSync(["README.md", "docs/**/*.md", "decisions/*.md", "packages/*/README.md"], { cwd: root })
for (const document of documents.sort()) {
  for (const problem of wrongCommands(readFileSync(join(root, document), "utf8"), trees)) {
    console.error(`${document}: ${problem}`)
    process.exitCode = 1
  }
}
