/** Dueline taken apart: its roles as processes of their own over a PostgreSQL server, NATS and Redis. */
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { timeOf } from "../../src/ProcessTime.ts"
import { newDirectory } from "../processes.ts"
import { startNats } from "../stores/nats.ts"
import { startPostgres } from "../stores/postgres.ts"
import { startRedis } from "../stores/redis.ts"
import type { Running } from "../System.ts"
import { mintToken, said, serve } from "./duelineProgram.ts"
import { startGenerator } from "./generator.ts"

/** One process each; the last one makes the calls. */
const roles = ["orchestrator", "timer,dispatcher", "api", "executor"] as const

const startStores = async () => {
  const [postgres, nats, redis] = [await startPostgres(), await startNats(), await startRedis()]
  return {
    all: [postgres, nats, redis],
    env: {
      DUELINE_DATABASE_URL: postgres.connection["tcpUrl"],
      DUELINE_NATS_URL: nats.connection["url"],
      DUELINE_REDIS_URL: redis.connection["url"]
    }
  }
}

export const startDuelineSplit = async (concurrency: number): Promise<Running> => {
  const directory = newDirectory()
  const stores = await startStores()
  const home = join(directory, "home")
  mkdirSync(home)
  const place = { home, directory, env: stores.env }
  const begin = async (role: string) => {
    const held = serve(["--role", role, ...(role === "api" ? ["--demo"] : [])], place)
    return { held, ready: await said(held, /ready(?: at (http:\/\/\S+))?/u) }
  }
  const processes = new Map<string, Awaited<ReturnType<typeof begin>>>()
  for (const role of roles) processes.set(role, await begin(role))
  const address = processes.get("api")?.ready[1] ?? ""
  const connection = { address, token: await mintToken(place) }
  const load = await startGenerator("dueline", connection, concurrency, directory)
  const sum = (micros: ReadonlyArray<number>) => micros.reduce((a, b) => a + b, 0)
  return {
    submit: load.submit,
    cpuMicros: () => ({
      client: load.cpuMicros(),
      program: sum([...processes.values()].map(({ held }) => timeOf(held.pid))),
      store: sum(stores.all.map((store) => store.cpuMicros()))
    }),
    killWorker: async () => processes.get("executor")?.held.kill(),
    replaceWorker: async () => void processes.set("executor", await begin("executor")),
    lastWords: () => [...processes.values()].map(({ held }) => held.lastWords()).join("\n")
  }
}
