/**
 * One tenant takes all it can get of one resource after the other; another one's calls and reads are timed alone and beside it, in turns,
 * so that what the machine does meanwhile falls on both.
 */
import { connect } from "node:net"
import { Pool } from "undici"
import { startAwaitedTarget } from "./AwaitedTarget.ts"
import { type Figure, quantile } from "./Figures.ts"
import { environment, printedBy, type Subject } from "./Subject.ts"
import { now } from "./Target.ts"

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms))

interface Tenant {
  readonly submit: (calls: ReadonlyArray<object>) => Promise<void>
  readonly get: (path: string) => Promise<void>
  readonly close: () => Promise<void>
}

const tenantOf = ({ address, home }: Subject, name: string, connections: number): Tenant => {
  const env = environment(home)
  printedBy(env, "tenant", "create", name, "--if-absent")
  const authorization = `Bearer ${printedBy(env, "token", "--ttl", "1h", "--tenant", name)}`
  const pool = new Pool(address, { connections, pipelining: 1 })
  const ask = async (method: "GET" | "POST", path: string, body: object | null) => {
    const headers = { authorization, "content-type": "application/json" }
    const answer = await pool.request({
      path,
      method,
      headers,
      ...(body === null ? {} : { body: JSON.stringify(body) })
    })
    await answer.body.text()
  }
  return {
    submit: (calls) =>
      calls.length === 1 && calls[0] !== undefined
        ? ask("POST", "/v1/service-calls", calls[0])
        : ask("POST", "/v1/service-calls/batch", { items: calls }),
    get: (path) => ask("GET", path, null),
    close: () => pool.destroy()
  }
}

const callTo = (url: string, more: object = {}) => ({
  request: { method: "POST", url, body: { bin: "B-17" } },
  ...more
})

/** Something that the first tenant does until it is told to stop. */
type Abuse = (stopped: () => boolean) => Promise<void>

const forever =
  (clients: number, once: () => Promise<unknown>): Abuse =>
  async (stopped) => {
    const client = async () => {
      while (!stopped()) await once().catch(() => pause(10))
    }
    await Promise.all(Array.from({ length: clients }, client))
  }

const milliseconds = async (what: () => Promise<unknown>): Promise<number> => {
  const from = now()
  await what()
  return now() - from
}

/** Median and slowest but five in a hundred of each, in the order alone, beside. */
const compare = async (abuse: Abuse, probe: () => Promise<unknown>, rounds: number, each: number) => {
  const alone: Array<number> = []
  const beside: Array<number> = []
  for (let round = 0; round < rounds; round += 1) {
    for (let n = 0; n < each; n += 1) alone.push(await milliseconds(probe))
    let stop = false
    const running = abuse(() => stop)
    await pause(300)
    for (let n = 0; n < each; n += 1) beside.push(await milliseconds(probe))
    stop = true
    await running
  }
  return [alone, beside].map((times) => times.toSorted((a, b) => a - b))
}

export const fairness = async (subject: Subject): Promise<ReadonlyArray<Figure>> => {
  const targets = await Promise.all(Array.from({ length: 5 }, startAwaitedTarget))
  const [shared, ...others] = targets
  if (shared === undefined) throw new Error("no target")
  const [greedy, modest] = [tenantOf(subject, "demo", 64), tenantOf(subject, "modest", 4)]
  let serial = 0
  const call = async () => {
    const path = `/modest/${serial++}`
    const arrived = shared.arrival(path)
    await modest.submit([callTo(`${shared.url}${path}`)])
    await arrived
  }
  const list = () => modest.get("/v1/service-calls?q=modest&limit=20")
  const hang = (url: string): Abuse => {
    let asked = false
    return async (stopped) => {
      const calls = Array.from({ length: 100 }, () => callTo(`${url}/hang`, { timeoutMs: 300_000 }))
      if (!asked) for (let n = 0; n < 3; n += 1) await greedy.submit(calls)
      asked = true
      while (!stopped()) await pause(20)
    }
  }
  const hour = new Date(Date.now() + 3_600_000).toISOString()
  const later = Array.from({ length: 100 }, (_, n) => callTo(`${shared.url}/later/${n}`, { dueAt: hour }))
  const due = Array.from({ length: 100 }, (_, n) => callTo(`${shared.url}/due/${n}`))
  const sockets: Abuse = async (stopped) => {
    const port = Number(new URL(subject.address).port)
    const open = Array.from({ length: 3_000 }, () => connect(port, "127.0.0.1").on("error", () => undefined))
    while (!stopped()) await pause(20)
    for (const socket of open) socket.destroy()
  }
  const scenes: ReadonlyArray<readonly [string, Abuse, () => Promise<unknown>]> = [
    ["commands of submissions", forever(32, () => greedy.submit(later)), call],
    ["reads with a filter", forever(64, () => greedy.get("/v1/service-calls?q=nothing&limit=200")), list],
    ["a backlog of due calls", forever(16, () => greedy.submit(due)), call],
    ["open connections", sockets, call],
    ["calls to one target that hang", hang(shared.url), call],
    ...others.map(({ url }, n) => [`and to ${n + 2} targets`, hang(url), call] as const)
  ]
  for (let n = 0; n < 100; n += 1) await call()
  const figures: Array<Figure> = []
  for (const [name, abuse, probe] of scenes) {
    const [alone = [], beside = []] = await compare(abuse, probe, 4, 15)
    for (const [word, q] of [
      ["p50", 0.5],
      ["p95", 0.95]
    ] as const) {
      figures.push({ name: `fairness, ${name}, ${word}: alone`, unit: "ms", runs: [quantile(alone, q)] })
      figures.push({ name: `fairness, ${name}, ${word}: beside`, unit: "ms", runs: [quantile(beside, q)] })
    }
  }
  await Promise.all([greedy.close(), modest.close()])
  for (const { stop } of targets) stop()
  return figures
}
