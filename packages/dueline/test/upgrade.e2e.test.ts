/** A home of a released version under this program: it upgrades when it starts, everything in it is in order, and its calls are made. */
import * as EmbeddedServer from "@dueline/postgres/embedded/EmbeddedServer"
import { withSession } from "@dueline/postgres/Database"
import { askHome, restoreTables, storedTables } from "@dueline/postgres/admin/releasedHome"
import { Effect } from "effect"
import { chmodSync, cpSync, readdirSync, readFileSync } from "node:fs"
import { createServer, type Server } from "node:http"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { newHome, printed, removeHome, runCommand, type RunningProgram, startProgram } from "./RunningProgram.ts"
import { eventually } from "./SplitInstallation.ts"

const released = join(import.meta.dirname, "..", "..", "postgres", "test", "released")
const releases = readdirSync(released, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : []
)
const steps: ReadonlyArray<unknown> = JSON.parse(readFileSync(join(released, "checksums.json"), "utf8"))

/** The addresses that the stored calls go to. */
const ports = [18_473, 18_475]

const restore = (home: string, folder: string): Promise<void> =>
  Effect.gen(function* () {
    const { port, socketDirectory, superuser } = yield* EmbeddedServer.make({ home, durable: false })
    const at = { host: socketDirectory, port, username: superuser }
    yield* withSession({ ...at, database: "postgres" }, (sql) => sql.unsafe("create database dueline"))
    yield* withSession({ ...at, database: "dueline" }, (sql) => restoreTables(sql, folder, steps.length))
  }).pipe(Effect.scoped, Effect.runPromise)

/** The address is the stored home's own: when another run of this test has it, this one waits for it. */
const listen = (server: Server, port: number): Promise<Server> =>
  new Promise((resolve) => {
    server.on("error", () => setTimeout(() => server.listen(port, "127.0.0.1"), 200))
    server.listen(port, "127.0.0.1", () => resolve(server))
  })

const targets = (seen: Array<string>): Promise<ReadonlyArray<Server>> =>
  Promise.all(
    ports.map((port) => {
      const server = createServer((request, response) => {
        seen.push(request.url ?? "")
        request.resume().once("end", () => response.writeHead(200).end("ok"))
      })
      return listen(server, port)
    })
  )

describe.each(releases)("a home of release %s", (release) => {
  const folder = join(released, release)
  const tables = storedTables(folder)
  const seen: Array<string> = []
  let home: string
  let program: RunningProgram
  let token: string
  let servers: ReadonlyArray<Server> = []

  beforeAll(async () => {
    home = await newHome()
    cpSync(join(folder, "keys"), join(home, "keys"), { recursive: true })
    // A checkout does not keep that nobody else may read them.
    for (const entry of readdirSync(join(home, "keys"), { recursive: true, withFileTypes: true }))
      if (entry.isFile()) chmodSync(join(entry.parentPath, entry.name), 0o600)
    await restore(home, folder)
    servers = await targets(seen)
    program = await startProgram(home)
    token = await printed(home, ["token"])
  })

  afterAll(async () => {
    await program.stop("SIGTERM")
    for (const server of servers) {
      server.close()
      server.closeAllConnections()
    }
    await removeHome(home)
  })

  const rowsOf = (name: string): ReadonlyArray<Readonly<Record<string, string | null>>> => {
    const table = tables.find((each) => each.name === name) ?? assert.fail(`no table ${name}`)
    return table.rows.map((row) =>
      Object.fromEntries(table.columns.map((column, at) => [column.name, row[at] ?? null]))
    )
  }

  const get = (path: string) => fetch(`${program.address}${path}`, { headers: { authorization: `Bearer ${token}` } })

  const overdue = () =>
    askHome(
      home,
      `select from dueline.service_calls where status in ('Scheduled', 'Running')
        and coalesce(wake_at, due_at) < extract(epoch from now()) * 1000`
    )

  it("holds calls that ended, that are to come and that were under way, and something of all the rest", () => {
    for (const table of tables.filter(({ name }) => name !== "leases")) assert.isNotEmpty(table.rows, table.name)
    const states = new Set(rowsOf("service_calls").map(({ status }) => status))
    assert.sameMembers([...states], ["Scheduled", "Running", "Succeeded", "Failed", "Cancelled"])
    assert.isTrue(rowsOf("service_calls").some(({ sealed, status }) => status === "Running" && sealed !== null))
  })

  it("has every call that is due made by the new program, those that were under way too", {
    tags: ["ADR-0025.6"]
  }, async () => {
    await eventually(async () => (await overdue()).length === 0)
    const paths = rowsOf("service_calls")
      .filter(({ due_at, status }) => ["Scheduled", "Running"].includes(status ?? "") && Number(due_at) < Date.now())
      .flatMap(({ url }) => (url?.includes(":18474/") ? [] : [new URL(url ?? "").pathname]))
    assert.isAbove(paths.length, 20)
    for (const path of paths) assert.include(seen, path)
  })

  it("opens what was sealed, and nothing of whom it had forgotten", { tags: ["ADR-0025.6"] }, async () => {
    for (const { customer_id, status } of rowsOf("customers")) {
      const answer = await get(`/ops/customers/${customer_id}`)
      assert.strictEqual(answer.status, status === "Erased" ? 410 : 200, await answer.text())
    }
  })

  it("loses nothing: calls, bins, orders and dead letters are there, and answered", {
    tags: ["ADR-0025.6"]
  }, async () => {
    for (const [table, id, path] of [
      ["bins", "bin_id", "/ops/bins"],
      ["orders", "order_id", "/ops/orders"],
      ["service_calls", "call_id", "/v1/service-calls"]
    ] as const) {
      const rows = rowsOf(table)
      const stored = await askHome(home, `select from dueline.${table}`)
      assert.isAtLeast(stored.length, rows.length, table)
      for (const row of rows.slice(0, 20))
        assert.strictEqual((await get(`${path}/${row[id]}`)).status, 200, `${path}/${row[id]}`)
    }
    assert.lengthOf(await askHome(home, "select from dueline.dead_letters"), rowsOf("dead_letters").length)
    await eventually(async () => (await askHome(home, "select from dueline.outbox")).length === 0)
  })

  it("is found in order by verify, and who was a tenant is one", { tags: ["ADR-0025.6", "ADR-0034.4"] }, async () => {
    const tenants = await askHome(home, "select t.tenant_id from dueline.tenants t")
    assert.isNotEmpty(tenants)
    const made = await askHome(
      home,
      "select from dueline.tenants t join dueline.tenant_rows r on r.id = t.tenant_id and r.workspace = t.name"
    )
    assert.lengthOf(made, tenants.length)
    const { code, stderr, stdout } = await runCommand(home, ["verify"])
    assert.strictEqual(code, 0, stdout + stderr)
  })
})
