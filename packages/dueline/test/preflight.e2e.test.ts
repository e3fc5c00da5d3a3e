/** The program beside what is wrong: a tenant nobody made, a database that takes no writes, keys of others, a kill of everything at once. */
import { derivedTenantId } from "@dueline/identity/derivedId"
import * as Database from "@dueline/postgres/Database"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { copyFileSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { homeAt } from "../src/Home.ts"
import {
  homeWithDatabase,
  printed,
  removeHome,
  runCommand,
  type RunningProgram,
  startProgram
} from "./RunningProgram.ts"
import { runCli } from "./runCli.ts"

let home: string
let program: RunningProgram
let token: string

beforeAll(async () => {
  home = await homeWithDatabase()
  program = await startProgram(home)
  token = await printed(home, ["token"])
})

afterAll(async () => {
  await program.stop("SIGTERM")
  await removeHome(home)
})

const asSuperuser = (...statements: ReadonlyArray<string>) =>
  Effect.runPromise(
    Database.withSession(
      { host: join(home, "postgres", "run"), port: 5432, username: "dueline_admin", database: "dueline" },
      (sql) => Effect.forEach(statements, (statement) => sql.unsafe(statement), { discard: true })
    )
  )

/** Asks until the answer is as wanted; bounded by the test's own time. */
const until = async <A>(ask: () => Promise<A>, wanted: (answer: A) => boolean): Promise<A> => {
  for (;;) {
    const answer = await ask()
    if (wanted(answer)) return answer
    await new Promise((next) => setTimeout(next, 50))
  }
}

const ready = async () => {
  const answer = await fetch(`${program.address}/ready`)
  return { status: answer.status, body: (await answer.json()) as { readonly reason?: string } }
}

const submit = async (bearer: string) => {
  const answer = await fetch(`${program.address}/v1/service-calls`, {
    method: "POST",
    headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
    body: JSON.stringify({ delay: "1h", request: { method: "GET", url: "http://127.0.0.1:9/" } })
  })
  return { status: answer.status, body: (await answer.json()) as { readonly code?: string } }
}

const doctor = async () => {
  const { exitCode, stdout } = await Effect.runPromise(runCli(["doctor", "--json"], { env: { DUELINE_HOME: home } }))
  return {
    code: exitCode,
    ...(JSON.parse(stdout) as {
      ok: boolean
      checks: ReadonlyArray<string>
      findings: ReadonlyArray<{ check: string; detail: string; advice: string }>
    })
  }
}

/** The sessions that are there keep the setting they began with. */
const anew =
  "select pg_terminate_backend(pid) from pg_stat_activity where usename like 'dueline_%' and usename <> 'dueline_admin'"

describe("the program", () => {
  it("refuses a token for a tenant that was never made, and the command makes none", {
    tags: ["ADR-0026.4"]
  }, async () => {
    const refused = await runCommand(home, ["token", "--tenant", "nobody"])
    assert.deepStrictEqual([refused.code, refused.stdout], [1, ""])
    assert.match(
      refused.stderr,
      /There is no tenant "nobody"\n +there are: demo\n +make it with `dueline tenant create nobody`/u
    )
    const unchecked = (await runCommand(home, ["token", "--tenant", "nobody", "--unchecked"])).stdout.trim()
    const answer = await submit(unchecked)
    assert.deepStrictEqual([answer.status, answer.body.code], [403, "unknown_tenant"])
    assert.strictEqual((await runCommand(home, ["tenant", "create", "acme"])).code, 0)
    const made = await runCommand(home, ["token", "--tenant", derivedTenantId("acme")])
    assert.strictEqual((await submit(made.stdout.trim())).status, 202)
  })

  it("lets in the key that a tenant is made with, for what it may do; a tenant that is there gets none", async () => {
    const create = async (...more: ReadonlyArray<string>) => {
      const { code, stdout } = await runCommand(home, ["tenant", "create", "keyed", ...more, "--json"])
      return { code, made: stdout === "" ? null : (JSON.parse(stdout) as { apiKey: { key: string } | null }) }
    }
    const { made } = await create("--api-key", "nightly", "--scope", "ops:calls.read", "--scope", "ops:calls.write")
    assert.match(made?.apiKey?.key ?? "", /^dlk_[0-9A-Za-z]{60}$/u)
    assert.strictEqual((await submit(made?.apiKey?.key ?? "")).status, 202)
    const bins = { headers: { authorization: `Bearer ${made?.apiKey?.key}` } }
    assert.strictEqual((await fetch(`${program.address}/ops/bins`, bins)).status, 403)
    assert.deepStrictEqual(await create("--api-key", "nightly"), { code: 1, made: null })
    assert.deepStrictEqual((await create("--api-key", "nightly", "--if-absent")).made?.apiKey, null)
  })

  it("is found to be well while it runs", { tags: ["ADR-0026.8"] }, async () => {
    assert.deepInclude(await doctor(), { code: 0, ok: true, findings: [] })
  })

  it("is not ready while its database takes no writes, says why once, and is ready again afterwards", {
    timeout: 120_000,
    tags: ["ADR-0026.3"]
  }, async () => {
    const from = program.output().length
    await asSuperuser("alter database dueline set default_transaction_read_only = on", anew)
    const red = await until(ready, ({ body, status }) => status === 503 && /read-only/u.test(body.reason ?? ""))
    assert.match(red.body.reason ?? "", /^down: database \(it is read-only/u)
    assert.strictEqual((await submit(token)).status, 503)
    const looked = await doctor()
    assert.deepStrictEqual(
      [looked.code, looked.findings.map(({ detail }) => detail)],
      [1, ["the database is read-only"]]
    )
    await asSuperuser(
      "set default_transaction_read_only = off",
      "alter database dueline set default_transaction_read_only = off",
      anew
    )
    await until(ready, ({ status }) => status === 200)
    assert.strictEqual((await submit(token)).status, 202)
    const said = program.output().slice(from)
    assert.lengthOf(said.match(/takes no writes"[^\n]*"pool":"writer"[^\n]*25006/gu) ?? [], 1)
    assert.notInclude(said, "    at ")
  })

  it("starts at once after it and its server were killed together, and has what it had", {
    timeout: 240_000,
    tags: ["ADR-0026.7"]
  }, async () => {
    for (let kill = 0; kill < 3; kill++) {
      const pid = Number(readFileSync(join(homeAt(home).data, "postmaster.pid"), "utf8").split("\n")[0])
      process.kill(pid, "SIGKILL")
      await program.stop("SIGKILL")
      program = await startProgram(home)
    }
    assert.strictEqual((await submit(token)).status, 202)
  })

  it("does not start with other keys, and is found to have them while it is stopped", {
    timeout: 240_000,
    tags: ["ADR-0026.2", "ADR-0026.8"]
  }, async () => {
    await program.stop("SIGTERM")
    assert.deepInclude(await doctor(), { code: 0, ok: true, findings: [] })
    const { vaultKeys } = homeAt(home)
    copyFileSync(vaultKeys, join(home, "kept"))
    writeFileSync(vaultKeys, `${"ab".repeat(32)}\n`)
    const looked = await doctor()
    assert.strictEqual(looked.code, 1)
    assert.deepStrictEqual(
      looked.findings.map(({ check }) => check),
      ["keys"]
    )
    const refused = await runCommand(home, ["serve"])
    assert.strictEqual(refused.code, 1)
    assert.match(
      refused.stderr,
      /^error: .*installation\.keys holds other keys than the database was used with: restore/mu
    )
    const verified = await runCommand(home, ["verify"])
    assert.match(verified.stdout, /keys +- +- +.*holds other keys/u)
    copyFileSync(join(home, "kept"), vaultKeys)
    program = await startProgram(home)
  })
})
