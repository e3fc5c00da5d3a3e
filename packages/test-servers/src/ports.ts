/** Ports on loopback: finding a free one, and asking whether a server answers on one. */
import { connect, createServer } from "node:net"
import { ServerFailed } from "./ServerProcess.ts"

const attempts = 5

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })

/** On `port`, or on a free one; another process may take it before the server opens it; then another one is tried, five times at the most. */
export const onPort = async <A>(port: number | undefined, start: (port: number) => Promise<A>): Promise<A> => {
  if (port !== undefined) return start(port)
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(await freePort())
    } catch (cause) {
      const lost = cause instanceof ServerFailed && /in use/i.test(cause.words)
      if (!lost || attempt >= attempts) throw cause
    }
  }
}

/** Connects, says `greeting`, and tells whether the answer holds what is expected before a fifth of a second has passed. */
export const answers = (port: number, greeting: string, expected: RegExp): Promise<boolean> =>
  new Promise((resolve) => {
    let received = ""
    const socket = connect({ host: "127.0.0.1", port })
    const end = (answered: boolean) => {
      socket.destroy()
      resolve(answered)
    }
    socket.setTimeout(200, () => end(false))
    socket.once("error", () => end(false))
    socket.once("close", () => resolve(false))
    socket.once("connect", () => socket.write(greeting))
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1")
      if (expected.test(received)) end(true)
    })
  })
