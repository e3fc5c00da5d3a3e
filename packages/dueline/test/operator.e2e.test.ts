/** What the runbook tells an operator to type, typed: its blocks marked `sh run`, in their order, on an installation with the embedded database. */
import { programFile } from "@dueline/test-servers/programFile"
import { assert, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { chmodSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { delimiter, join } from "node:path"
import { promisify } from "node:util"
import { Effect } from "effect"
import { afterAll, beforeAll } from "vitest"
import { runCli } from "./runCli.ts"
import { fillHome, newHome, removeHome, type RunningProgram, startProgram } from "./RunningProgram.ts"

const root = join(import.meta.dirname, "..", "..", "..")
const runbook = readFileSync(join(root, "docs", "runbook.md"), "utf8")
/** By the heading they stand under. */
const blocks = new Map<string, ReadonlyArray<string>>(
  runbook
    .split(/^## /m)
    .map((section) => [
      section.split("\n", 1)[0] ?? "",
      [...section.matchAll(/^```sh run\n([^]*?)^```$/gm)].map(([, block = ""]) => block)
    ])
)

/** Beside the home, which is restored while they are at work. */
let folder: string
let program: RunningProgram

const home = () => join(folder, "home")

const start = async (): Promise<void> => {
  program = await startProgram(home(), { DUELINE_FSYNC: "off" })
}

beforeAll(async () => {
  folder = await newHome()
  mkdirSync(join(folder, "bin"))
  mkdirSync(home())
  await fillHome(home())
  writeFileSync(join(folder, "bin", "dueline"), `#!/bin/sh\nexec "${process.execPath}" "${programFile}" "$@"\n`)
  chmodSync(join(folder, "bin", "dueline"), 0o755)
  await start()
})

afterAll(async () => {
  await program.stop("SIGTERM")
  await removeHome(folder)
})

/** Rejects when a line of it fails. */
const type = async (block: string): Promise<string> => {
  const env = {
    PATH: [join(folder, "bin"), process.env["PATH"]].join(delimiter),
    HOME: process.env["HOME"],
    DUELINE_HOME: home(),
    DUELINE_FSYNC: "off",
    DUELINE_BACKUP_PASSPHRASE: "a passphrase of the test",
    DUELINE_SERVER: program.address
  }
  const { stdout } = await promisify(execFile)("bash", ["-euo", "pipefail", "-c", block], { cwd: folder, env })
  return stdout
}

const typeAll = async (heading: string): Promise<ReadonlyArray<string>> => {
  const outputs: Array<string> = []
  for (const block of blocks.get(heading) ?? assert.fail(`the runbook has no "${heading}"`))
    outputs.push(await type(block))
  return outputs
}

const ask = async (method: string, path: string, body?: object): Promise<{ status: number; id: string }> => {
  const token = (await type("dueline token")).trim()
  const response = await fetch(`${program.address}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
  return { status: response.status, id: ((await response.json()) as { id?: string }).id ?? "" }
}

/** Files of the database in which a text can be found, and the directories it was looked for in. */
const filesWith = (text: string): ReadonlyArray<string> =>
  globSync("postgres/data/{base,pg_wal}/**/*", { cwd: home(), withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => existsSync(file) && readFileSync(file).includes(text))

/** The same command without a process of its own for it. */
const sql = (...args: ReadonlyArray<string>) =>
  runCli(["sql", ...args], { env: { DUELINE_HOME: home(), DUELINE_FSYNC: "off" } })

describe("dueline sql", () => {
  it.effect("shows rows of whatever type, as a table and as JSON", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        (yield* sql("select 1 as one, null as none, '{\"a\":1}'::json as j;")).stdout,
        'one  none  j\n1    -     {"a":1}'
      )
      assert.strictEqual((yield* sql("select 1 where false")).stdout, "no rows")
      assert.strictEqual(
        (yield* sql("--json", "select current_user as name")).stdout,
        '{"rows":[{"name":"dueline_reader"}],"more":false}'
      )
    })
  )

  it.effect.each([
    ["delete from dueline.outbox", 2, "takes one query"],
    ["select 1; delete from dueline.outbox", 1, "multiple commands"],
    ["with gone as (delete from dueline.outbox returning 1) table gone", 1, "must not contain data-modifying"],
    ["select pg_read_file('/etc/passwd')", 1, "permission denied"],
    ["select nextval('dueline.outbox_position_seq')", 1, "refused"],
    ["select nothing", 1, 'column "nothing" does not exist'],
    ["select * from generate_series(1, 1001)", 1, "Only the first 1000 rows"]
  ] as const)("does no more than that: %s", ([statement, exitCode, reason]) =>
    Effect.gen(function* () {
      const seen = yield* sql(statement)
      assert.strictEqual(seen.exitCode, exitCode)
      assert.include(seen.stderr, reason)
    })
  )

  it.effect("makes no database where there is none", () =>
    Effect.gen(function* () {
      const elsewhere = join(folder, "elsewhere")
      const { exitCode, stderr } = yield* runCli(["sql", "select 1"], { env: { DUELINE_HOME: elsewhere } })
      assert.strictEqual(exitCode, 1)
      assert.include(stderr, "There is no database in")
      assert.isFalse(existsSync(elsewhere))
    })
  )
})

describe("the runbook", () => {
  it("shows how the installation is", async () => {
    const [health = ""] = await typeAll("Health")
    assert.match(health, /^nothing waits for the bus\n/)
  })

  it("backs up, restores, and erases again who was erased after the backup; then nothing is left of them in files", async () => {
    const { id } = await ask("POST", "/ops/customers", { profile: { name: "Jo Doe" } })
    const seen = JSON.parse(await type(`dueline sql --json "select data_key from dueline.personal_data"`)) as {
      rows: ReadonlyArray<{ data_key: string }>
    }
    const key = seen.rows[0]?.data_key ?? assert.fail("no key")

    const [backUp = "", listErased = ""] = blocks.get("Back up") ?? []
    assert.include(await type(backUp), "restored for a check")
    assert.strictEqual((await ask("DELETE", `/ops/customers/${id}`)).status, 200)
    assert.strictEqual((await ask("GET", `/ops/customers/${id}`)).status, 410)
    await type(listErased)
    await program.stop("SIGTERM")

    const [putBack = "", compare = ""] = blocks.get("Restore") ?? []
    await type(putBack)
    await start()
    assert.include(await type(compare), "all is well")
    assert.strictEqual((await ask("GET", `/ops/customers/${id}`)).status, 410)

    assert.isNotEmpty(filesWith(key))
    await typeAll("Erasing is final: when")
    assert.isEmpty(filesWith(key))
    rmSync(`${home()}.before`, { recursive: true, force: true })
  }, 360_000)

  it("has no block that is not tried", () => {
    const tried = ["Health", "Back up", "Restore", "Erasing is final: when"]
    assert.deepStrictEqual(
      [...blocks].flatMap(([heading, found]) => (found.length > 0 ? [heading] : [])),
      tried
    )
  })
})
