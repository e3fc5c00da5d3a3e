/** The no-op service that calls are made to, in a process of its own. Run as a program it is the target; imported, its handle. */
import { forAddress } from "@dueline/test-servers/selfSigned"
import { fork } from "node:child_process"
import { createServer, type RequestListener } from "node:http"
import { createServer as createTlsServer } from "node:https"
import type { AddressInfo } from "node:net"
import { setTimeout as pause } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { timeOf } from "./ProcessTime.ts"

/** Epoch milliseconds with fractions: one clock for all processes of the machine. */
export const now = (): number => performance.timeOrigin + performance.now()

/** Path of the request, and when its last byte had come. */
export type Arrival = readonly [path: string, at: number]

interface Asked {
  readonly count: number
  readonly arrivals: ReadonlyArray<Arrival>
}

export interface Target {
  readonly url: string
  /** The same over TLS, by a certificate that its caller has to be told of. */
  readonly tlsUrl: string
  readonly count: () => Promise<number>
  readonly arrivals: () => Promise<ReadonlyArray<Arrival>>
  /** Forgets what it saw; from then on answers after `holdMs`. */
  readonly reset: (holdMs?: number) => Promise<void>
  readonly cpuMicros: () => number
  readonly stop: () => void
}

/** Where an answer of so many bytes comes from. */
export const answering = (bytes: number): string => `/answer-${bytes}`

/** Where each answer ends its connection. */
export const closing = "/closing"

const answers = new Map<string, string>()

const answerTo = (path: string): string => {
  const bytes = /^\/answer-(\d+)/u.exec(path)?.[1]
  if (bytes === undefined) return "ok"
  const known = answers.get(bytes)
  if (known !== undefined) return known
  const line = `{"order":4711,"bin":"B-17","what":"pickup"}\n`
  const made = line.repeat(Math.ceil(Number(bytes) / line.length)).slice(0, Number(bytes))
  answers.set(bytes, made)
  return made
}

const serve = (): void => {
  let arrivals: Array<Arrival> = []
  let holdMs = 0
  const listener: RequestListener = (request, response) => {
    request.resume().on("end", () => {
      const path = request.url ?? ""
      arrivals.push([path, now()])
      if (path.startsWith(closing)) response.setHeader("connection", "close")
      if (holdMs === 0) response.end(answerTo(path))
      else setTimeout(() => response.end(answerTo(path)), holdMs)
    })
  }
  const keepAliveTimeout = 60_000
  const server = createServer({ keepAliveTimeout }, listener)
  const { certificate: cert, privateKey: key } = forAddress
  const tlsServer = createTlsServer({ keepAliveTimeout, cert, key }, listener)
  process.on("message", (ask: { readonly what: "count" | "arrivals" | "reset"; readonly holdMs?: number }) => {
    if (ask.what === "reset") {
      arrivals = []
      holdMs = ask.holdMs ?? 0
    }
    process.send?.({ count: arrivals.length, arrivals: ask.what === "arrivals" ? arrivals : [] })
  })
  process.on("disconnect", () => process.exit(0))
  server.listen(0, "127.0.0.1", () => {
    tlsServer.listen(0, "127.0.0.1", () => {
      const [port, tlsPort] = [server, tlsServer].map((one) => (one.address() as AddressInfo).port)
      process.send?.({ port, tlsPort })
    })
  })
}

export const startTarget = async (): Promise<Target> => {
  const child = fork(fileURLToPath(import.meta.url), ["target"])
  type Ports = Readonly<Record<"port" | "tlsPort", number>>
  const { port, tlsPort } = await new Promise<Ports>((heard) => child.once("message", heard))
  const ask = (what: string, holdMs?: number) =>
    new Promise<Asked>((heard) => {
      child.once("message", heard)
      child.send({ what, holdMs })
    })
  return {
    url: `http://127.0.0.1:${port}`,
    tlsUrl: `https://127.0.0.1:${tlsPort}`,
    count: async () => (await ask("count")).count,
    arrivals: async () => (await ask("arrivals")).arrivals,
    reset: async (holdMs) => void (await ask("reset", holdMs)),
    cpuMicros: () => timeOf(child.pid ?? 0),
    stop: () => child.disconnect()
  }
}

/** How long no further request may come, in milliseconds, before nobody waits any more. */
const patienceMs = 300_000

/** Waits until so many requests have come. `everyMs`: how often that is looked at. */
export const untilArrived = async (target: Target, count: number, everyMs = 10): Promise<void> => {
  let [seen, since] = [await target.count(), now()]
  while (seen < count) {
    await pause(everyMs)
    const arrived = await target.count()
    if (arrived > seen) [seen, since] = [arrived, now()]
    else if (now() - since > patienceMs) throw new Error(`${seen} of ${count} calls arrived`)
  }
}

if (import.meta.main) serve()
