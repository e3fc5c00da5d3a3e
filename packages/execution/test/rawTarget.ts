/** A TCP server on loopback that answers as it is told, byte for byte. It reads requests only as far as to count them. */
import { type AddressInfo, createServer, type Server, type Socket } from "node:net"
import { Effect } from "effect"
import type { Piece } from "./answers.corpus.ts"

export interface RawTarget {
  readonly port: number
  /** Whole heads of requests that came. */
  readonly requests: () => number
  readonly connections: () => number
  /** Connections that are open now, oldest first. */
  readonly open: ReadonlySet<Socket>
}

/** One piece after the other, each when the one before was handed to the system; `turn` leaves it time to arrive alone. */
export const play = (socket: Socket, pieces: ReadonlyArray<Piece>): void => {
  const [piece, ...rest] = pieces
  if (piece === undefined || socket.destroyed) return
  if (piece === "turn") setImmediate(() => setImmediate(() => play(socket, rest)))
  else if (piece === "end") socket.end()
  else if (piece === "reset") socket.resetAndDestroy()
  else socket.write(piece, () => play(socket, rest))
}

const headEnd = "\r\n\r\n"

/** `connected` and `asked` are called with the socket; `asked` for each request, with its number over all connections. */
export const listen = (
  connected: (socket: Socket) => void,
  asked: (socket: Socket, request: number) => void,
  wrap: (handler: (socket: Socket) => void) => Server = createServer
) =>
  Effect.acquireRelease(
    Effect.callback<RawTarget & { readonly close: () => void }>((resume) => {
      let requests = 0
      let connections = 0
      const open = new Set<Socket>()
      const server = wrap((socket) => {
        connections++
        open.add(socket)
        socket.setNoDelay(true)
        socket.once("close", () => open.delete(socket))
        socket.on("error", () => undefined)
        let head = ""
        socket.on("data", (chunk) => {
          head += chunk.toString("latin1")
          for (let at = head.indexOf(headEnd); at !== -1; at = head.indexOf(headEnd)) {
            head = head.slice(at + headEnd.length)
            asked(socket, requests++)
          }
        })
        connected(socket)
      })
      server.on("error", () => undefined)
      server.listen(0, "127.0.0.1", () =>
        resume(
          Effect.succeed({
            port: (server.address() as AddressInfo).port,
            requests: () => requests,
            connections: () => connections,
            open,
            close: () => {
              server.close()
              for (const socket of open) socket.destroy()
            }
          })
        )
      )
    }),
    ({ close }) => Effect.sync(close)
  )
