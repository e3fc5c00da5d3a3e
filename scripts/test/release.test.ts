/** What `pnpm pack:release` makes, installed by npm where there is no checkout: the program serves, and the client's program is checked and run. */
import { type ChildProcess, execFile, spawn } from "node:child_process"
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterAll, assert, beforeAll, describe, it } from "vitest"

const run = promisify(execFile)
const root = join(import.meta.dirname, "..", "..")
const folder = mkdtempSync(join(tmpdir(), "dueline-release-"))
const { version } = JSON.parse(readFileSync(join(root, "packages", "dueline", "package.json"), "utf8"))
const dueline = join(folder, "node_modules", ".bin", "dueline")
const environment = {
  PATH: process.env["PATH"],
  HOME: process.env["HOME"],
  DUELINE_HOME: join(folder, "home"),
  PORT: "0",
  DUELINE_EGRESS_ALLOW: "127.0.0.1"
}

/** A target and who calls it: asks for a call to itself, and answers for what is genuine. */
const userProgram = `
import * as DuelineClient from "@dueline/client/DuelineClient"
import { IdempotencyKey } from "@dueline/client/contracts/Ids"
import { memoryOf, once } from "@dueline/client/receive"
import { verify } from "@dueline/client/verify"
import { Effect, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

const memory = memoryOf()
const target = createServer(async (request, response) => {
  const chunks: Array<Buffer> = []
  for await (const chunk of request) chunks.push(chunk)
  const seen = await verify({
    headers: request.headers,
    body: Buffer.concat(chunks),
    secrets: [process.env["SECRET"] ?? ""]
  })
  if (!seen.valid) throw new Error(seen.reason)
  const done = await once(memory, seen.received, async () => console.log("received", seen.received.callId))
  response.writeHead(done.status).end(() => target.close().closeAllConnections())
})
target.listen(0, "127.0.0.1", () => {
  const { port } = target.address() as AddressInfo
  const program = Effect.gen(function* () {
    const { serviceCalls } = yield* DuelineClient.make({
      baseUrl: process.env["ADDRESS"] ?? "",
      token: Redacted.make(process.env["TOKEN"] ?? "")
    })
    // @ts-expect-error a submission says what is called
    serviceCalls.submit({ payload: { delay: "1s" } })
    const { body } = yield* serviceCalls.submit({
      headers: { "idempotency-key": IdempotencyKey.make("first") },
      payload: { delay: "0s", request: { method: "POST", url: \`http://127.0.0.1:\${port}/\`, body: { hello: "world" } } }
    })
    console.log("submitted", body.id)
  })
  void Effect.runPromise(program.pipe(Effect.provide(FetchHttpClient.layer)))
})
`
const checking = {
  compilerOptions: {
    module: "nodenext",
    target: "es2024",
    lib: ["es2024", "dom"],
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    skipLibCheck: true,
    typeRoots: [join(root, "node_modules", "@types")],
    types: ["node"]
  },
  files: ["program.ts"]
}

const children: Array<ChildProcess> = []

const serve = (): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn(dueline, ["serve", "--demo"], {
      cwd: folder,
      env: environment,
      stdio: ["ignore", "pipe", "pipe"]
    })
    children.push(child)
    let text = ""
    const hear = (chunk: Buffer) => {
      text += chunk.toString()
      const address = /Dueline is ready at (http:\/\/\S+)/u.exec(text)?.[1]
      if (address !== undefined) resolve(address)
    }
    child.stdout.on("data", hear)
    child.stderr.on("data", hear)
    child.once("exit", (code) => reject(new Error(`ended with ${code}:\n${text}`)))
  })

const stop = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => {
    child.once("exit", resolve)
    child.kill("SIGTERM")
  })

beforeAll(async () => {
  chmodSync(folder, 0o755)
  const packed = join(folder, "packed")
  await run(process.execPath, [join(root, "scripts", "release", "pack.ts"), packed])
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }))
  const files = readdirSync(packed).map((name) => join(packed, name))
  assert.lengthOf(files, 2)
  await run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", ...files], { cwd: folder })
}, 300_000)

afterAll(async () => {
  for (const child of children) if (child.exitCode === null) await stop(child)
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

describe("a release that is installed", () => {
  it("brings its version, its changes and the licences of what is in it", { tags: ["ADR-0023.5"] }, async () => {
    const { stdout } = await run(dueline, ["--version"], { cwd: folder, env: environment })
    assert.strictEqual(stdout.trim(), `dueline v${version}`)
    const program = join(folder, "node_modules", "dueline")
    assert.include(readFileSync(join(program, "CHANGELOG.md"), "utf8"), "## 0.1.0")
    assert.match(
      readFileSync(join(program, "lib", "program", "NOTICES.txt"), "utf8"),
      /\nundici \d[^]*\neffect \d|\neffect \d[^]*\nundici \d/u
    )
    const modules = readdirSync(join(program, "lib", "program")).filter((name) => name.endsWith(".mjs"))
    for (const name of modules)
      assert.notInclude(readFileSync(join(program, "lib", "program", name), "utf8"), root, name)
  })

  it("serves API, console and documents, and a program of its client, checked by the compiler, submits a call and verifies it", {
    tags: ["ADR-0023.5"]
  }, async () => {
    mkdirSync(environment.DUELINE_HOME)
    chmodSync(environment.DUELINE_HOME, 0o755)
    const address = await serve()
    const options: ReadonlyArray<string> = JSON.parse(readFileSync(join(root, "scripts", "nodeOptions.json"), "utf8"))
    if (process.platform === "linux")
      assert.include(readFileSync(`/proc/${children.at(-1)?.pid}/cmdline`, "utf8"), options.join("\0"))
    for (const [path, type] of [
      ["/console/", "text/html"],
      ["/redoc/redoc.standalone.js", "javascript"]
    ] as const) {
      const answer = await fetch(`${address}${path}`)
      assert.strictEqual(answer.status, 200, path)
      assert.include(answer.headers.get("content-type"), type)
      await answer.arrayBuffer()
    }
    writeFileSync(join(folder, "program.ts"), userProgram)
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(checking))
    await run(join(root, "node_modules", ".bin", "tsc"), ["--checkers", "1", "-p", folder]).catch(({ stdout }) =>
      assert.fail(stdout)
    )
    const asked = async (...args: ReadonlyArray<string>) =>
      (await run(dueline, [...args], { cwd: folder, env: environment })).stdout.trim()
    const env = {
      ...environment,
      ADDRESS: address,
      TOKEN: await asked("token"),
      SECRET: await asked("tenant", "secret", "demo")
    }
    const { stdout } = await run(process.execPath, ["program.ts"], { cwd: folder, env })
    const id = /submitted (\S+)/u.exec(stdout)?.[1]
    assert.isDefined(id)
    assert.include(stdout, `received ${id}`)
    const [child] = children
    assert.strictEqual(child && (await stop(child)), 0)
  })
})
