/**
 * A PostgreSQL server for one system and one round: new, durable, with the settings and by default the very binaries that Dueline
 * gives its own server.
 */
import { execFileSync } from "node:child_process"
import { chownSync, mkdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { serverAccount, serverBinaries } from "../../../postgres/src/embedded/ServerBinaries.ts"
import { timeOfFamily } from "../../src/ProcessTime.ts"
import { freePort, newDirectory, startProgram, until } from "../processes.ts"
import type { Store } from "../System.ts"

const superuser = "postgres"

/** As in packages/postgres/src/embedded/EmbeddedServer.ts, but for the address and more connections. `io_method` is new in version 18. */
const settings = (port: number, directory: string, major: number): Readonly<Record<string, string>> => ({
  listen_addresses: "127.0.0.1",
  unix_socket_directories: directory,
  port: String(port),
  max_connections: "200",
  shared_buffers: "256MB",
  max_wal_size: "1GB",
  checkpoint_completion_target: "0.9",
  wal_compression: "pglz",
  jit: "off",
  autovacuum_naptime: "15s",
  autovacuum_vacuum_cost_limit: "1000",
  max_worker_processes: "4",
  max_parallel_workers_per_gather: "0",
  log_min_messages: "warning",
  log_checkpoints: "off",
  fsync: "on",
  synchronous_commit: "on",
  full_page_writes: "on",
  ...(major >= 18 ? { io_method: "sync" } : {})
})

/** `bin` directory of the server to use: what `DUELINE_POSTGRES_BIN` names, else the one that comes with Dueline. */
export const postgresBinaries = (): string =>
  process.env["DUELINE_POSTGRES_BIN"] ?? join(serverBinaries(serverAccount()).directory, "bin")

/** Such as `18.4`. */
export const postgresVersion = (): string =>
  /\d+(\.\d+)+/u.exec(execFileSync(join(postgresBinaries(), "postgres"), ["--version"], { encoding: "utf8" }))?.[0] ??
  "?"

const isReady = (data: string): boolean => {
  try {
    return readFileSync(join(data, "postmaster.pid"), "utf8").split("\n")[7]?.trim() === "ready"
  } catch {
    return false
  }
}

export const startPostgres = async (): Promise<Store> => {
  const [binaries, account, directory, port] = [postgresBinaries(), serverAccount(), newDirectory(), await freePort()]
  const home = join(directory, "postgres")
  const data = join(home, "data")
  mkdirSync(home)
  if (account !== null) chownSync(home, account.uid, account.gid)
  const identity = account === null ? {} : { uid: account.uid, gid: account.gid }
  const flags = [
    "-D",
    data,
    "-U",
    superuser,
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C.UTF-8",
    "--no-instructions"
  ]
  execFileSync(join(binaries, "initdb"), flags, { ...identity, cwd: home, stdio: ["ignore", "ignore", "inherit"] })
  const signals = ["SIGQUIT", "SIGKILL"] as const
  const given = Object.entries(settings(port, home, Number.parseInt(postgresVersion(), 10)))
  const args = ["-D", data, ...given.flatMap(([name, value]) => ["-c", `${name}=${value}`])]
  const server = startProgram(join(binaries, "postgres"), args, { directory, cwd: home, signals, ...identity })
  await until(() => isReady(data), 30_000, server.lastWords)
  return {
    connection: {
      url: `postgresql://${superuser}@localhost:${port}/postgres?host=${encodeURIComponent(home)}`,
      tcpUrl: `postgresql://${superuser}@127.0.0.1:${port}/postgres`
    },
    lastWords: server.lastWords,
    cpuMicros: () => timeOfFamily(server.pid)
  }
}
