/** The program put together from its real sources: what its start loads, and that it finds what it left where it was. */
import { execFile } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { pathToFileURL } from "node:url"
import { promisify } from "node:util"
import { sqlFiles } from "../../packages/postgres/src/schema/migrations/sqlFiles.ts"
import { loadedBy } from "../../packages/test-servers/src/programFile.ts"
import { afterAll, assert, beforeAll, describe, it } from "vitest"

const run = promisify(execFile)
const root = join(import.meta.dirname, "..", "..")
const folder = mkdtempSync(join(tmpdir(), "dueline-together-"))
/** `scripts/bootstrap.mjs` has just put it together, or else it is done here. */
const given = process.env["PROGRAM_FILE"]
const program = given === undefined ? join(folder, "program") : dirname(given)

beforeAll(async () => {
  if (given === undefined) await run(process.execPath, [join(root, "scripts", "bundle.ts"), program])
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const modules = () => readdirSync(program).filter((name) => name.endsWith(".mjs"))

/** The file that the source named so came into. */
const fileWith = (source: string): string => {
  const found = modules().filter((name) => readFileSync(join(program, name), "utf8").includes(`/${source}\n`))
  assert.lengthOf(found, 1, source)
  return found[0] ?? ""
}

describe("the program put together", () => {
  it("knows its version, which stands beside its sources", async () => {
    const { stdout } = await run(process.execPath, [join(program, "main.mjs"), "--version"])
    assert.match(stdout, /^dueline v\d+\.\d+\.\d+/)
  })

  it("loads no client and no page that may not be wanted when it serves", { tags: ["ADR-0023.3"] }, async () => {
    const loaded = await loadedBy(pathToFileURL(join(program, fileWith("dueline/src/serve.ts"))).href)
    const files = loaded.filter((url) => url.startsWith("file:"))
    assert.isTrue(
      files.every((url) => url.startsWith(pathToFileURL(program).href)),
      "loads something from elsewhere"
    )
    assert.isTrue(files.some((url) => url.endsWith(fileWith("dueline/src/Program.ts"))))
    for (const later of [
      "nats/src/members/Members.ts",
      "@redis/client/dist/index.js",
      "effect/dist/http-api/internal/httpApiSwagger.js",
      "openid-client/build/index.js",
      "dueline/src/backup/makeBackup.ts"
    ]) {
      assert.isFalse(
        files.some((url) => url.endsWith(fileWith(later))),
        later
      )
    }
    // Each small part that commands share with the start is a file of its own; what has no business in a start is named above.
    assert.isBelow(files.length, 50)
  })

  it("loads of undici what it uses, and none of Node's own", { tags: ["ADR-0023.3"] }, async () => {
    const serve = fileWith("dueline/src/serve.ts")
    const own = readFileSync(join(program, serve), "utf8")
    assert.include(own, "undici/lib/dispatcher/client-h1.js\n")
    assert.notInclude(own, "undici/lib/mock/")
    assert.notInclude(own, "undici/lib/dispatcher/pool.js\n")
    const loaded = await loadedBy(pathToFileURL(join(program, serve)).href)
    assert.isTrue(loaded.includes("NativeModule http"))
    assert.isEmpty(loaded.filter((name) => name.includes("undici")))
  })

  it("carries the texts of the schema", { tags: ["ADR-0025.1"] }, () => {
    const [from] = modules().filter((name) =>
      readFileSync(join(program, name), "utf8").includes("/postgres/src/schema/migrations/sqlFiles.ts\n")
    )
    const own = readFileSync(join(program, from ?? ""), "utf8")
    for (const { name, text } of sqlFiles("migrations")) {
      assert.include(own, name)
      // The bundler escapes and quotes in its own way: the longest line of plain words will do.
      const [longest = ""] = [...text.matchAll(/[\w ,]+/g)].map(([words]) => words).sort((a, b) => b.length - a.length)
      assert.include(own, longest, name)
    }
  })

  it("names the sources in its stack traces, by file and line", { tags: ["ADR-0023.4"] }, async () => {
    const asked = "stderrIsTerminal: process.stderr.isTTY"
    const source = join(root, "packages", "dueline", "src", "cli", "Shell.ts")
    const line =
      readFileSync(source, "utf8")
        .split("\n")
        .findIndex((text) => text.includes(asked)) + 1
    // Asked whether it is a terminal, standard error tells who asks: as Node tells of an error that nobody caught.
    const probe = `Object.defineProperty(process.stderr, "isTTY", { get() {
      const error = new Error("who asks")
      const asked = error.stack.includes("ofProcess")
      process.emit("uncaughtExceptionMonitor", error)
      if (asked) process.stdout.write(error.stack + "\\n")
      return false
    } })`
    const args = [
      "--import",
      `data:text/javascript,${encodeURIComponent(probe)}`,
      join(program, "main.mjs"),
      "tenant",
      "list"
    ]
    const { stdout } = await run(process.execPath, args, { env: { PORT: "no port" } }).catch((failure) => failure)
    assert.match(stdout, /^Error: who asks\n {4}at /)
    assert.include(stdout, `(${source}:${line}:`)
    assert.include(stdout, "/effect/dist/")
    assert.notInclude(stdout, program)
  })

  it("is of plain characters throughout", () => {
    for (const name of modules()) {
      const text = readFileSync(join(program, name), "utf8")
      assert.strictEqual(Buffer.byteLength(text), text.length, name)
    }
  })
})
