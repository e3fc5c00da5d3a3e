/**
 * The servers that a test may use beside others: those of the whole run when `scripts/testServer.ts` has started them, else ones that
 * are started when first asked for and end with this process. A test that stops a server, or needs it empty, starts its own
 * (`startNats` and so on).
 */
import { mkdtempSync } from "node:fs"
import { chmod } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { removeWithParent, type RunningServer } from "./ServerProcess.ts"
import { notTested, ServerMissing } from "./notTested.ts"
import { startNats } from "./startNats.ts"
import { startPostgres } from "./startPostgres.ts"
import { startRedis } from "./startRedis.ts"

type ServerName = "nats" | "redis" | "postgres"

export const serverNames: ReadonlyArray<ServerName> = ["nats", "redis", "postgres"]

const variables = {
  nats: "DUELINE_TEST_NATS",
  redis: "DUELINE_TEST_REDIS",
  postgres: "DUELINE_TEST_POSTGRES_URL"
} as const satisfies Record<ServerName, string>

/** Beside the URL's variable: why there is none, so that no other process tries again. */
const reasonVariable = (name: ServerName) => `${variables[name]}_MISSING`

/** An empty directory that vanishes with this process. */
export const temporaryDirectory = async (): Promise<string> => {
  const directory = mkdtempSync(join(tmpdir(), "dueline-servers-"))
  // PostgreSQL's account has to get through to its own directory, which no other account can enter.
  await chmod(directory, 0o755)
  removeWithParent(directory)
  return directory
}

const begin = async (name: ServerName): Promise<RunningServer> => {
  const directory = await temporaryDirectory()
  if (name === "nats") return startNats({ directory, syncAlways: false })
  return name === "redis" ? startRedis({ directory }) : startPostgres({ directory, durable: false })
}

const started = new Map<ServerName, Promise<string>>()

const urlOf = (name: ServerName): Promise<string> => {
  const url = process.env[variables[name]]
  if (url !== undefined) return Promise.resolve(url)
  const reason = process.env[reasonVariable(name)]
  if (reason !== undefined) return Promise.reject(new ServerMissing(reason))
  const known = started.get(name) ?? begin(name).then((server) => server.url)
  started.set(name, known)
  return known
}

/** `nats://127.0.0.1:…`. Rejects with `ServerMissing` when there is none to be had, as the others do. */
export const natsUrl = (): Promise<string> => urlOf("nats")

/** `redis://127.0.0.1:…`. */
export const redisUrl = (): Promise<string> => urlOf("redis")

/** `postgres://…@127.0.0.1:…/postgres`, of a superuser, so that a test can make a database of its own. PostGIS can be created in it. */
export const postgresUrl = (): Promise<string> => urlOf("postgres")

/**
 * Why a server cannot be had; undefined when it can. For `describe.skipIf(await missing("nats"))`. In CI a server that cannot be had is an
 * error (`notTested`).
 */
export const missing = async (name: ServerName): Promise<string | undefined> => {
  try {
    await urlOf(name)
    return undefined
  } catch (cause) {
    if (cause instanceof ServerMissing) return notTested(`what needs ${name}`, cause.message)
    throw cause
  }
}

/** Starts all of them for the processes below this one, side by side; what is missing is noted in the environment too. */
export const startShared = async (): Promise<() => Promise<void>> => {
  const servers: Array<RunningServer> = []
  const start = async (name: ServerName) => {
    try {
      const server = await begin(name)
      servers.push(server)
      process.env[variables[name]] = server.url
    } catch (cause) {
      if (!(cause instanceof ServerMissing)) throw cause
      process.env[reasonVariable(name)] = cause.message
    }
  }
  const stop = async () => void (await Promise.all(servers.map((server) => server.stop())))
  const outcomes = await Promise.allSettled(serverNames.map(start))
  const failed = outcomes.find((outcome) => outcome.status === "rejected")
  if (failed === undefined) return stop
  await stop()
  throw failed.reason
}

/** What `startShared` could not have: one reason per server. */
export const missingShared = (): ReadonlyArray<string> =>
  serverNames.flatMap((name) => process.env[reasonVariable(name)] ?? [])
