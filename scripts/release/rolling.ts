/**
 * `pnpm rolling PREVIOUS`: replaces processes of the previous release (its `main.mjs` or `main.ts`) by those of this checkout, one by one,
 * over one PostgreSQL and one NATS server, while calls are submitted all the time. Exit code 1 when a call that was accepted was lost,
 * failed, or was made early, or when `verify` finds anything. Takes about a minute.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { temporaryDirectory } from "../../packages/test-servers/src/sharedServers.ts"
import { startNats } from "../../packages/test-servers/src/startNats.ts"
import { startPostgres } from "../../packages/test-servers/src/startPostgres.ts"

const [previous] = process.argv.slice(2)
if (previous === undefined) {
  console.error(
    "usage: pnpm rolling PREVIOUS  (main.mjs of the previous release: node scripts/bundle.ts DIRECTORY, in its checkout)"
  )
  process.exit(2)
}
const current = join(import.meta.dirname, "..", "..", "packages", "dueline", "src", "main.ts")
const phaseMs = 6_000
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const say = (words: string) => console.error(`${new Date().toISOString().slice(11, 19)} ${words}`)

const arrivals = new Map<string, number>()
const early: Array<string> = []
const target = createServer((request, response) => {
  const [, number = "", dueAt = "0"] = (request.url ?? "").split("/")
  if (Date.now() < Number(dueAt)) early.push(number)
  arrivals.set(number, (arrivals.get(number) ?? 0) + 1)
  request.resume().once("end", () => setTimeout(() => response.writeHead(200).end("ok"), 200))
})
await new Promise<void>((listening) => target.listen(0, "127.0.0.1", listening))
const { port } = target.address() as AddressInfo

const home = mkdtempSync(join(tmpdir(), "dueline-rolling-"))
const nats = await startNats({ directory: await temporaryDirectory() })
const postgres = await startPostgres({ directory: await temporaryDirectory(), durable: false })
const env = {
  PATH: process.env["PATH"],
  HOME: process.env["HOME"],
  DUELINE_HOME: home,
  DUELINE_DATABASE_URL: postgres.url,
  DUELINE_NATS_URL: nats.url,
  DUELINE_EGRESS_ALLOW: "127.0.0.1",
  PORT: "0",
  LOG_FORMAT: "json"
}

const command = (
  program: string,
  ...args: ReadonlyArray<string>
): Promise<{ readonly code: number | null; readonly text: string }> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [program, ...args], { env })
    let text = ""
    child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()))
    child.stderr.on("data", (chunk: Buffer) => (text += chunk.toString()))
    child.once("exit", (code) => resolve({ code, text: text.trim() }))
  })

interface Running {
  readonly child: ChildProcess
  readonly address: string
  readonly ended: Promise<unknown>
}
const running = new Set<Running>()

const start = (program: string): Promise<Running> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, "serve"], { env })
    const ended = new Promise((end) => child.once("exit", end))
    let text = ""
    const hear = (chunk: Buffer) => {
      const words = chunk.toString()
      if (running.size > 0 && /"level":"(?:ERROR|FATAL)"/i.test(words)) process.stderr.write(words)
      text += words
      const address = /Dueline is ready at (http:\/\/\S+)/.exec(text)?.[1]
      if (address === undefined || [...running].some((one) => one.child === child)) return
      const one = { child, address, ended }
      running.add(one)
      resolve(one)
    }
    child.stdout.on("data", hear)
    child.stderr.on("data", hear)
    void ended.then(() => reject(new Error(text)))
  })

const stop = async (one: Running, signal: NodeJS.Signals) => {
  running.delete(one)
  one.child.kill(signal)
  await one.ended
}

await command(previous, "migrate")
await command(previous, "tenant", "create", "demo")
const token = (await command(previous, "token")).text
const old = [await start(previous), await start(previous)]

const accepted = new Map<string, string>()
const submitting = new AbortController()
let submitted = 0
let refused = 0

const ask = (path: string, init: RequestInit = {}) => {
  const all = [...running]
  const address = all[Math.floor(Math.random() * all.length)]?.address ?? ""
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json", ...init.headers }
  return fetch(`${address}${path}`, { ...init, headers })
}

/** Asks with the same key until it is told. */
const submit = async (number: string) => {
  const dueAt = Date.now() + Math.floor(Math.random() * 3_000)
  const request = { method: "POST", url: `http://127.0.0.1:${port}/${number}/${dueAt}`, body: "x" }
  const body = JSON.stringify({ dueAt: new Date(dueAt).toISOString(), request })
  for (;;) {
    try {
      const response = await ask("/v1/service-calls", { method: "POST", headers: { "idempotency-key": number }, body })
      const answer = (await response.json()) as { readonly id?: string }
      if (response.status === 202 && answer.id !== undefined) return void accepted.set(number, answer.id)
    } catch {
      // A process that has just left.
    }
    refused += 1
    await sleep(100)
  }
}

const load = (async () => {
  const under: Array<Promise<void>> = []
  while (!submitting.signal.aborted) {
    under.push(submit(String((submitted += 1))))
    await sleep(25)
  }
  await Promise.all(under)
})()

say("two processes of the previous release are at work")
await sleep(phaseMs)
const migrated = await command(current, "migrate")
say(`migrated while they are: ${migrated.text.replaceAll("\n", ", ")}`)
if (migrated.code !== 0) process.exitCode = 1
await sleep(phaseMs)
const [first, second] = old
const third = await start(current)
say("a process of this release beside them")
await sleep(phaseMs)
if (first !== undefined) await stop(first, "SIGTERM")
say("one of the previous release and one of this")
await sleep(phaseMs)
if (second !== undefined) await stop(second, "SIGKILL")
const fourth = await start(current)
say("the other of the previous release was killed: two of this release")
await sleep(phaseMs)
submitting.abort()
await load

const statusOf = async (id: string): Promise<string> => {
  try {
    return ((await (await ask(`/v1/service-calls/${id}`)).json()) as { readonly status: string }).status
  } catch {
    return "unknown"
  }
}
const open = new Map(accepted)
const failed: Array<string> = []
for (let rounds = 0; open.size > 0 && rounds < 120; rounds += 1) {
  for (const [number, id] of open) {
    const status = await statusOf(id)
    if (status === "Succeeded") open.delete(number)
    if (status === "Failed" || status === "Cancelled") {
      failed.push(number)
      open.delete(number)
    }
  }
  if (open.size > 0) await sleep(500)
}
const verified = await command(current, "verify")
const never = [...accepted.keys()].filter((number) => !arrivals.has(number))
const twice = [...accepted.keys()].filter((number) => (arrivals.get(number) ?? 0) > 1)
say(`${accepted.size} calls accepted of ${submitted}, after ${refused} refusals that were asked again`)
say(
  `not ended ${open.size}, failed ${failed.length}, never at the target ${never.length}, early ${early.length}, more than once ${twice.length}`
)
say(`verify: ${verified.text.split("\n").at(-1)}`)
const well = [open.size, failed.length, never.length, early.length, verified.code].every((count) => count === 0)
if (!well) process.exitCode = 1
await Promise.all([stop(third, "SIGTERM"), stop(fourth, "SIGTERM")])
await Promise.all([nats.stop(), postgres.stop()])
target.close()
target.closeAllConnections()
rmSync(home, { recursive: true, force: true })
