/**
 * Lets the kept-alive connections of a server go without cutting a request or an answer (RFC 9112 § 9.6).
 *
 * Node destroys idle connections when a server closes: a request that is on its way then meets a reset. Here the sending side is closed
 * first, which tells the client that nothing more comes, and the connection itself only when the client has closed its side or
 * `lingerMs` have passed. A request that arrives in between is read and dropped: it has no effect, so the client may send it again.
 */
import { Effect } from "effect"
import type { IncomingMessage, Server, ServerResponse } from "node:http"
import type { Socket } from "node:net"

interface Connection {
  /** Requests that were read whole up to the end of their head and whose answer has not ended. */
  busy: number
  /** Bytes read when the last answer ended; more than that means that a request has begun to arrive. */
  settledAt: number
}

/** Changes how the server closes: `close()` parts with idle connections in two steps. Call it before the server listens. */
export const partWithClients = (server: Server, lingerMs: number): void => {
  const connections = new Map<Socket, Connection>()
  const leaving = new WeakSet<Socket>()
  let closing = false

  /** There is no fiber here: the server calls. */
  const unlessClosed = (socket: Socket, act: () => void): void => {
    const later = Effect.runFork(Effect.delay(Effect.sync(act), lingerMs))
    socket.once("close", () => later.interruptUnsafe())
  }

  const part = (socket: Socket): void => {
    if (leaving.has(socket)) return
    leaving.add(socket)
    socket.end()
    unlessClosed(socket, () => socket.destroy())
  }

  /** Whoever is in the middle of sending a request gets as long to finish it; the answer then says that it is the last. */
  const waitForRequest = (socket: Socket, connection: Connection): void => {
    unlessClosed(socket, () => {
      if (connection.busy === 0) part(socket)
    })
  }

  const release = (socket: Socket, connection: Connection): void => {
    if (connection.busy > 0) return
    if (socket.bytesRead > connection.settledAt) waitForRequest(socket, connection)
    else part(socket)
  }

  server.on("connection", (socket: Socket) => {
    const connection = { busy: 0, settledAt: 0 }
    connections.set(socket, connection)
    socket.once("close", () => connections.delete(socket))
    if (closing) release(socket, connection)
  })

  const begin = (request: IncomingMessage, response: ServerResponse): void => {
    const connection = connections.get(request.socket)
    if (connection === undefined) return
    connection.busy++
    response.once("close", () => {
      connection.busy--
      connection.settledAt = request.socket.bytesRead
      if (closing) release(request.socket, connection)
    })
  }

  const emit = server.emit.bind(server)
  server.emit = (event: string, ...args: Array<unknown>): boolean => {
    if (event !== "request" && event !== "checkContinue") return emit(event, ...args)
    const [request, response] = args as [IncomingMessage, ServerResponse]
    if (leaving.has(request.socket)) {
      request.resume()
      return true
    }
    begin(request, response)
    return emit(event, ...args)
  }

  // What Node calls as the first thing when the server closes.
  server.closeIdleConnections = () => {
    closing = true
    for (const [socket, connection] of connections) release(socket, connection)
  }
}
