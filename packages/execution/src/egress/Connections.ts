/**
 * Connections by origin: used again while they are young, opened when none is free, bounded for an origin and in all. A request waits
 * only for a place, and only so long; it takes the place of what is idle first.
 */
import { ShortLivedSet } from "@dueline/contracts/ShortLived"
import { Client, type Dispatcher } from "undici"
import { AnswerFilter } from "./AnswerFilter.ts"
import type { Exchange } from "./Exchange.ts"
import { ConnectRefused, type OpeningOptions, openSocket } from "./openSocket.ts"
import type { Deadline } from "./RunningTime.ts"

/** Milliseconds for which an idle connection is trusted unread. */
const idleUnreadMs = 1

interface ConnectionOptions extends OpeningOptions {
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

/** One connection: undici's client of one socket, which is opened for the first request and never replaced. */
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

  /** `freed` when it can take another request, `left` once when it is closed, from either side. */
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

interface ConnectionBounds {
  /** Connections to one origin. As many as there may be requests on the wire, so that one caller's slow ones do not hold up another's. */
  readonly perOrigin: number
  readonly inAll: number
  /** How long a connection may be used, in milliseconds of elapsed time: then the name is asked and guarded again. */
  readonly ageMs: number
  /** How long a request may wait for a place, in milliseconds of running time. */
  readonly placeTimeoutMs: number
}

interface Origin {
  /** Longest idle first. */
  readonly idle: Array<Connection>
  open: number
}

interface Waiting {
  readonly origin: string
  readonly group: string
  readonly fresh: boolean
  readonly use: (connection: Connection | null) => void
  readonly deadline: Deadline
}

export class Connections {
  readonly #origins = new Map<string, Origin>()
  readonly #all = new Set<Connection>()
  /** Longest idle first. */
  readonly #idle = new Set<Connection>()
  readonly #waiting = new ShortLivedSet<Waiting>()
  readonly #now: () => number
  readonly #bounds: ConnectionBounds
  readonly #options: ConnectionOptions

  /** `now`: milliseconds of elapsed time. */
  constructor(now: () => number, bounds: ConnectionBounds, options: ConnectionOptions) {
    this.#now = now
    this.#bounds = bounds
    this.#options = options
  }

  /**
   * Gives `use` a connection for one request, at once when there is one or a place for one; null when no place came free in time. `fresh`:
   * one that was never used. Returns what takes the wish back while it waits.
   */
  take(origin: string, group: string, fresh: boolean, use: (connection: Connection | null) => void): () => void {
    const connection = this.#grant(origin, group, fresh)
    if (connection !== null) {
      use(connection)
      return () => undefined
    }
    const deadline = this.#options.time.after(this.#bounds.placeTimeoutMs, () => {
      this.#waiting.delete(waiting)
      use(null)
    })
    const waiting: Waiting = { origin, group, fresh, use, deadline }
    this.#waiting.add(waiting)
    return () => this.#forget(waiting)
  }

  async closeAll(): Promise<void> {
    for (const waiting of [...this.#waiting]) this.#forget(waiting)
    await Promise.all(Array.from(this.#all, (connection) => connection.close()))
  }

  #forget(waiting: Waiting): void {
    waiting.deadline.cancel()
    this.#waiting.delete(waiting)
  }

  #grant(name: string, group: string, fresh: boolean): Connection | null {
    const { ageMs, inAll, perOrigin } = this.#bounds
    const now = this.#now()
    const origin = this.#origins.get(name) ?? { idle: [], open: 0 }
    const usable = fresh ? [] : origin.idle
    // The last used first, so that what is not needed grows idle and is closed.
    for (let found = usable.pop(); found !== undefined; found = usable.pop()) {
      this.#idle.delete(found)
      if (now - found.openedAt < ageMs) {
        found.group = group
        return found
      }
      void found.close()
    }
    if (origin.open >= perOrigin) void origin.idle[0]?.close()
    if (this.#all.size >= inAll) {
      const [idlest] = this.#idle
      void idlest?.close()
    }
    if (origin.open >= perOrigin || this.#all.size >= inAll) return null
    origin.open++
    this.#origins.set(name, origin)
    const connection = new Connection(name, group, this.#now, this.#options, this.#freed, this.#left)
    this.#all.add(connection)
    return connection
  }

  readonly #freed = (connection: Connection): void => {
    if (connection.releasedAt - connection.openedAt >= this.#bounds.ageMs) {
      void connection.close()
      return
    }
    this.#origins.get(connection.origin)?.idle.push(connection)
    this.#idle.add(connection)
    this.#serve()
  }

  readonly #left = (connection: Connection): void => {
    this.#all.delete(connection)
    const origin = this.#origins.get(connection.origin)
    if (origin !== undefined) {
      if (this.#idle.delete(connection)) origin.idle.splice(origin.idle.indexOf(connection), 1)
      if (--origin.open === 0) this.#origins.delete(connection.origin)
    }
    this.#serve()
  }

  #serve(): void {
    if (this.#waiting.size === 0) return
    // In turn, but a group with fewer requests on the wire comes first: one tenant's many wait behind another's few.
    const held = new Map<string, number>()
    for (const connection of this.#all) {
      if (!this.#idle.has(connection)) held.set(connection.group, (held.get(connection.group) ?? 0) + 1)
    }
    const inTurn = [...this.#waiting].sort((a, b) => (held.get(a.group) ?? 0) - (held.get(b.group) ?? 0))
    for (const waiting of inTurn) {
      if (!this.#waiting.has(waiting)) continue
      const connection = this.#grant(waiting.origin, waiting.group, waiting.fresh)
      if (connection === null) continue
      this.#forget(waiting)
      waiting.use(connection)
    }
  }
}
