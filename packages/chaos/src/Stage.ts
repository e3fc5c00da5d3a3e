/** Where a run takes place: the cast of processes, the servers below them, and the directory that holds what they write. */
import { Role } from "@dueline/contracts/Role"
import { startNats } from "@dueline/test-servers/startNats"
import { startRedis } from "@dueline/test-servers/startRedis"
import { chmod, mkdir } from "node:fs/promises"
import { join } from "node:path"
import type { Incident } from "./History.ts"
import { Member } from "./Member.ts"
import type { Groups } from "./Plan.ts"
import { EmbeddedPostgres, PostgresServer, type PostgresVictim } from "./PostgresVictim.ts"
import { type ProgramStart, runCommand } from "./ProgramProcess.ts"
import { ServerVictim } from "./ServerVictim.ts"
import { WallClock } from "./WallClock.ts"
import { createDatabase, type DatabaseAt, embeddedDatabase, serverDatabase } from "./Store.ts"

/**
 * `all-in-one` keeps its own database and needs no server; a `pair` shares all roles and the servers; of `halves` whatever one says to the
 * other goes over NATS; `split` is every role apart.
 */
export type CastName = "all-in-one" | "pair" | "halves" | "split"

export const isCast = (text: string): text is CastName => text in casts

const casts: Readonly<Record<CastName, Readonly<Record<string, ReadonlyArray<Role>>>>> = {
  "all-in-one": { program: Role.literals },
  pair: { "program-1": Role.literals, "program-2": Role.literals },
  halves: {
    "edge-1": ["api", "executor"],
    "edge-2": ["api", "executor"],
    "core-1": ["orchestrator", "timer", "dispatcher"],
    "core-2": ["orchestrator", "timer", "dispatcher"]
  },
  split: {
    "api-1": ["api"],
    "api-2": ["api"],
    "orchestrator-1": ["orchestrator"],
    "orchestrator-2": ["orchestrator"],
    "timer-1": ["timer", "dispatcher"],
    "timer-2": ["timer", "dispatcher"],
    "executor-1": ["executor"],
    "executor-2": ["executor"]
  }
}

/** Whether who goes by this name, in any cast, makes calls; `all` are all processes. */
export const makesCalls = (name: string): boolean =>
  name === "all" || Object.values(casts).some((members) => members[name]?.includes("executor") === true)

/** Names of processes with the same roles. */
export const groupsOf = (cast: CastName): Groups => [
  ...Map.groupBy(Object.keys(casts[cast]), (name) => casts[cast][name]?.join() ?? "").values()
]

export interface Stage {
  readonly cast: CastName
  readonly directory: string
  readonly members: ReadonlyArray<Member>
  readonly postgres: PostgresVictim
  readonly nats: ServerVictim | null
  /** What NATS keeps on disk. */
  readonly natsStore: string
  readonly redis: ServerVictim | null
  readonly database: DatabaseAt
  /** What happened unasked; what is done on purpose is added to it. */
  readonly incidents: Array<Incident>
  readonly command: (...args: ReadonlyArray<string>) => ReturnType<typeof runCommand>
  readonly close: () => Promise<void>
}

interface Servers extends Pick<Stage, "postgres" | "nats" | "redis" | "natsStore" | "database"> {
  readonly env: Readonly<Record<string, string>>
  readonly stop: () => Promise<void>
}

const ownServers = async (directory: string): Promise<Servers> => {
  const at = (name: string) => join(directory, name)
  const portOf = (port: number | undefined) => (port === undefined ? {} : { port })
  const postgres = new PostgresServer(at("postgres"))
  const nats = new ServerVictim("nats", (port) => startNats({ directory: at("nats"), ...portOf(port) }))
  const redis = new ServerVictim("redis", (port) => startRedis({ directory: at("redis"), ...portOf(port) }))
  const servers = [postgres, nats, redis]
  await Promise.all(servers.map((server) => server.start()))
  const database = serverDatabase(postgres.url)
  await createDatabase(postgres.url)
  const env = {
    DUELINE_DATABASE_URL: database.url,
    DUELINE_NATS_URL: nats.url,
    DUELINE_REDIS_URL: redis.url
  }
  const stop = async () => void (await Promise.all(servers.map((server) => server.stop())))
  return { postgres, nats, redis, natsStore: join(at("nats"), "jetstream"), database, env, stop }
}

const embedded = (home: string): Servers => ({
  postgres: new EmbeddedPostgres(home),
  nats: null,
  redis: null,
  natsStore: "",
  database: embeddedDatabase(home),
  env: {},
  stop: async () => undefined
})

export interface StageOptions {
  readonly cast: CastName
  /** Exists, is empty, and may be entered by the account of the database server. */
  readonly directory: string
  /** The program's `main.ts`, or the file it was put together to. */
  readonly program: string
  /** The library that lets a process have a clock of its own; null where it cannot be had. */
  readonly faketime: string | null
}

/** Everything is there and nothing runs yet but the servers. */
export const buildStage = async ({ cast, directory, faketime, program }: StageOptions): Promise<Stage> => {
  const home = join(directory, "home")
  const logs = join(directory, "logs")
  const clocks = join(directory, "clocks")
  for (const path of [home, logs, clocks]) await mkdir(path)
  await chmod(home, 0o755)
  const servers = cast === "all-in-one" ? embedded(home) : await ownServers(directory)
  const env = {
    PATH: process.env["PATH"],
    HOME: process.env["HOME"],
    DUELINE_HOME: home,
    PORT: "0",
    LOG_FORMAT: "json",
    LOG_LEVEL: "info",
    DUELINE_EGRESS_ALLOW: "127.0.0.0/8",
    ...servers.env
  }
  const start = (name: string, args: ReadonlyArray<string>, clock: WallClock | null = null): ProgramStart => ({
    program,
    args,
    env: { ...env, ...clock?.environment },
    log: join(logs, `${name}.log`)
  })
  const incidents: Array<Incident> = []
  const members = Object.entries(casts[cast]).map(([name, roles]) => {
    const clock = faketime === null ? null : new WallClock(faketime, join(clocks, name))
    return new Member({
      name,
      roles,
      clock,
      start: start(name, ["serve", ...(roles === Role.literals ? [] : ["--role", roles.join(",")])], clock),
      onCollapse: ({ code, words }) => {
        const now = Date.now()
        const note = `code ${code}: ${words.slice(-400)}`
        incidents.push({ kind: "collapse", victim: name, from: now, to: now, note })
      }
    })
  })
  const close = async () => {
    await Promise.all(members.map((member) => member.kill()))
    await servers.stop()
  }
  const command = (...args: ReadonlyArray<string>) => runCommand(start("commands", args))
  return { ...servers, cast, directory, members, incidents, command, close }
}
