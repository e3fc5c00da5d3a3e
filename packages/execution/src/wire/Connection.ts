/** One connection: undici's client of one socket, which is opened for the first request and never replaced. */
import { Client, type Dispatcher } from "undici"
import type { Exchange } from "../Exchange.ts"
import { AnswerFilter } from "./AnswerFilter.ts"
import { openSocket, type OpeningOptions } from "./openSocket.ts"
import { ConnectRefused } from "./refusals.ts"

/** Milliseconds for which an idle connection is trusted unread. */
const idleUnreadMs = 1

export interface ConnectionOptions extends OpeningOptions {
  readonly client: Client.Options
}

type Readable = { read: (size?: number) => unknown; readonly destroy: (error: Error) => unknown }

/** Everything that is read from the socket goes through the filter first. */
const filtered = (socket: Readable, filter: AnswerFilter): void => {
  const read = socket.read.bind(socket)
  socket.read = (size) => {
    try {
      for (let chunk = read(size); chunk !== null; chunk = read(size)) {
        const kept = filter.take(chunk as Buffer)
        if (kept !== null) return kept
      }
    } catch (error) {
      socket.destroy(error as Error)
    }
    return null
  }
}

const closed = new Error("closed")

export class Connection {
  /** It has served a request before. */
  used = false
  /** When its last answer had been read. */
  releasedAt = 0
  readonly origin: string
  /** Whose request has it now, or had it last. */
  group: string
  readonly openedAt: number
  #opening: { readonly cancel: () => void } | null = null
  #gone = false
  readonly #now: () => number
  readonly #filter = new AnswerFilter()
  readonly #client: Client
  readonly #freed: (connection: Connection) => void
  readonly #left: (connection: Connection) => void

  /** `freed` when it can take another request, `left` once when it is closed, whoever closed it. */
  constructor(
    origin: string,
    group: string,
    now: () => number,
    options: ConnectionOptions,
    freed: (connection: Connection) => void,
    left: (connection: Connection) => void
  ) {
    this.origin = origin
    this.group = group
    this.openedAt = now()
    this.#now = now
    this.#freed = freed
    this.#left = left
    this.#client = new Client(origin, {
      ...options.client,
      connect: (target, callback) => {
        // Undici asks again when the socket is gone before the request was written.
        if (this.#opening !== null) {
          return callback(
            new ConnectRefused("connect", "the target closed the connection before the request could be sent"),
            null
          )
        }
        this.#opening = openSocket(target, group, options, (error, socket) => {
          if (socket === null) return callback(error ?? closed, null)
          filtered(socket, this.#filter)
          callback(null, socket)
        })
      }
    })
    this.#client.on("disconnect", () => this.#leave())
    this.#client.on("connectionError", () => this.#leave())
  }

  get gone(): boolean {
    return this.#gone
  }

  /**
   * One that lay idle is asked again only after its socket was read once more, so that the target's closing is seen before a byte leaves.
   * Undici waits for the check phase of the event loop; that is one round too early when it is called from the poll phase.
   */
  send(request: Dispatcher.DispatchOptions, exchange: Exchange): void {
    if (this.used && this.#now() - this.releasedAt > idleUnreadMs) {
      setImmediate(() => this.#client.dispatch(request, exchange))
    } else this.#client.dispatch(request, exchange)
  }

  /** The first byte of a request is about to leave. */
  begin(maxBytes: number): void {
    this.#filter.begin(maxBytes)
  }

  /** The answer was read whole. */
  release(): void {
    if (this.#gone) return
    this.used = true
    this.releasedAt = this.#now()
    this.#freed(this)
  }

  close(): Promise<void> {
    this.#opening?.cancel()
    const destroyed = this.#client.destroy(closed)
    this.#leave()
    return destroyed
  }

  #leave(): void {
    if (this.#gone) return
    this.#gone = true
    this.#left(this)
  }
}
