/** A Redis server on loopback, alone in its directory. */
import { mkdirSync } from "node:fs"
import { resolve } from "node:path"
import { findRedis } from "./findServer.ts"
import { answers, launch, onPort, type RunningServer } from "./ServerProcess.ts"

interface RedisOptions {
  /** Its file, if it keeps one, and its log. */
  readonly directory: string
  /** A free one when it is not given. */
  readonly port?: number
  /** Whether a write is on disk before it is answered. Default false: Redis holds nothing that cannot be lost. */
  readonly durable?: boolean
}

/** Rejects with `ServerMissing` or `ServerFailed`. */
export const startRedis = async ({ directory, durable = false, port }: RedisOptions): Promise<RunningServer> => {
  const binary = await findRedis()
  const home = resolve(directory)
  mkdirSync(home, { recursive: true })
  return onPort(port, async (port) => {
    const settings = {
      port: String(port),
      bind: "127.0.0.1",
      dir: home,
      save: "",
      appendonly: durable ? "yes" : "no",
      appendfsync: "always",
      maxmemory: "256mb",
      "maxmemory-policy": "noeviction",
      loglevel: "warning"
    }
    const server = await launch({
      name: "redis-server",
      binary,
      args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
      directory: home,
      stopSignals: ["SIGTERM"],
      // Another server on this port answers too: only the one that was started has this number.
      answers: (pid) => answers(port, "PING\r\nINFO server\r\n", new RegExp(`^\\+PONG[^]*process_id:${pid}\r`))
    })
    return { ...server, port, url: `redis://127.0.0.1:${port}` }
  })
}
