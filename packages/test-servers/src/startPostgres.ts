/** A PostgreSQL server with PostGIS on loopback, reached by URL and password as one on another machine is. */
import { readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { setTimeout as wait } from "node:timers/promises"
import { findPostgres } from "./findServer.ts"
import { initialise, superuser } from "./initialise.ts"
import { launch, onPort, type RunningServer, ServerFailed } from "./ServerProcess.ts"
import { reachable, serverAccount } from "./ServerAccount.ts"

interface PostgresOptions {
  /** Data, password and log; below `/var/lib/dueline` instead when root asks and the server's own account could not get there. */
  readonly directory: string
  /** A free one when it is not given. */
  readonly port?: number
  /** Default true. False gives up durability for speed. */
  readonly durable?: boolean
  /** Beside and above the others. */
  readonly settings?: Readonly<Record<string, string>>
}

/** One that is ended in the middle of its recovery leaves a child that first brings the whole directory to the disk. */
const leftoverLimitMs = 60_000

const durableSettings = { fsync: "on", synchronous_commit: "on", full_page_writes: "on" }
const volatileSettings = { fsync: "off", synchronous_commit: "off", full_page_writes: "off" }
const ownSettings = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  max_connections: "200",
  shared_buffers: "64MB",
  max_wal_size: "1GB",
  jit: "off",
  log_min_messages: "warning",
  logging_collector: "off"
}

/** The URL is the superuser's, of the database `postgres`. Rejects with `ServerMissing` or `ServerFailed`. */
export const startPostgres = async (options: PostgresOptions): Promise<RunningServer> => {
  const { directory, durable = true, port, settings } = options
  const binary = await findPostgres()
  const home = reachable(resolve(directory), "/var/lib/dueline/servers")
  const data = join(home, "data")
  const password = await initialise(binary, home, data)
  return onPort(port, async (port) => {
    const durability = durable ? durableSettings : volatileSettings
    const all = { ...ownSettings, ...durability, ...settings, port: String(port) }
    const args = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`])
    const server = await pastLeftovers(() =>
      launch({
        name: "PostgreSQL",
        binary,
        args: ["-D", data, ...args],
        directory: home,
        account: serverAccount(),
        // Fast, then immediate shutdown: the friendliest kind would wait for clients.
        stopSignals: ["SIGINT", "SIGQUIT"],
        answers: async (pid) => isReady(data, pid)
      })
    )
    return { ...server, port, url: `postgres://${superuser}:${password}@127.0.0.1:${port}/postgres` }
  })
}

/** What the server says about itself in its lock file; line 8 is its state, and a standby that answers reads calls itself so. */
const isReady = (data: string, pid: number): boolean => {
  try {
    const lines = readFileSync(join(data, "postmaster.pid"), "utf8").split("\n")
    return Number(lines[0]) === pid && /^(?:ready|standby)$/u.test(lines[7]?.trim() ?? "")
  } catch {
    return false
  }
}

/** After `kill -9` the server's children live for a moment, and a new server will not have them on its data. */
const pastLeftovers = async (start: () => Promise<Omit<RunningServer, "url" | "port">>) => {
  const until = performance.now() + leftoverLimitMs
  for (;;) {
    try {
      return await start()
    } catch (cause) {
      const leftover = cause instanceof ServerFailed && cause.words.includes("still in use")
      if (!leftover || performance.now() > until) throw cause
      await wait(100)
    }
  }
}
