/**
 * The wall clock of one host, which somebody may set forward and back, and which trembles. Elapsed time is another matter: it is the world's
 * own. A clock belongs to the host and not to the process: who starts there next reads the same one.
 */

interface Setting {
  readonly since: number
  readonly aheadMs: number
}

export class WallClock {
  /** The latest last. */
  readonly #settings: Array<Setting> = [{ since: Number.NEGATIVE_INFINITY, aheadMs: 0 }]
  readonly #now: () => number
  readonly #tremble: () => number

  /** `now` is the world's time, in epoch milliseconds; `tremble` is by how much one look at the clock is off, in milliseconds. */
  constructor(now: () => number, tremble: () => number) {
    this.#now = now
    this.#tremble = tremble
  }

  /** Ahead of the world's time; behind it when negative. */
  get aheadMs(): number {
    return this.#settings.at(-1)?.aheadMs ?? 0
  }

  read(): number {
    return this.#now() + this.aheadMs + this.#tremble()
  }

  set(aheadMs: number): void {
    this.#settings.push({ since: this.#now(), aheadMs })
  }

  /** The furthest that it was ahead since then (epoch milliseconds); 0 when it never was. */
  mostAheadSince(time: number): number {
    let most = 0
    for (const { aheadMs, since } of this.#settings.toReversed()) {
      most = Math.max(most, aheadMs)
      if (since <= time) break
    }
    return most
  }
}
