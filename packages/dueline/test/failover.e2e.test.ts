/** The program with a primary and a standby, over the death of the primary under load. */
import { withSession } from "@dueline/postgres/Database"
import { missing, temporaryDirectory } from "@dueline/test-servers/sharedServers"
import { startPostgres } from "@dueline/test-servers/startPostgres"
import { startStandby } from "@dueline/test-servers/startStandby"
import { Effect, Redacted } from "effect"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { newHome, removeHome, runCommand, startProgram } from "./RunningProgram.ts"
import { eventually } from "./SplitInstallation.ts"
import { startTarget, type Target } from "./Target.ts"

const absent = await missing("postgres")

describe.skipIf(absent !== undefined)("over the death of the primary", { tags: ["ADR-0052.3"] }, () => {
  let home: string
  let target: Target
  let primary: Awaited<ReturnType<typeof startPostgres>>
  let standby: Awaited<ReturnType<typeof startPostgres>>

  const at = (url: string, ...statements: ReadonlyArray<string>) =>
    Effect.runPromise(
      withSession({ url: Redacted.make(url) }, (sql) =>
        Effect.forEach(statements, (statement) => sql.unsafe<Record<string, number>>(statement))
      )
    )

  beforeAll(async () => {
    home = await newHome()
    target = await startTarget()
    primary = await startPostgres({ directory: await temporaryDirectory() })
    standby = await startStandby({ directory: await temporaryDirectory(), primary })
    await at(primary.url, "alter system set synchronous_standby_names = '*'", "select pg_reload_conf()")
  })
  afterAll(async () => {
    await target?.close()
    await Promise.all([primary?.stop(), standby?.stop()])
    await removeHome(home)
  })

  it("every accepted call is made, none is there twice, and everything verifies", async () => {
    const address = new URL(primary.url).host
    const url = primary.url.replace(address, `${address},${new URL(standby.url).host}`)
    const env = { DUELINE_DATABASE_URL: `${url}?target_session_attrs=primary` }
    const program = await startProgram(home, env)
    try {
      const token = (await runCommand(home, ["token"], env)).stdout.trim()
      const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" }
      const ids = new Map<string, string>()
      const submit = async (key: string): Promise<void> => {
        for (;;) {
          const answer = await fetch(`${program.address}/v1/service-calls`, {
            method: "POST",
            headers: { ...headers, "idempotency-key": key },
            body: JSON.stringify({ delay: "0s", request: { method: "POST", url: `${target.url}/${key}` } })
          })
          const body = await answer.text()
          if (answer.status === 202) return void ids.set(key, answer.headers.get("location") ?? assert.fail(body))
          assert.include([503, 409], answer.status, body)
        }
      }
      const work = { going: true, number: 0 }
      const client = async (): Promise<void> => {
        while (work.going) await submit(`key-${work.number++}`)
      }
      const clients = Promise.all(Array.from({ length: 8 }, client))
      await eventually(() => ids.size > 100)
      await primary.kill()
      await eventually(() => program.output().includes("no server of the database takes writes"))
      const before = ids.size
      await at(standby.url, "alter system reset synchronous_standby_names", "select pg_promote()")
      await eventually(() => ids.size > before + 100)
      work.going = false
      await clients
      assert.include(program.output(), "work goes on at another server of the database")
      const made = () => new Set(target.seen.map(({ path }) => path.slice(1)))
      await eventually(() => [...ids.keys()].every((key) => made().has(key)))
      const ended = "select count(*)::int as n from dueline.service_calls where status = 'Succeeded'"
      await eventually(async () => (await at(standby.url, ended))[0]?.[0]?.["n"] === ids.size)
      const [all] = await at(standby.url, "select count(*)::int as n from dueline.service_calls")
      assert.strictEqual(all?.[0]?.["n"], ids.size)
      assert.strictEqual(new Set(ids.values()).size, ids.size)

      const doctor = await runCommand(home, ["doctor"], env)
      assert.strictEqual(doctor.code, 1)
      assert.match(doctor.stdout, new RegExp(`${address}.*ECONNREFUSED`, "u"))
    } finally {
      assert.strictEqual(await program.stop("SIGTERM"), 0, program.output())
    }
    const verified = await runCommand(home, ["verify"], env)
    assert.strictEqual(verified.code, 0, verified.stdout + verified.stderr)
  })
})
