/** Every script of package.json works on a machine whose own Node is too old to run TypeScript. */
import { execFile } from "node:child_process"
import { accessSync, constants, existsSync, readFileSync } from "node:fs"
import { delimiter, join } from "node:path"
import { promisify } from "node:util"
import { assert, describe, it } from "vitest"

const root = join(import.meta.dirname, "..", "..")
const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: Record<string, string> }
const bootstrap = readFileSync(join(root, "scripts", "bootstrap.mjs"), "utf8")

/** The reason for refusing a script of that name, if there is one. */
const problemOf = (name: string, command: string): string | undefined =>
  command === `node scripts/bootstrap.mjs ${name}`
    ? undefined
    : `"${command}" does not go through scripts/bootstrap.mjs`

/** Those that end at once and print only how they are used. */
const cheap = [
  "check",
  "fix",
  "gates",
  "events",
  "kinds:trial",
  "sim",
  "test:property",
  "servers",
  "stack:up",
  "stack:logs"
]

const run = promisify(execFile)

/** A Node of this machine that cannot run TypeScript, and how it is told not to where there is none. */
const oldNode = async (): Promise<{ readonly node: string; readonly args: ReadonlyArray<string> }> => {
  const onPath = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/local/bin", "/usr/bin"].map((directory) =>
    join(directory, "node")
  )
  for (const node of new Set(onPath.filter(isExecutable))) {
    const version = await run(node, ["--version"]).catch(() => ({ stdout: "" }))
    if (/^v(?:18|20)\./.test(version.stdout)) return { node, args: [] }
  }
  return { node: process.execPath, args: ["--no-experimental-strip-types"] }
}

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

describe("a script of package.json", () => {
  it("goes through the bootstrap, which knows it under the same name", () => {
    for (const [name, command] of Object.entries(scripts)) assert.isUndefined(problemOf(name, command))
    assert.isString(problemOf("servers", "node scripts/servers.ts"))
    assert.isString(problemOf("fix", "oxlint --fix"))
  })

  it("names a file that is there", () => {
    const files = [...bootstrap.matchAll(/"((?:scripts|packages)\/[\w./-]+\.ts)"/g)].map(([, file = ""]) => file)
    assert.isAbove(files.length, 10)
    for (const file of files) assert.isTrue(existsSync(join(root, file)), file)
  })

  it.each(cheap)("%s starts with a Node that knows no TypeScript", async (name) => {
    const { args, node } = await oldNode()
    const { stdout } = await run(node, [...args, "scripts/bootstrap.mjs", name, "--help"], { cwd: root })
    assert.match(stdout, /^usage: pnpm /)
  })
})
