/** The program taken apart: api, orchestrator, timer with dispatcher, and executor as processes of their own over PostgreSQL, NATS and Redis. */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { programFile } from "@dueline/test-servers/programFile"
import { startNats } from "@dueline/test-servers/startNats"
import { startPostgres } from "@dueline/test-servers/startPostgres"
import { startRedis } from "@dueline/test-servers/startRedis"
import { timeOf, timeOfFamily } from "../ProcessTime.ts"
import { environment, nodeOptions, printedBy, ready } from "../Subject.ts"

/** One process each, in the order they start. */
const roles = ["orchestrator", "timer,dispatcher", "api", "executor"] as const

export interface Apart {
  readonly address: string
  readonly token: string
  readonly natsPort: number
  /** Microseconds that each process of the program, by its roles, and each server has taken. */
  readonly cpuMicros: () => ReadonlyMap<string, number>
  /** Which of these are servers. */
  readonly stores: ReadonlyArray<string>
  readonly stop: () => Promise<void>
}

const startStores = async (home: string) => {
  const postgres = await startPostgres({ directory: join(home, "postgres"), settings: { shared_buffers: "256MB" } })
  const nats = await startNats({ directory: join(home, "nats") })
  const redis = await startRedis({ directory: join(home, "redis") })
  return { postgres, nats, redis }
}

export const startApart = async (home: string): Promise<Apart> => {
  const { nats, postgres, redis } = await startStores(home)
  const own = join(home, "program")
  mkdirSync(own)
  const env = {
    ...environment(own),
    DUELINE_DATABASE_URL: postgres.url,
    DUELINE_NATS_URL: nats.url,
    DUELINE_REDIS_URL: redis.url
  }
  const processes = new Map<string, ChildProcess>()
  let address = ""
  for (const role of roles) {
    const args = [...nodeOptions, programFile, "serve", "--role", role]
    const child = spawn(process.execPath, role === "api" ? [...args, "--demo"] : args, {
      env,
      stdio: ["ignore", "pipe", "pipe"]
    })
    processes.set(role, child)
    const said = await ready(child)
    address = role === "api" ? (said.address ?? "") : address
  }
  const token = printedBy(env, "token", "--ttl", "12h")
  return {
    address,
    token,
    natsPort: nats.port,
    cpuMicros: () =>
      new Map([
        ...[...processes].map(([role, { pid }]) => [role, timeOf(pid ?? 0)] as const),
        ["nats", timeOf(nats.pid)],
        ["redis", timeOf(redis.pid)],
        ["postgres", timeOfFamily(postgres.pid)]
      ]),
    stores: ["nats", "redis", "postgres"],
    stop: async () => {
      const ends = [...processes.values()].map((child) => new Promise((gone) => child.once("exit", gone)))
      for (const child of processes.values()) child.kill("SIGTERM")
      await Promise.all(ends)
      for (const server of [nats, redis, postgres]) await server.stop()
    }
  }
}
