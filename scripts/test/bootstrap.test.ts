import { type ChildProcess, spawn } from "node:child_process"
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { afterEach, assert, beforeEach, describe, it } from "vitest"

// A workspace of its own, with a program that tells what it sees and a pnpm that only writes down what it is asked.
const program = `
process.on("SIGTERM", () => { console.log("got SIGTERM"); process.exit(7) })
process.on("SIGINT", () => console.log("got SIGINT"))
console.log("up " + process.pid + " " + process.argv.slice(2).join(",") + " under " + process.execArgv.join(","))
if (process.argv.includes("--fail")) process.exit(3)
setInterval(() => undefined, 1000)
`
/** Puts together what only says that it was; a program with the word "broken" in it cannot be. */
const bundle = `
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
const source = readFileSync("packages/dueline/src/main.ts", "utf8")
appendFileSync("together", ".")
if (source.includes("broken")) throw new Error("no such module")
mkdirSync(process.argv[2], { recursive: true })
writeFileSync(process.argv[2] + "/main.mjs", source.replaceAll('"up "', '"together up "'))
`
const pnpm = `#!/bin/sh
if [ "$1" = --version ]; then echo 12.21.0; else echo "$@" >> asked; mkdir -p node_modules; exit \${PNPM_FAILS:-0}; fi
`

let root = ""
const running = new Set<ChildProcess>()

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "bootstrap-"))
  for (const folder of ["scripts", "bin", "packages/dueline/src"]) mkdirSync(join(root, folder), { recursive: true })
  for (const name of [
    "bootstrap.mjs",
    "becomeProgram.mjs",
    "followParent.mjs",
    "programFile.mjs",
    "nodeOptions.json"
  ]) {
    cpSync(join(import.meta.dirname, "..", name), join(root, "scripts", name))
  }
  for (const name of ["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml"]) writeFileSync(join(root, name), "{}")
  writeFileSync(join(root, "packages/dueline/src/main.ts"), program)
  writeFileSync(join(root, "scripts/bundle.ts"), bundle)
  writeFileSync(join(root, "bin/pnpm"), pnpm)
  chmodSync(join(root, "bin/pnpm"), 0o755)
})

afterEach(() => {
  for (const child of running) child.kill("SIGKILL")
  running.clear()
  rmSync(root, { recursive: true, force: true })
})

/** Without `execve` the program is a child, as it is where the machine's Node is too old. */
const start = (way: "replaces itself" | "keeps a child", args: ReadonlyArray<string> = [], env = {}) => {
  const without = ["--import", "data:text/javascript,process.execve=undefined"]
  const nodeArgs = [...(way === "keeps a child" ? without : []), "scripts/bootstrap.mjs", "start", ...args]
  const path = `${join(root, "bin")}${delimiter}${process.env.PATH}`
  const child = spawn(process.execPath, nodeArgs, { cwd: root, env: { ...process.env, PATH: path, ...env } })
  running.add(child)
  let output = ""
  const waiting = new Map<string, () => void>()
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString()
      for (const [text, resolve] of waiting) if (output.includes(text)) resolve()
    })
  }
  const says = (text: string) =>
    new Promise<void>((resolve) => (output.includes(text) ? resolve() : waiting.set(text, resolve)))
  const ended = new Promise<number | null>((resolve) => child.on("close", (code) => resolve(code)))
  return { child, says, ended, output: () => output }
}

/** Of a run that ends at once. */
const outputOf = async (way: Parameters<typeof start>[0]): Promise<string> => {
  const run = start(way, ["--fail"])
  assert.strictEqual(await run.ended, 3)
  return run.output()
}

describe.each(["replaces itself", "keeps a child"] as const)("a bootstrap that %s", (way) => {
  it("hands on arguments and the exit code", async () => {
    const run = start(way, ["--port", "1", "--fail"])
    assert.strictEqual(await run.ended, 3)
    assert.match(
      run.output(),
      /up \d+ serve,--demo,--port,1,--fail under .*--max-semi-space-size=\d+,--heap-growing-percent=\d+/
    )
  })

  it("lets SIGTERM reach the program, which ends in its own way", async () => {
    const run = start(way)
    await run.says("up ")
    run.child.kill("SIGTERM")
    assert.strictEqual(await run.ended, 7)
  })

  it("installs once, and again when a manifest changed", async () => {
    const asked = () => readFileSync(join(root, "asked"), "utf8").trim().split("\n").length
    await start(way, ["--fail"]).ended
    await start(way, ["--fail"]).ended
    assert.strictEqual(asked(), 1)
    writeFileSync(join(root, "packages/dueline/package.json"), "{}")
    await start(way, ["--fail"]).ended
    assert.strictEqual(asked(), 2)
  })

  it("puts the program together once for each state of its sources", { tags: ["ADR-0023.1"] }, async () => {
    const made = () => readFileSync(join(root, "together"), "utf8").length
    const source = join(root, "packages/dueline/src/main.ts")
    assert.match(await outputOf(way), /together up/)
    assert.match(await outputOf(way), /together up/)
    assert.strictEqual(made(), 1)
    writeFileSync(source, program.replace('"up "', '"new up "'))
    assert.match(await outputOf(way), /new up/)
    assert.strictEqual(made(), 2)
    writeFileSync(source, program)
    assert.match(await outputOf(way), /together up/)
    assert.strictEqual(made(), 2)
    writeFileSync(join(root, "packages/dueline/package.json"), "{}")
    assert.match(await outputOf(way), /together up/)
    assert.strictEqual(made(), 3)
    mkdirSync(join(root, "packages/dueline/migrations"))
    writeFileSync(join(root, "packages/dueline/migrations/0001_tables.sql"), "select 1\n;\n")
    assert.match(await outputOf(way), /together up/)
    assert.strictEqual(made(), 4)
    const moved = `${root}-moved`
    renameSync(root, moved)
    root = moved
    assert.match(await outputOf(way), /together up/)
    assert.strictEqual(made(), 5)
  })

  it("runs the sources and says why when they cannot be put together", { tags: ["ADR-0023.2"] }, async () => {
    writeFileSync(join(root, "packages/dueline/src/main.ts"), `// broken\n${program}`)
    const output = await outputOf(way)
    assert.match(output, /running its sources[^]*no such module/)
    assert.match(output, /^up \d+ serve/m)
  })

  it("stops with the reason when the installation fails, and tries again the next time", async () => {
    const run = start(way, ["--fail"], { PNPM_FAILS: "1" })
    assert.strictEqual(await run.ended, 1)
    assert.match(run.output(), /pnpm install failed/)
    assert.isFalse(existsSync(join(root, "node_modules/.dueline-install")))
    assert.strictEqual(await start(way, ["--fail"]).ended, 3)
  })
})

describe("a bootstrap that keeps a child", () => {
  it("forwards one Ctrl-C once, also when npm repeats it", async () => {
    const run = start("keeps a child")
    await run.says("up ")
    run.child.kill("SIGINT")
    run.child.kill("SIGINT")
    await run.says("got SIGINT")
    run.child.kill("SIGTERM")
    assert.strictEqual(await run.ended, 7)
    assert.strictEqual(run.output().split("got SIGINT").length - 1, 1)
  })

  it("leaves nothing behind when it is killed without warning", async () => {
    const run = start("keeps a child")
    await run.says("up ")
    run.child.kill("SIGKILL")
    await run.says("got SIGTERM")
    // The streams close only when the program has ended too.
    assert.isNull(await run.ended)
  })
})

it("a bootstrap without a known command says how it is used", async () => {
  const child = spawn(process.execPath, ["scripts/bootstrap.mjs", "stop"], { cwd: root })
  assert.strictEqual(await new Promise((resolve) => child.on("close", resolve)), 2)
})
