/**
 * What stands between a program and its server as a pooler does: it passes everything on but the settings that a session is started with
 * (PgBouncer's `ignore_startup_parameters`), or says at once what PgBouncer says of them.
 */
import { Effect } from "effect"
import { createServer, connect, type Socket } from "node:net"
import { once } from "node:events"

/** RFC-less, by the PostgreSQL protocol: length, version 3.0, then pairs of zero-terminated texts and one more zero. */
const startupOf = (parameters: ReadonlyArray<readonly [string, string]>): Buffer => {
  const pairs = Buffer.from(`${parameters.map(([name, value]) => `${name}\0${value}\0`).join("")}\0`, "utf8")
  const head = Buffer.alloc(8)
  head.writeInt32BE(8 + pairs.length, 0)
  head.writeInt32BE(196_608, 4)
  return Buffer.concat([head, pairs])
}

const parametersIn = (message: Buffer): ReadonlyArray<readonly [string, string]> => {
  const texts = message.toString("utf8", 8, message.length - 1).split("\0")
  return Array.from({ length: Math.floor(texts.length / 2) }, (_, i) => [texts[2 * i] ?? "", texts[2 * i + 1] ?? ""])
}

const errorMessage = (fields: Readonly<Record<string, string>>): Buffer => {
  const body = Buffer.from(
    `${Object.entries(fields)
      .map(([key, text]) => `${key}${text}\0`)
      .join("")}\0`,
    "utf8"
  )
  const head = Buffer.alloc(5)
  head.write("E", 0)
  head.writeInt32BE(4 + body.length, 1)
  return Buffer.concat([head, body])
}

interface Pooler {
  /** Names of parameters that do not reach the server. */
  readonly drops?: ReadonlyArray<string>
  /** Names of parameters that are refused as PgBouncer does. */
  readonly refuses?: ReadonlyArray<string>
  /** Parameters that the server gets instead of what was said. */
  readonly forces?: Readonly<Record<string, string>>
}

const sslRequest = 80_877_103

/** Listens on a port of its own for one server at `host:port`. */
export const strippingPooler = (to: { readonly host: string; readonly port: number }, pooler: Pooler) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const sockets = new Set<Socket>()
      const serve = (client: Socket) => {
        sockets.add(client)
        client.on("error", () => client.destroy())
        let buffered = Buffer.alloc(0)
        const begin = (message: Buffer) => {
          const parameters = parametersIn(message)
          const refused = parameters.find(([name]) => pooler.refuses?.includes(name) === true)
          if (refused !== undefined) {
            client.end(errorMessage({ S: "FATAL", C: "08P01", M: `unsupported startup parameter: ${refused[0]}` }))
            return
          }
          const server = connect(to)
          sockets.add(server)
          server.on("error", () => client.destroy())
          server.on("close", () => client.destroy())
          client.on("close", () => server.destroy())
          const kept = parameters
            .filter(([name]) => pooler.drops?.includes(name) !== true)
            .map(([name, value]) => [name, pooler.forces?.[name] ?? value] as const)
          server.write(startupOf(kept))
          client.pipe(server)
          server.pipe(client)
        }
        const hear = (chunk: Buffer) => {
          buffered = Buffer.concat([buffered, chunk])
          if (buffered.length < 8 || buffered.length < buffered.readInt32BE(0)) return
          const message = buffered.subarray(0, buffered.readInt32BE(0))
          if (message.readInt32BE(4) === sslRequest) {
            buffered = buffered.subarray(message.length)
            client.write("N")
            return
          }
          client.off("data", hear)
          begin(message)
          const rest = buffered.subarray(message.length)
          if (rest.length > 0) client.unshift(rest)
        }
        client.on("data", hear)
      }
      const listener = createServer(serve).listen(0, "127.0.0.1")
      await once(listener, "listening")
      const address = listener.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      const stop = async () => {
        listener.close()
        for (const socket of sockets) socket.destroy()
      }
      return { port, stop }
    }),
    ({ stop }) => Effect.promise(stop)
  )
