/**
 * Dueline as its users start it: one program with its own database in its own home, or its roles as processes of their own over a PostgreSQL
 * server, NATS and Redis.
 */
import { timeOf, timeOfFamily } from "../../src/ProcessTime.ts"
import { environment } from "../../src/Subject.ts"
import { endedAlready, endWithParent } from "@dueline/test-servers/ServerProcess"
import { execFile } from "node:child_process"
import { mkdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import { programFile } from "../../../test-servers/src/programFile.ts"
import type { Running } from "../System.ts"
import { hold } from "../held.ts"
import { endPid, type Held, newDirectory, startProgram, until } from "../processes.ts"
import { startNats } from "../stores/nats.ts"
import { startPostgres } from "../stores/postgres.ts"
import { startRedis } from "../stores/redis.ts"
import { startGenerator } from "./library.ts"

/**
 * `PEERS_DUELINE` names the program of another checkout (its `main.ts`, or what it was put together to), to measure an earlier version
 * by the same bench.
 */
export const main = process.env["PEERS_DUELINE"] ?? programFile

export interface Place {
  readonly home: string
  readonly directory: string
  /** Settings beside the ones every process gets. */
  readonly env?: NodeJS.ProcessEnv
}

const environmentOf = ({ env, home }: Place): NodeJS.ProcessEnv => ({ ...environment(home), ...env })

export const serve = (args: ReadonlyArray<string>, place: Place): Held =>
  startProgram(process.execPath, [main, "serve", ...args], { directory: place.directory, env: environmentOf(place) })

/** Resolves with what `pattern` finds in what the process wrote. */
export const said = async (held: Held, pattern: RegExp): Promise<RegExpExecArray> => {
  const found = () => pattern.exec(readFileSync(held.log, "utf8"))
  await until(
    () => {
      if (held.child.exitCode !== null) throw new Error(`it ended with ${held.child.exitCode}; ${held.lastWords()}`)
      return found() !== null
    },
    60_000,
    held.lastWords
  )
  return found() as RegExpExecArray
}

export const mintToken = async (place: Place): Promise<string> => {
  const { stdout } = await promisify(execFile)(process.execPath, [main, "token", "--ttl", "12h"], {
    env: environmentOf(place)
  })
  return stdout.trim()
}

/** Whether `serve` can be told which roles to run. */
export const knowsRoles = async (): Promise<boolean> => {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [main, "serve", "--help"])
    return /--roles?\b/u.test(stdout)
  } catch {
    return false
  }
}

/** Dueline as its users start it: one program with its own database in its own home. */
const postmaster = (home: string): number =>
  Number(readFileSync(join(home, "postgres", "data", "postmaster.pid"), "utf8").split("\n", 1)[0])

/** `system` names the producer: how its users submit. */
export const startDueline = async (system: string, concurrency: number): Promise<Running> => {
  const directory = newDirectory()
  const home = join(directory, "home")
  mkdirSync(home)
  const place = { home, directory }
  const begin = async () => {
    const program = serve(["--demo"], place)
    const address = (await said(program, /ready at (http:\/\/\S+)/u))[1] ?? ""
    return { program, address }
  }
  // The server outlives a killed program: it is ended by its own pid, whatever became of the program.
  hold(async () => {
    const pid = postmaster(home)
    await endPid(pid, ["SIGQUIT", "SIGKILL"])
    endedAlready(pid)
  })
  let { address, program } = await begin()
  endWithParent(postmaster(home))
  const connection = { address, token: await mintToken(place) }
  const load = await startGenerator(system, connection, concurrency, directory)
  return {
    submit: load.submit,
    cpuMicros: () => ({
      client: load.cpuMicros(),
      program: timeOf(program.pid),
      store: timeOfFamily(postmaster(home))
    }),
    killWorker: () => program.kill(),
    replaceWorker: async () => void ({ address, program } = await begin()),
    lastWords: () => [program.lastWords(), load.held.lastWords()].join("\n")
  }
}

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
