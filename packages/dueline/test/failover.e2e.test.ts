/** The program with a primary and a standby, over TLS, under load: the primary dies, comes back as a standby, and is the primary again. */
import { withSession } from "@dueline/postgres/Database"
import { serverAccount } from "@dueline/test-servers/ServerAccount"
import { missing, temporaryDirectory } from "@dueline/test-servers/sharedServers"
import { startPostgres } from "@dueline/test-servers/startPostgres"
import { rejoinAsStandby, startStandby } from "@dueline/test-servers/startStandby"
import { Effect, Redacted } from "effect"
import { chownSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as wait } from "node:timers/promises"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { newHome, removeHome, runCommand, startProgram } from "./RunningProgram.ts"
import { forAddress, forName } from "@dueline/test-servers/selfSigned"
import { eventually } from "./SplitInstallation.ts"
import { startTarget, type Target } from "./Target.ts"

const absent = await missing("postgres")

/** Between an answer and the next call of a client. */
const paceMs = 30

/** In a directory of the server's own account, since no other may be able to read the key. */
const withCertificate = async ({ certificate, privateKey }: typeof forName) => {
  const directory = await temporaryDirectory()
  const [ssl_cert_file, ssl_key_file] = [join(directory, "server.crt"), join(directory, "server.key")]
  writeFileSync(ssl_cert_file, certificate)
  writeFileSync(ssl_key_file, privateKey, { mode: 0o600 })
  const account = serverAccount()
  if (account !== undefined) chownSync(ssl_key_file, account.uid, account.gid)
  return { ssl: "on", ssl_cert_file, ssl_key_file, wal_log_hints: "on" }
}

describe.skipIf(absent !== undefined)("over a failover and back", { tags: ["ADR-0052.3"] }, () => {
  let home: string
  let target: Target
  let directory: string
  let first: Awaited<ReturnType<typeof startPostgres>>
  let second: Awaited<ReturnType<typeof startPostgres>>
  let settings: ReadonlyArray<Awaited<ReturnType<typeof withCertificate>>>

  const at = (server: typeof first, ...statements: ReadonlyArray<string>) =>
    Effect.runPromise(
      withSession({ url: Redacted.make(server.url) }, (sql) =>
        Effect.forEach(statements, (statement) => sql.unsafe<Record<string, number>>(statement))
      )
    )
  const numberAt = async (server: typeof first, statement: string) => (await at(server, statement))[0]?.[0]?.["n"]
  /** Whoever is told that it is committed has been told so by the standby too. */
  const together = (server: typeof first) =>
    at(server, "alter system set synchronous_standby_names = '*'", "select pg_reload_conf()")
  const promote = (server: typeof first) =>
    at(server, "alter system reset synchronous_standby_names", "select pg_promote()")

  beforeAll(async () => {
    home = await newHome()
    target = await startTarget()
    directory = await temporaryDirectory()
    settings = await Promise.all([withCertificate(forName), withCertificate(forAddress)])
    first = await startPostgres({ directory, settings: settings[0] ?? {} })
    // What the runbook wants of both servers.
    await at(first, "alter system set wal_log_hints = on", "alter system set wal_keep_size = '512MB'")
    second = await startStandby({
      directory: await temporaryDirectory(),
      primary: first,
      settings: settings[1] ?? {}
    })
    await together(first)
  })
  afterAll(async () => {
    await target?.close()
    await Promise.all([first?.stop(), second?.stop()])
    await removeHome(home)
  })

  it("every accepted call is made, none is there twice or sent twice under one epoch, and everything verifies", {
    timeout: 180_000
  }, async () => {
    const authorities = join(home, "authorities.crt")
    writeFileSync(authorities, forName.certificate + forAddress.certificate)
    const { host, password, username } = new URL(second.url)
    const hosts = `localhost:${first.port},${host}`
    const url = `postgres://${username}:${password}@${hosts}/postgres?sslmode=verify-full&target_session_attrs=primary`
    const env = { DUELINE_DATABASE_URL: url, NODE_EXTRA_CA_CERTS: authorities }
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
      // At a pace: what they say while a server is missed or started is asked for by nobody, and all of it is to be made.
      const client = async (): Promise<void> => {
        for (; work.going; await wait(paceMs)) await submit(`key-${work.number++}`)
      }
      const clients = Promise.all(Array.from({ length: 4 }, client))
      const more = async (count: number) => {
        const wanted = ids.size + count
        await eventually(() => ids.size > wanted)
      }
      const said = (words: string) => program.output().split(words).length - 1
      /** The death of the one, and the promotion of the other once the program has noticed. */
      const failover = async (from: typeof first, to: typeof first) => {
        const [lost, gained] = [
          "no server of the database takes writes",
          "work goes on at another server of the database"
        ]
        const [before, found] = [said(lost), said(gained)]
        await from.kill()
        await eventually(() => said(lost) > before)
        await promote(to)
        await more(100)
        assert.isAbove(said(gained), found)
      }

      await more(100)
      const plain = "select count(*)::int as n from pg_stat_activity left join pg_stat_ssl using (pid)"
      const programs = "where application_name like 'dueline%' and client_port is not null and pid <> pg_backend_pid()"
      assert.strictEqual(await numberAt(first, `${plain} ${programs} and not ssl`), 0)
      await failover(first, second)
      // Until then its files name the timeline that it was promoted from, and nothing would be rewound.
      await at(second, "checkpoint")
      first = await rejoinAsStandby({ directory, port: first.port, primary: second, settings: settings[0] ?? {} })
      const streaming = "select count(*)::int as n from pg_stat_replication where state = 'streaming'"
      await eventually(async () => (await numberAt(second, streaming)) === 1)
      await together(second)
      await more(100)
      await failover(second, first)
      work.going = false
      await clients

      const made = () => new Set(target.seen.map(({ path }) => path.slice(1)))
      await eventually(() => [...ids.keys()].every((key) => made().has(key)))
      const ended = "select count(*)::int as n from dueline.service_calls where status = 'Succeeded'"
      await eventually(async () => (await numberAt(first, ended)) === ids.size)
      assert.strictEqual(await numberAt(first, "select count(*)::int as n from dueline.service_calls"), ids.size)
      assert.strictEqual(new Set(ids.values()).size, ids.size)
      const sent = target.seen.map(({ headers, path }) => `${path} ${headers["dueline-epoch"]}`)
      assert.lengthOf(new Set(sent), sent.length)

      const doctor = await runCommand(home, ["doctor"], env)
      assert.strictEqual(doctor.code, 1)
      assert.match(doctor.stdout, new RegExp(`${host}.*ECONNREFUSED`, "u"))
    } finally {
      assert.strictEqual(await program.stop("SIGTERM"), 0, program.output())
    }
    const verified = await runCommand(home, ["verify"], env)
    assert.strictEqual(verified.code, 0, verified.stdout + verified.stderr)
  })
})
