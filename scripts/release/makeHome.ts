/**
 * `node scripts/release/makeHome.ts PROGRAM DIRECTORY`: lives a small life with a released program (its `main.mjs` or `main.ts`), so that
 * there is some of everything that a home can hold, and stores what is left when it is killed: the rows of all tables, the schema, and the
 * keys, which are made for this and protect nothing. Tests upgrade it. Takes about a minute.
 */
import { spawn, type ChildProcess } from "node:child_process"
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { askHome, readHome } from "../../packages/postgres/src/admin/releasedHome.ts"

const [programFile, directory] = process.argv.slice(2)
if (programFile === undefined || directory === undefined) {
  console.error("usage: node scripts/release/makeHome.ts PROGRAM DIRECTORY")
  process.exit(2)
}

/** Calls name these addresses for ever: a test that upgrades the home listens at the first, and none at the second. */
const target = "http://127.0.0.1:18473"
const nobody = "http://127.0.0.1:18474"

const home = mkdtempSync(join(tmpdir(), "dueline-release-"))
chmodSync(home, 0o755)
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const say = (words: string) => console.error(`  ${words}`)

const answer = (request: IncomingMessage, response: ServerResponse): void => {
  const path = (request.url ?? "").split("?")[0]
  request.resume()
  if (path === "/hang") return
  if (path === "/drop") return void response.destroy()
  if (path === "/elsewhere") return void response.writeHead(302, { location: `${target}/ok` }).end()
  const status = path === "/gone" ? 404 : path === "/busy" ? 503 : 200
  response.writeHead(status, { "content-type": "application/json" }).end(`{"path":"${path}","word":"žluťoučký"}`)
}
const servers = [18_473, 18_475].map((port) => createServer(answer).listen(port, "127.0.0.1"))

interface Running {
  readonly child: ChildProcess
  readonly address: string
  readonly ended: Promise<unknown>
}

const environment = (extra: Readonly<Record<string, string>>) => ({
  PATH: process.env["PATH"],
  DUELINE_HOME: home,
  PORT: "0",
  LOG_FORMAT: "json",
  DUELINE_EGRESS_ALLOW: "127.0.0.1",
  ...extra
})

const start = (extra: Readonly<Record<string, string>> = {}): Promise<Running> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [programFile, "serve", "--demo"], { env: environment(extra) })
    const ended = new Promise((end) => child.once("exit", end))
    let text = ""
    const hear = (chunk: Buffer) => {
      text += chunk.toString()
      const address = /Dueline is ready at (http:\/\/\S+)/.exec(text)?.[1]
      if (address !== undefined) resolve({ child, address, ended })
    }
    child.stdout.on("data", hear)
    child.stderr.on("data", hear)
    void ended.then(() => reject(new Error(text)))
  })

const stop = async ({ child, ended }: Running, signal: NodeJS.Signals) => {
  child.kill(signal)
  await ended
}

const command = (...args: ReadonlyArray<string>): Promise<string> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [programFile, ...args], { env: environment({}) })
    let text = ""
    child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()))
    child.once("exit", () => resolve(text.trim()))
  })

let program = await start()
const token = await command("token")
let asked = 0

/** Throws unless the answer is a success. */
const ask = async (method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}) => {
  asked += 1
  const response = await fetch(`${program.address}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(method === "POST" ? { "idempotency-key": `release-${asked}` } : {}),
      ...headers
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
  return JSON.parse(text) as { readonly id: string; readonly status: string; readonly failureReason?: string }
}

interface Draft {
  readonly delay?: string
  readonly dueAt?: string
  readonly timeoutMs?: number
  readonly retry?: Readonly<Record<string, unknown>>
  readonly method?: string
  readonly url?: string
}

const once = { maxAttempts: 1 }
let drafted = 0

const submit = async (path: string, { method = "POST", url = `${target}${path}`, ...draft }: Draft = {}) => {
  drafted += 1
  const body = method === "GET" ? {} : { body: { number: drafted, words: "Grüße, 世界" } }
  const request = {
    method,
    url,
    headers: { authorization: `Bearer secret-${drafted}`, "x-number": `${drafted}` },
    ...body
  }
  return (await ask("POST", "/v1/service-calls", { request, tags: ["release", `n:${drafted}`], ...draft })).id
}

const until = async (id: string, status: string) => {
  for (;;) {
    const call = await ask("GET", `/v1/service-calls/${id}`)
    if (call.status === status) return call
    if (["Succeeded", "Failed", "Cancelled"].includes(call.status))
      throw new Error(`${id} is ${JSON.stringify(call)} and not ${status}`)
    await sleep(50)
  }
}
const failed = async (path: string, draft: Draft = {}) => until(await submit(path, { retry: once, ...draft }), "Failed")
const any = { "if-match": "*" }

say("calls that ended, in every way")
await until(await submit("/ok"), "Succeeded")
await until(await submit("/ok?token=s3cr3t", { method: "GET" }), "Succeeded")
await failed("/gone")
await failed("/busy", { retry: { maxAttempts: 2, initialDelayMs: 100 } })
await failed("/hang", { timeoutMs: 200 })
await failed("/drop")
await failed("/elsewhere")
await failed("", { url: "https://127.0.0.1:18473/tls" })
await failed("", { url: "http://nothing.invalid/dns" })
const cancelledLate = await submit("/hang", { timeoutMs: 1_500, retry: { maxAttempts: 3 } })
await until(cancelledLate, "Running")
await ask("POST", `/v1/service-calls/${cancelledLate}/cancel`)
await until(cancelledLate, "Failed")
await ask("POST", `/v1/service-calls/${await submit("/ok", { delay: "1h" })}/cancel`)
const again = await failed("/gone")
await ask("POST", `/v1/service-calls/${again.id}/run`)
await until(again.id, "Failed")

say("customers, bins and orders")
const customer = (name: string) =>
  ask("POST", "/ops/customers", {
    profile: { name, email: "jo@example.com", address: "Na Příkopě 1", notes: "Ring twice." }
  })
const kept = await customer("Jo Novák")
const changed = await customer("Ann Doe")
await ask("PATCH", `/ops/customers/${changed.id}`, { profile: { phone: "+420 601 123 456", email: null } }, any)
const erased = await customer("Nobody Any More")
await ask("DELETE", `/ops/customers/${erased.id}`)
const bin = (serialNumber: string, more: Readonly<Record<string, unknown>> = {}) =>
  ask("POST", "/ops/bins", { serialNumber, category: "skip", sizeLitres: 7_000, ...more })
const plainBin = await bin("SK-1", { location: { lat: 50.0755, lon: 14.4378 } })
const keptBin = await bin("SK-2", { customerId: kept.id })
const resting = await bin("SK-3")
await ask("PATCH", `/ops/bins/${resting.id}`, { status: "Maintenance" }, any)
const retired = await bin("SK-4")
await ask("DELETE", `/ops/bins/${retired.id}`)
for (let change = 1; change <= 140; change += 1)
  await ask("POST", `/ops/bins/${plainBin.id}/capacity`, { capacityLitres: 7_000 - change }, any)

let windows = 0
const order = (binId: string, customerId: string, more: Readonly<Record<string, unknown>> = {}) => {
  windows += 1
  const day = new Date(Date.now() + windows * 86_400_000)
  const window = { from: day.toISOString(), to: new Date(day.getTime() + 3_600_000).toISOString() }
  const notifications = [{ url: `${target}/order-${windows}`, lead: "30m" }]
  const items = [{ material: "rubble", quantity: 3, unit: "piece" }]
  return ask("POST", "/ops/orders", {
    customerId,
    binId,
    kind: "pickup",
    window,
    items,
    notifications,
    schedule: true,
    ...more
  })
}
await order(plainBin.id, kept.id)
const confirmed = await order(plainBin.id, changed.id)
await ask("POST", `/ops/orders/${confirmed.id}/confirm`)
const completed = await order(keptBin.id, kept.id)
await ask("POST", `/ops/orders/${completed.id}/complete`)
const cancelled = await order(plainBin.id, kept.id)
await ask("POST", `/ops/orders/${cancelled.id}/cancel`)
await order(plainBin.id, kept.id, { schedule: false })
const refused = await order(keptBin.id, kept.id, { schedule: false })

say("calls that are not to be sent any more, with other settings and other keys")
const denied = await submit("/ok", { delay: "2s", retry: once })
await stop(program, "SIGTERM")
program = await start({ DUELINE_EGRESS_ALLOW: "127.0.0.2" })
await until(denied, "Failed")
await ask("POST", `/ops/orders/${refused.id}/schedule`)
const someIn = async (what: string) => {
  for (let looks = 0; (await askHome(home, `select from dueline.${what} limit 1`)).length === 0; looks += 1) {
    if (looks > 600) throw new Error(`nothing in ${what}`)
    await sleep(100)
  }
}
await someIn("dead_letters")
await stop(program, "SIGTERM")
program = await start()
const unreadable = await submit("/ok", { delay: "3s", retry: once })
await stop(program, "SIGTERM")
const keyFile = join(home, "keys", "installation.keys")
renameSync(keyFile, `${keyFile}.kept`)
program = await start({ DUELINE_NEW_KEYS: "yes" })
await until(unreadable, "Failed")
await stop(program, "SIGTERM")
renameSync(`${keyFile}.kept`, keyFile)

say("calls whose process went away, and calls that were handed back")
program = await start()
const lost = await submit("/hang", { timeoutMs: 60_000, retry: once })
await until(lost, "Running")
await stop(program, "SIGKILL")
program = await start()
await until(lost, "Failed")
/** Each is taken or none. */
const submitAll = async (items: ReadonlyArray<object>) => {
  const response = await fetch(`${program.address}/v1/service-calls/batch`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ items })
  })
  if (!response.ok) throw new Error(await response.text())
}

/** More than go to one target at once, so that some are begun and wait. */
const waiting = {
  delay: "1s",
  timeoutMs: 6_000,
  retry: { maxAttempts: 2, initialDelayMs: 300_000, maxDelayMs: 300_000, jitter: 0 },
  request: { method: "POST", url: "http://127.0.0.1:18475/hang", body: "…" }
}
await submitAll(Array.from({ length: 72 }, () => waiting))
await someIn("service_calls where (select count(*) from dueline.service_calls where status = 'Running') >= 70")
program.child.kill("SIGSTOP")
await sleep(18_000)
program.child.kill("SIGCONT")
await someIn("events where payload ->> 'reason' = 'deadline_exceeded'")
await stop(program, "SIGKILL")
program = await start()
await Promise.all(Array.from({ length: 12 }, () => failed("", { url: `${nobody}/connect` })))
await submit("", { url: `${nobody}/open-circuit`, retry: { maxAttempts: 2, initialDelayMs: 100 } })
await sleep(500)

say("calls that are to come, and calls under way when the program is killed")
await submit("/ok", { delay: "5m" })
await submit("/ok", { dueAt: new Date(Date.now() + 9 * 365 * 86_400_000).toISOString() })
const moved = await submit("/ok", { delay: "2h" })
await ask("PATCH", `/v1/service-calls/${moved}`, { delay: "6m" }, any)
const retried = await submit("/busy", {
  retry: { maxAttempts: 4, initialDelayMs: 300_000, maxDelayMs: 300_000, jitter: 0 }
})
await sleep(1_000)
await ask("GET", `/v1/service-calls/${retried}`)
const rerun = await failed("/gone")
await stop(program, "SIGTERM")
program = await start()
await ask("POST", `/v1/service-calls/${rerun.id}/run`)
for (const retry of [once, { maxAttempts: 3 }])
  await until(await submit("/hang", { timeoutMs: 200_000, retry }), "Running")
// Nothing is taken from the outbox any more.
await askHome(home, "revoke execute on function dueline.claim_outbox from dueline_worker")
await ask("POST", `/v1/service-calls/${await submit("/ok", { delay: "1h" })}/cancel`)
await customer("Told to nobody yet")
await submitAll(
  Array.from({ length: 20 }, (_, index) => ({
    delay: "5m",
    request: { method: "POST", url: `${target}/batch-${index}`, body: { index } }
  }))
)
await stop(program, "SIGKILL")
await askHome(home, "grant execute on function dueline.claim_outbox to dueline_worker")

say("storing what is left")
const stored = await readHome(home)
mkdirSync(join(directory, "keys"), { recursive: true })
rmSync(join(directory, "keys"), { recursive: true })
cpSync(join(home, "keys"), join(directory, "keys"), { recursive: true })
writeFileSync(join(directory, "schema.json"), `${JSON.stringify(stored.schema, null, 2)}\n`)
writeFileSync(join(directory, "tables.json.gz"), gzipSync(JSON.stringify(stored.tables), { level: 9 }))
for (const { name, rows } of stored.tables) say(`${name}: ${rows.length}`)
process.kill(stored.postmaster, "SIGINT")
for (const server of servers) {
  server.close()
  server.closeAllConnections()
}
say(`stored in ${directory}: ${readdirSync(directory).join(", ")}; the home is in ${home}`)
