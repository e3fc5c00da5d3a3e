/** PgBouncer on loopback, alone in its directory, in front of one server. */
import { chownSync, mkdirSync, writeFileSync } from "node:fs"
import { createConnection } from "node:net"
import { join, resolve } from "node:path"
import { findPgbouncer } from "./findServer.ts"
import { launch, onPort, type RunningServer } from "./ServerProcess.ts"
import { reachable, serverAccount } from "./ServerAccount.ts"

interface PgbouncerOptions {
  readonly directory: string
  /** Of the server that stands behind it. */
  readonly server: { readonly host: string; readonly port: number; readonly database: string }
  /** Who may log in, and is logged in as there. */
  readonly users: Readonly<Record<string, string>>
  /** For each mode a database of its name, and how many connections to the server each login has; the one on the server is the same. */
  readonly modes: Readonly<Record<"transaction" | "session", number>>
}

const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection({ host: "127.0.0.1", port })
    socket.once("connect", () => {
      socket.destroy()
      resolve(true)
    })
    socket.once("error", () => resolve(false))
  })

/** The URL has no login, and the name of a database is to be added. Rejects with `ServerMissing` or `ServerFailed`. */
export const startPgbouncer = async (options: PgbouncerOptions): Promise<RunningServer> => {
  const binary = await findPgbouncer()
  const account = serverAccount()
  const home = reachable(resolve(options.directory), "/var/lib/dueline/servers")
  mkdirSync(home, { recursive: true, mode: 0o755 })
  const users = join(home, "users.txt")
  const lines = Object.entries(options.users).map(([name, password]) => `${quoted(name)} ${quoted(password)}`)
  writeFileSync(users, `${lines.join("\n")}\n`, { mode: 0o600 })
  const { database, host, port: serverPort } = options.server
  return onPort(undefined, async (port) => {
    const databases = Object.entries(options.modes).map(
      ([mode, size]) =>
        `${mode} = host=${host} port=${serverPort} dbname=${database} pool_mode=${mode} pool_size=${size}`
    )
    const settings = {
      listen_addr: "127.0.0.1",
      listen_port: port,
      unix_socket_dir: "",
      auth_type: "scram-sha-256",
      auth_file: users
    }
    const file = join(home, "pgbouncer.ini")
    const text = [
      "[databases]",
      ...databases,
      "[pgbouncer]",
      ...Object.entries(settings).map(([name, value]) => `${name} = ${value}`)
    ]
    writeFileSync(file, `${text.join("\n")}\n`, { mode: 0o600 })
    for (const path of account === undefined ? [] : [home, users, file]) {
      chownSync(path, account?.uid ?? 0, account?.gid ?? 0)
    }
    const server = await launch({
      name: "PgBouncer",
      binary,
      args: [file],
      directory: home,
      account,
      stopSignals: ["SIGINT", "SIGTERM"],
      answers: () => listens(port)
    })
    return { ...server, port, url: `postgres://127.0.0.1:${port}/` }
  })
}
