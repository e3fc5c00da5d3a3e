/** The no-op service that calls are made to, in a process of its own. Run as a program it is the target; imported, its handle. */
import { fork } from "node:child_process"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
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
  readonly count: () => Promise<number>
  readonly arrivals: () => Promise<ReadonlyArray<Arrival>>
  /** Forgets what it saw; from then on answers after `holdMs`. */
  readonly reset: (holdMs?: number) => Promise<void>
  readonly cpuMicros: () => number
  readonly stop: () => void
}

const serve = (): void => {
  let arrivals: Array<Arrival> = []
  let holdMs = 0
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    request.resume().on("end", () => {
      arrivals.push([request.url ?? "", now()])
      if (holdMs === 0) response.end("ok")
      else setTimeout(() => response.end("ok"), holdMs)
    })
  })
  process.on("message", (ask: { readonly what: "count" | "arrivals" | "reset"; readonly holdMs?: number }) => {
    if (ask.what === "reset") {
      arrivals = []
      holdMs = ask.holdMs ?? 0
    }
    process.send?.({ count: arrivals.length, arrivals: ask.what === "arrivals" ? arrivals : [] })
  })
  process.on("disconnect", () => process.exit(0))
  server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }))
}

export const startTarget = async (): Promise<Target> => {
  const child = fork(fileURLToPath(import.meta.url), ["target"])
  const { port } = await new Promise<{ readonly port: number }>((heard) => child.once("message", heard))
  const ask = (what: string, holdMs?: number) =>
    new Promise<Asked>((heard) => {
      child.once("message", heard)
      child.send({ what, holdMs })
    })
  return {
    url: `http://127.0.0.1:${port}`,
    count: async () => (await ask("count")).count,
    arrivals: async () => (await ask("arrivals")).arrivals,
    reset: async (holdMs) => void (await ask("reset", holdMs)),
    cpuMicros: () => timeOf(child.pid ?? 0),
    stop: () => child.disconnect()
  }
}

if (import.meta.main) serve()
