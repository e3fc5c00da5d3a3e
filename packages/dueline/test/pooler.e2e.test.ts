/** The program behind the real PgBouncer, whose connections to the server are fewer than the program's. */
import { migrateUrl, withSession } from "@dueline/postgres/Database"
import { notTested, ServerMissing } from "@dueline/test-servers/notTested"
import { findPgbouncer } from "@dueline/test-servers/findServer"
import { missing, temporaryDirectory } from "@dueline/test-servers/sharedServers"
import { startPgbouncer } from "@dueline/test-servers/startPgbouncer"
import { startPostgres } from "@dueline/test-servers/startPostgres"
import { Effect, Redacted } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { newHome, removeHome, runCommand, startProgram } from "./RunningProgram.ts"
import { eventually } from "./SplitInstallation.ts"

const pooler = await findPgbouncer().then(
  () => undefined,
  (cause: unknown) => {
    if (cause instanceof ServerMissing) return notTested("what needs pgbouncer", cause.message)
    throw cause
  }
)
const absent = (await missing("postgres")) ?? pooler

const password = "correct horse"
/** What the runbook tells an administrator to run. */
const preparation = /```sql\n(do \$\$[^]*?\$\$)\n```/u.exec(
  readFileSync(join(import.meta.dirname, "..", "..", "..", "docs", "runbook.md"), "utf8")
)?.[1]

describe.skipIf(absent !== undefined)("behind PgBouncer", { tags: ["ADR-0026.9"] }, () => {
  let home: string
  let postgres: Awaited<ReturnType<typeof startPostgres>>
  let bouncer: Awaited<ReturnType<typeof startPgbouncer>>

  const admin = (statement: string) =>
    Effect.runPromise(withSession({ url: Redacted.make(postgres.url) }, (sql) => sql.unsafe<object>(statement)))
  const through = (mode: string, pooled = "yes") => ({
    DUELINE_DATABASE_URL: `postgres://dueline_worker:${encodeURIComponent(password)}@127.0.0.1:${bouncer.port}/${mode}`,
    DUELINE_DATABASE_POOLER: pooled,
    DUELINE_MIGRATE: "no"
  })

  beforeAll(async () => {
    home = await newHome()
    postgres = await startPostgres({ directory: await temporaryDirectory(), durable: false })
    await Effect.runPromise(migrateUrl(Redacted.make(postgres.url)))
    const roles = ["dueline_writer", "dueline_edge", "dueline_worker"]
    bouncer = await startPgbouncer({
      directory: await temporaryDirectory(),
      server: { host: "127.0.0.1", port: postgres.port, database: "postgres" },
      users: Object.fromEntries(roles.map((name) => [name, password])),
      modes: { transaction: 2, session: 12 }
    })
  })
  afterAll(async () => {
    await bouncer?.stop()
    await postgres?.stop()
    await removeHome(home)
  })

  it("roles whose settings are not the server's are refused, with what to do", async () => {
    for (const role of ["writer", "edge", "worker"])
      await admin(`alter role dueline_${role} login password '${password}'`)
    const { code, stderr } = await runCommand(home, ["serve", "--demo"], through("transaction"))
    assert.strictEqual(code, 1)
    assert.match(stderr, /statement_timeout is 0 ms.*alter role dueline_\w+ set statement_timeout/u)
    const without = await runCommand(home, ["serve", "--demo"], through("session", "no"))
    assert.strictEqual(without.code, 1)
    assert.match(without.stderr, /DUELINE_DATABASE_POOLER=yes.*unsupported startup parameter/u)
  })

  it.each(["transaction", "session"])("between %ss calls are made, listed and verified as without it", async (mode) => {
    await admin((preparation ?? assert.fail("the runbook has no such block")).replace("'…'", `'${password}'`))
    // As `RECONNECT` does: a connection that PgBouncer keeps has the settings that its role had before.
    await admin(
      "select pg_terminate_backend(pid) from pg_stat_activity where usename in ('dueline_writer', 'dueline_edge', 'dueline_worker')"
    )
    const env = through(mode)
    const program = await startProgram(home, env)
    try {
      const token = (await runCommand(home, ["token"], env)).stdout.trim()
      const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" }
      const url = `${program.address}/v1/service-calls`
      const request = { method: "GET", url: `${program.address}/health` }
      const submitted = await Promise.all(
        Array.from({ length: 10 }, () =>
          fetch(url, { method: "POST", headers, body: JSON.stringify({ delay: "0s", request }) })
        )
      )
      assert.deepStrictEqual([...new Set(submitted.map(({ status }) => status))], [202])
      await eventually(async () => {
        const answer = await fetch(url, { headers })
        const { items } = (await answer.json()) as { readonly items: ReadonlyArray<{ readonly status: string }> }
        return items.length >= 10 && items.every(({ status }) => status === "Succeeded")
      })
    } finally {
      assert.strictEqual(await program.stop("SIGTERM"), 0, program.output())
    }
    const verified = await runCommand(home, ["verify"], env)
    assert.strictEqual(verified.code, 0, verified.stdout + verified.stderr)
  })
})
