/** A NATS server with JetStream on loopback, alone in its directory. */
import { randomBytes } from "node:crypto"
import { mkdirSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { findNats } from "./findServer.ts"
import { answers, launch, onPort, type RunningServer } from "./ServerProcess.ts"

interface NatsOptions {
  /** Streams and log; started again on it, the server has its streams again. */
  readonly directory: string
  /** A free one when it is not given. */
  readonly port?: number
  /** Whether a message is on disk before it is acknowledged (one `fsync` each). Default true, as in production. */
  readonly syncAlways?: boolean
}

/** Rejects with `ServerMissing` or `ServerFailed`. */
export const startNats = async ({ directory, port, syncAlways = true }: NatsOptions): Promise<RunningServer> => {
  const binary = await findNats()
  const home = resolve(directory)
  mkdirSync(home, { recursive: true })
  return onPort(port, async (port) => {
    const file = join(home, "nats.conf")
    const name = `dueline-${randomBytes(6).toString("hex")}`
    writeFileSync(file, configuration(home, name, port, syncAlways))
    const server = await launch({
      name: "nats-server",
      binary,
      args: ["--config", file],
      directory: home,
      stopSignals: ["SIGTERM"],
      // Another server on this port answers too: only the one that was started has this name.
      answers: () => answers(port, "", new RegExp(`^INFO .*"server_name":"${name}"`))
    })
    return { ...server, port, url: `nats://127.0.0.1:${port}` }
  })
}

const configuration = (home: string, name: string, port: number, syncAlways: boolean): string =>
  `server_name: ${name}
listen: "127.0.0.1:${port}"
max_payload: 1MB
jetstream {
  store_dir: ${JSON.stringify(join(home, "jetstream"))}
  max_file_store: 8GB
  max_memory_store: 256MB
  ${syncAlways ? "sync_interval: always" : "sync_interval: 2m"}
}
`
