/**
 * `pnpm pack:release [DIRECTORY]`: makes what can be installed outside a checkout, `dueline-<version>.tgz` (the program) and
 * `dueline-client-<version>.tgz` (`@dueline/client`). Neither needs anything of this workspace.
 */
import { execFileSync } from "node:child_process"
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { clientPackage } from "./clientPackage.ts"

const help = `usage: pnpm pack:release [DIRECTORY]

Makes dueline-<version>.tgz and dueline-client-<version>.tgz in DIRECTORY (.cache/release): npm install --global FILE.tgz
`
const root = join(import.meta.dirname, "..", "..")
const manifestOf = (name: string): Record<string, Record<string, string>> & { readonly version: string } =>
  JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8"))

const node = ">=24.0.0"
const nodeOptions: ReadonlyArray<string> = JSON.parse(readFileSync(join(root, "scripts", "nodeOptions.json"), "utf8"))
const binaries = Object.keys(manifestOf("postgres")["optionalDependencies"] ?? {})

/** The version that the workspace is tested with, exactly. */
const versionOf = (name: string): string => {
  const lines = readFileSync(join(root, "pnpm-workspace.yaml"), "utf8").split("\n")
  const line = lines.find((text) => text.startsWith(`  ${name}: `) || text.startsWith(`  "${name}": `))
  if (line === undefined) throw new Error(`${name} has no version in pnpm-workspace.yaml`)
  return line.slice(line.lastIndexOf(" ") + 1)
}

const start = `#!/usr/bin/env node
/** Starts the program with its own place as the program's file, not that of a link to it; what serves, with the options of Node that bound its memory. */
import { fileURLToPath } from "node:url"

if (Number.parseInt(process.versions.node, 10) < 24) {
  process.stderr.write(\`dueline: needs Node 24 or later, and this is \${process.versions.node}\\n\`)
  process.exit(1)
}
const main = new URL("../lib/program/main.mjs", import.meta.url)
process.argv[1] = fileURLToPath(main)
const options = ${JSON.stringify(nodeOptions)}
if (process.argv[2] === "serve" && process.execve !== undefined && process.platform !== "win32" && !process.execArgv.includes(options[0])) {
  process.removeAllListeners("warning")
  process.execve(process.execPath, [process.execPath, ...options, ...process.execArgv, ...process.argv.slice(1)], process.env)
}
await import(main.href)
`

const programReadme = `# Dueline

Makes HTTP calls at or after a given time, once or by a schedule, for many tenants, and keeps the history of each.

\`\`\`
dueline serve --demo          # http://127.0.0.1:8080, data in .dueline
dueline call submit --url http://127.0.0.1:8080/health --delay 3s
dueline --help
\`\`\`

Needs Node 24. Brings PostgreSQL 18 for Linux and macOS (x64, arm64); on others set \`DUELINE_DATABASE_URL\`. The API is at \`/docs\`, the console at \`/console\`.
`

const programPackage = (folder: string): void => {
  execFileSync(process.execPath, [join(root, "scripts", "bundle.ts"), join(folder, "lib", "program"), "--release"], {
    stdio: "inherit"
  })
  mkdirSync(join(folder, "bin"))
  writeFileSync(join(folder, "bin", "dueline.mjs"), start)
  chmodSync(join(folder, "bin", "dueline.mjs"), 0o755)
  writeFileSync(join(folder, "README.md"), programReadme)
  const manifest = {
    name: "dueline",
    version: manifestOf("dueline").version,
    description: "Makes HTTP calls when they are due, and keeps their history",
    license: "UNLICENSED",
    type: "module",
    bin: { dueline: "bin/dueline.mjs" },
    engines: { node },
    // Absent where the database is a server's, or the platform has none.
    optionalDependencies: Object.fromEntries(binaries.map((name) => [name, versionOf(name)]))
  }
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest, null, 2))
}

const pack = async (directory: string): Promise<void> => {
  mkdirSync(directory, { recursive: true })
  const aside = mkdtempSync(join(directory, "packing-"))
  try {
    for (const [name, make] of [
      ["program", programPackage],
      ["client", (folder: string) => clientPackage(root, folder, { node, effect: versionOf("effect") })]
    ] as const) {
      const folder = join(aside, name)
      mkdirSync(folder)
      await make(folder)
      copyFileSync(join(root, "docs", "changelog.md"), join(folder, "CHANGELOG.md"))
      const file = execFileSync("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", directory], {
        cwd: folder,
        encoding: "utf8"
      })
      console.log(join(directory, file.trim()))
    }
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
}

const [directory = join(root, ".cache", "release")] = process.argv.slice(2)
if (directory.startsWith("-")) console.log(help)
else await pack(resolve(directory))
