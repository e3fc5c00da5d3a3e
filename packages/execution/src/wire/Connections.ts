/**
 * Connections by origin: used again while they are young, opened when none is free, bounded for an origin and in all. A request waits
 * only for a place, and only so long; it takes the place of what is idle first.
 */
import { Connection, type ConnectionOptions } from "./Connection.ts"
import type { Deadline } from "./RunningTime.ts"

export interface ConnectionBounds {
  /** Connections to one origin. As many as there may be requests on the wire, so that nobody's slow ones hold up another's. */
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
  readonly #waiting = new Set<Waiting>()
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
