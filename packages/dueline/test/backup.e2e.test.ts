/** A backup made of a working program, restored elsewhere after the first home is gone; and files that are no backups. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as wait } from "node:timers/promises"
import {
  homeWithDatabase,
  newHome,
  printed,
  removeHome,
  runCommand,
  type RunningProgram,
  startProgram
} from "./RunningProgram.ts"

const passphrase = { DUELINE_BACKUP_PASSPHRASE: "a passphrase of the test" }

let home: string
let elsewhere: string
let shelf: string
let program: RunningProgram
let token: string

const ask = async (address: string, method: string, path: string, body?: object) => {
  const answer = await fetch(`${address}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> & { readonly id: string } }
}

const submit = (n: number) =>
  ask(program.address, "POST", "/v1/service-calls", {
    delay: "1d",
    request: { method: "POST", url: "http://127.0.0.1:9/", body: { n, secret: "sealed until it is due" } }
  })

beforeAll(async () => {
  home = await homeWithDatabase()
  elsewhere = await newHome()
  shelf = await newHome()
  program = await startProgram(home)
  token = await printed(home, ["token"])
})

afterAll(async () => {
  await program.stop("SIGKILL")
  for (const path of [home, elsewhere, shelf]) await removeHome(path)
})

describe("a backup of a working program", { timeout: 240_000 }, () => {
  const file = () => join(shelf, "monday.dueline")
  const list = () => join(shelf, "erasures.ndjson")
  const acknowledged: Array<string> = []
  let erased: string

  it("holds everything that was acknowledged before it began, restores into another home, and erases again who was erased since", {
    tags: ["ADR-0047.1", "ADR-0047.3", "ADR-0047.4"]
  }, async () => {
    for (let n = 0; n < 20; n++) acknowledged.push((await submit(n)).body.id)
    const customer = await ask(program.address, "POST", "/ops/customers", {
      profile: { name: "Ada Byron" }
    })
    assert.strictEqual(customer.status, 201)
    erased = customer.body.id
    const working = new AbortController()
    const work = (async () => {
      // Fifty a second: as many as go would be work for the backup and for its test, and prove no more.
      for (let n = 100; !working.signal.aborted; n++) {
        assert.strictEqual((await submit(n)).status, 202)
        await wait(20)
      }
    })()
    const made = await runCommand(home, ["backup", file(), "--encrypt", "--json"], passphrase)
    working.abort()
    await work
    assert.strictEqual(made.code, 0, made.stderr)
    const told = JSON.parse(made.stdout) as {
      readonly keys: boolean
      readonly checked: boolean
      readonly events: number
    }
    assert.isTrue(told.keys && told.checked)
    assert.isAtLeast(told.events, acknowledged.length)

    assert.strictEqual((await ask(program.address, "DELETE", `/ops/customers/${erased}`)).status, 200)
    const listed = await runCommand(home, ["erasures", "list"])
    writeFileSync(list(), listed.stdout)
    assert.include(listed.stdout, erased)
    await program.stop("SIGKILL")

    const restored = await runCommand(elsewhere, ["restore", file(), "--erasures", list(), "--json"], passphrase)
    assert.strictEqual(restored.code, 0, restored.stderr + restored.stdout)
    assert.include(JSON.parse(restored.stdout), { ok: true, keys: true })
    program = await startProgram(elsewhere)
    const found = await Promise.all(
      acknowledged.map(async (id) => (await ask(program.address, "GET", `/v1/service-calls/${id}`)).body["status"])
    )
    assert.deepStrictEqual([...new Set(found)], ["Scheduled"])
    assert.strictEqual((await ask(program.address, "GET", `/ops/customers/${erased}`)).status, 410)
    assert.strictEqual((await submit(1_000)).status, 202)
  })

  it("opens with no other passphrase, and leaves no trace of itself then", { tags: ["ADR-0047.2"] }, async () => {
    const empty = await newHome()
    const refused = await runCommand(empty, ["restore", file()], { DUELINE_BACKUP_PASSPHRASE: "another passphrase" })
    assert.strictEqual(refused.code, 1)
    assert.match(refused.stderr, /Nothing was restored: it does not open/u)
    const without = await runCommand(empty, ["restore", file()])
    assert.match(without.stderr, /sealed: give its passphrase/u)
    assert.isFalse(existsSync(join(empty, "postgres", "data")))
    assert.deepStrictEqual(
      readdirSync(join(empty, "postgres")).filter((name) => name.includes("restoring")),
      []
    )
    await removeHome(empty)
  })

  it("is not written over, and not restored over a database", { tags: ["ADR-0047.3"] }, async () => {
    const again = await runCommand(elsewhere, ["backup", file()])
    assert.match(again.stderr, /is there already/u)
    const over = await runCommand(elsewhere, ["restore", file()], passphrase)
    assert.strictEqual(over.code, 1)
    assert.match(over.stderr, /is in use|has a database/u)
  })

  it("without a passphrase has no key in it, and says so; cut off or damaged it is refused whole", {
    tags: ["ADR-0047.2", "ADR-0047.3"]
  }, async () => {
    const open = join(shelf, "open.dueline")
    const made = await runCommand(elsewhere, ["backup", open, "--unchecked"])
    assert.strictEqual(made.code, 0, made.stderr)
    assert.match(made.stdout, /not checked[^]*the keys are not in it/u)
    const whole = readFileSync(open)
    const changed = Buffer.from(whole)
    changed[whole.length >> 1] = (changed[whole.length >> 1] ?? 0) ^ 1
    const isRefused = async (name: string, bytes: Uint8Array) => {
      const damaged = join(shelf, `${name}.dueline`)
      writeFileSync(damaged, bytes)
      const empty = await newHome()
      const refused = await runCommand(empty, ["restore", damaged])
      assert.strictEqual(refused.code, 1, name)
      assert.match(refused.stderr, /Nothing was restored/u, name)
      assert.isFalse(existsSync(join(empty, "postgres", "data")), name)
      await removeHome(empty)
    }
    await Promise.all([
      isRefused("cut", whole.subarray(0, whole.length - 1_000)),
      isRefused("changed", changed),
      isRefused("nothing", Buffer.from("a text\nof another program\n"))
    ])
  })
})
