/** A target in this process: whoever made a call waits here for its request. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { now } from "./Target.ts"

/** Answers at once, and never what is asked of `/hang`. */
export const startAwaitedTarget = async () => {
  const waiting = new Map<string, (at: number) => void>()
  const server = createServer((request, response) => {
    const path = request.url ?? ""
    if (path.startsWith("/hang")) return
    request.resume().on("end", () => {
      response.end("ok")
      waiting.get(path)?.(now())
      waiting.delete(path)
    })
  })
  await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** When the first request to this path has come. */
    arrival: (path: string) => new Promise<number>((done) => waiting.set(path, done)),
    stop: (): void => {
      server.closeAllConnections()
      server.close()
    }
  }
}
