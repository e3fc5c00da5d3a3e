/**
 * Connections of the edge: so many at once, and from one address as many as there is room left. Before a request has come with its token
 * nobody can tell which tenant a connection belongs to, so its address has to stand for it; behind a proxy, which has one address, the
 * proxy's own limits come first.
 */
import type { Server } from "node:http"

export const defaultConnectionLimit = 8_192

/** One that is too many is closed before a byte of it is read. */
export const boundConnections = (server: Server, limit: number = defaultConnectionLimit): void => {
  const held = new Map<string, number>()
  let open = 0
  server.prependListener("connection", (socket) => {
    const address = socket.remoteAddress ?? ""
    const ofAddress = held.get(address) ?? 0
    if (ofAddress >= limit - open) {
      socket.destroy()
      return
    }
    open += 1
    held.set(address, ofAddress + 1)
    socket.once("close", () => {
      open -= 1
      const left = (held.get(address) ?? 0) - 1
      if (left > 0) held.set(address, left)
      else held.delete(address)
    })
  })
}
