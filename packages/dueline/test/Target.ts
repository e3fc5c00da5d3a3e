/** A service that calls are made to: remembers every request it saw, and answers as it is told. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

export interface Seen {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** Epoch milliseconds. */
  readonly at: number
}

export interface Target {
  readonly url: string
  readonly seen: ReadonlyArray<Seen>
  readonly close: () => Promise<void>
}

const answerOk = (_seen: Seen, response: ServerResponse): void => {
  response.writeHead(200, { "content-type": "application/json" }).end(`{"ok":true}`)
}

export const startTarget = (answer: (seen: Seen, response: ServerResponse) => void = answerOk): Promise<Target> =>
  new Promise((resolve) => {
    const seen: Array<Seen> = []
    const server = createServer((request, response) => {
      const chunks: Array<Buffer> = []
      request.on("data", (chunk: Buffer) => chunks.push(chunk))
      request.on("end", () => {
        const { headers, url } = request
        const one = { path: url ?? "", headers, body: Buffer.concat(chunks).toString("utf8"), at: Date.now() }
        seen.push(one)
        answer(one, response)
      })
    })
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo
      const close = () =>
        new Promise<void>((done) => {
          server.close(() => done())
          server.closeAllConnections()
        })
      resolve({ url: `http://127.0.0.1:${port}`, seen, close })
    })
  })
